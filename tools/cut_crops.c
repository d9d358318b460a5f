/* cut-crops: aligned faces out of pictures, as the swap stage gets them.
 *
 *     cut-crops DETECTOR MARKER W H SIDE <FRAMES >CROPS
 *
 * FRAMES: W × H × 3 bytes each, BGR; CROPS: SIDE × SIDE × 3 bytes, the largest face of every frame
 * that has one. DETECTOR and MARKER are ONNX files. */
#include "base/mem.h"
#include "face/align.h"
#include "face/detect.h"
#include "face/mark.h"

#include <stdio.h>
#include <stdlib.h>

struct cutter {
    struct mface_detector *detector;
    struct mface_marker *marker;
    struct mface_picture picture;
    struct mface_image crop;
};

static void check(enum mface_status status)
{
    if (status != MFACE_OK)
        exit(1); // the library has said why
}

static struct mface_picture bgr_picture(uint8_t *pixels, int w, int h)
{
    struct mface_picture picture = { .data = { pixels },
        .stride = { (ptrdiff_t)w * 3 },
        .w = w,
        .h = h,
        .model = MFACE_MODEL_RGB,
        .full_range = true };
    for (int i = 0; i < 3; i++)
        picture.component[i] = (struct mface_component) { .step = 3, .offset = 2 - i, .depth = 8 };
    return picture;
}

/* False where the frame has no face. */
static bool cut(struct cutter *cutter)
{
    const struct mface_detect_params params = { .threshold = 0.5f };
    const struct mface_align_params align = {
        .coverage = 2.2, .resolution = cutter->crop.w, .exclude_moving_parts = true
    };
    const int w = cutter->picture.w, h = cutter->picture.h;
    struct mface_box boxes[MFACE_FACES_MAX];
    struct mface_landmarks landmarks;
    struct mface_alignment alignment;
    int n;
    check(mface_detector_run(cutter->detector, &cutter->picture, &params, boxes, &n));
    if (mface_boxes_select(boxes, n, MFACE_SORT_LARGEST, 1, w, h) == 0)
        return false;
    const struct mface_look look = mface_marker_look_at(cutter->marker, boxes);
    check(mface_marker_run(cutter->marker, &cutter->picture, &look, &landmarks));
    if (mface_align_compute(&align, boxes, &landmarks, w, h, &alignment) != MFACE_OK)
        return false;
    check(mface_align_crop(&cutter->picture, &alignment, &cutter->crop));
    return true;
}

int main(int argc, char **argv)
{
    struct cutter cutter = { 0 };
    if (argc != 6) {
        fputs("usage: cut-crops DETECTOR MARKER W H SIDE <FRAMES >CROPS\n", stderr);
        return 2;
    }
    const int w = atoi(argv[3]), h = atoi(argv[4]), side = atoi(argv[5]);
    const size_t bytes = (size_t)w * (size_t)h * 3;
    uint8_t *pixels = mface_mem_alloc(bytes);
    check(mface_detector_open(argv[1], 0, &cutter.detector));
    check(mface_marker_open(argv[2], 0, &cutter.marker));
    check(mface_image_init(&cutter.crop, side, side, 3, MFACE_SAMPLE_U8));
    cutter.picture = bgr_picture(pixels, w, h);
    while (pixels && fread(pixels, 1, bytes, stdin) == bytes)
        if (cut(&cutter))
            for (int y = 0; y < side; y++)
                fwrite(mface_image_row_u8(&cutter.crop, y), 3, (size_t)side, stdout);
    mface_image_clear(&cutter.crop);
    mface_marker_free(&cutter.marker);
    mface_detector_free(&cutter.detector);
    mface_mem_free(pixels);
    return fflush(stdout) == 0 ? 0 : 1;
}

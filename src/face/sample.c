/* The picture is read in blocks of n × n pixels straight from the decoder's format, so that a frame
 * never needs a whole BGR copy. */
#include "face/sample.h"

#include "base/log.h"
#include "base/mem.h"
#include "face/reduce.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static int div_up(int a, int b)
{
    return (a + b - 1) / b;
}

/* Reads `rect` with every n × n pixels averaged into one. */
static enum mface_status read_blocks(
    const struct mface_picture *picture, struct mface_rect rect, int n, struct mface_image *out)
{
    const int w = rect.r - rect.l;
    MFACE_TRY(mface_image_init(out, div_up(w, n), div_up(rect.b - rect.t, n), 3, MFACE_SAMPLE_U8));
    if (n == 1) {
        mface_picture_read_bgr(picture, rect, out);
        return MFACE_OK;
    }
    const enum mface_status status = mface_picture_reduce(picture, rect, n, out);
    if (status != MFACE_OK)
        mface_image_clear(out);
    return status;
}

static int scaled_side(int n_blocks, double scale, int max)
{
    const long side = lround(n_blocks * scale);
    return side < 1 ? 1 : side < max ? (int)side : max;
}

enum mface_status mface_sample_scaled(
    const struct mface_picture *picture, int longer_px, struct mface_scaled *out)
{
    const int longer = picture->w > picture->h ? picture->w : picture->h;
    const int n = longer / longer_px > 1 ? longer / longer_px : 1;
    const double scale = (double)longer_px / longer;
    struct mface_image blocks;
    MFACE_TRY(
        read_blocks(picture, (struct mface_rect) { 0, 0, picture->w, picture->h }, n, &blocks));
    const int w = scaled_side(blocks.w, n * scale, longer_px);
    const int h = scaled_side(blocks.h, n * scale, longer_px);
    const enum mface_status status = mface_image_init(&out->image, w, h, 3, MFACE_SAMPLE_U8);
    if (status == MFACE_OK) {
        mface_resize(&blocks, &out->image, MFACE_INTERP_BILINEAR);
        out->x_px = (double)blocks.w * n / out->image.w;
        out->y_px = (double)blocks.h * n / out->image.h;
    }
    mface_image_clear(&blocks);
    return status;
}

/* The pixels a crop reads: the bounding box of its corners, with room for the widest kernel. */
static struct mface_rect covered_rect(
    const struct mface_picture *picture, const struct mface_affine *from_crop, int w, int h)
{
    const double margin = 4 * (1 + hypot(from_crop->m[0], from_crop->m[3]));
    double l = INFINITY, t = INFINITY, r = -INFINITY, b = -INFINITY;
    for (int i = 0; i < 4; i++) {
        const struct mface_point corner = { (float)(i & 1 ? w : -1), (float)(i & 2 ? h : -1) };
        const struct mface_point p = mface_affine_apply(from_crop, corner);
        l = fmin(l, p.x), r = fmax(r, p.x);
        t = fmin(t, p.y), b = fmax(b, p.y);
    }
    return (struct mface_rect) {
        .l = (int)fmin(fmax(floor(l - margin), 0), picture->w),
        .t = (int)fmin(fmax(floor(t - margin), 0), picture->h),
        .r = (int)fmin(fmax(ceil(r + margin), 0), picture->w),
        .b = (int)fmin(fmax(ceil(b + margin), 0), picture->h),
    };
}

static void fill_black(const struct mface_image *image)
{
    const size_t row_bytes =
        (size_t)image->w * (size_t)image->c * mface_sample_bytes(image->sample);
    for (int y = 0; y < image->h; y++)
        memset(mface_image_row_u8(image, y), 0, row_bytes);
}

enum mface_status mface_sample_warped(const struct mface_picture *picture,
    const struct mface_affine *to_crop, enum mface_interp interp, const struct mface_image *crop)
{
    struct mface_affine from_crop;
    if (!mface_affine_invert(to_crop, &from_crop)) {
        fill_black(crop);
        return MFACE_OK;
    }
    const struct mface_rect rect = covered_rect(picture, &from_crop, crop->w, crop->h);
    if (mface_rect_is_empty(rect)) {
        fill_black(crop);
        return MFACE_OK;
    }
    const double step = hypot(from_crop.m[0], from_crop.m[3]); // frame pixels per crop pixel
    const int n = step >= 2 ? (int)fmin(step, 64) : 1;
    struct mface_image blocks;
    MFACE_TRY(read_blocks(picture, rect, n, &blocks));
    // Block i's centre lies at pixel rect.l + i n + (n - 1) / 2.
    const struct mface_affine to_frame = { { n, 0, rect.l + (n - 1) / 2.0, 0, n,
        rect.t + (n - 1) / 2.0 } };
    const struct mface_affine blocks_to_crop = mface_affine_then(&to_frame, to_crop);
    mface_warp_affine(&blocks, crop, &blocks_to_crop, interp);
    mface_image_clear(&blocks);
    return MFACE_OK;
}

void mface_sample_to_planes(const struct mface_image *image, const float mean_rgb[3], float scale,
    int plane_w, int plane_h, float *planes)
{
    assert(image->w <= plane_w && image->h <= plane_h && image->c == 3);
    for (int c = 0; c < 3; c++) {
        float *plane = planes + (size_t)c * (size_t)plane_w * (size_t)plane_h;
        const float mean = mean_rgb[c];
        for (int y = 0; y < plane_h; y++, plane += plane_w) {
            int x = 0;
            if (y < image->h)
                for (const uint8_t *row = mface_image_row_u8(image, y) + 2 - c; x < image->w; x++)
                    plane[x] = ((float)row[3 * x] - mean) * scale;
            for (; x < plane_w; x++)
                plane[x] = -mean * scale;
        }
    }
}

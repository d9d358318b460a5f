/* Runs a DFM on one face as the swap stage does, for comparison with other runtimes.
 *
 *     dfm-run MODEL FACE OUT MORPH...
 *
 * FACE: 8-bit BGR pixels of the model's size, raw. For each MORPH the source mask, the celeb face
 * and the celeb mask are appended to OUT, 8 bits a sample. */
#include "base/mem.h"
#include "swap/dfm.h"

#include <stdio.h>
#include <stdlib.h>

static struct mface_image new_image(int w, int h, int c)
{
    return (struct mface_image) {
        .data = mface_mem_calloc((size_t)h, (size_t)(w * c)),
        .stride = (ptrdiff_t)w * c,
        .w = w,
        .h = h,
        .c = c,
        .sample = MFACE_SAMPLE_U8,
    };
}

static size_t image_bytes(const struct mface_image *image)
{
    return (size_t)image->h * (size_t)image->stride;
}

static int run(struct mface_dfm *dfm, FILE *in, FILE *out, int n, char **morphs)
{
    const struct mface_dfm_info *info = mface_dfm_info(dfm);
    struct mface_image crop = new_image(info->w, info->h, 3);
    struct mface_image images[] = { new_image(info->w, info->h, 1), new_image(info->w, info->h, 3),
        new_image(info->w, info->h, 1) };
    int good = fread(crop.data, 1, image_bytes(&crop), in) == image_bytes(&crop);
    for (int k = 0; k < n && good; k++) {
        const struct mface_dfm_params params = { .morph = atof(morphs[k]) };
        const struct mface_dfm_face face = { crop, images[1], images[2], images[0] };
        good = mface_dfm_run(dfm, &params, &face, 1) == MFACE_OK;
        for (int i = 0; i < 3 && good; i++)
            good =
                fwrite(images[i].data, 1, image_bytes(&images[i]), out) == image_bytes(&images[i]);
    }
    mface_mem_free(crop.data);
    for (int i = 0; i < 3; i++)
        mface_mem_free(images[i].data);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct mface_dfm *dfm;
    if (argc < 5) {
        fputs("usage: dfm-run MODEL FACE OUT MORPH...\n", stderr);
        return 2;
    }
    const struct mface_dfm_open_params params = { .precision = MFACE_DFM_PRECISION_F32 };
    if (mface_dfm_open(argv[1], &params, &dfm) != MFACE_OK)
        return 1;
    FILE *in = fopen(argv[2], "rb"), *out = fopen(argv[3], "wb");
    int code = 1;
    if (in && out)
        code = run(dfm, in, out, argc - 4, argv + 4);
    else
        perror(in ? argv[3] : argv[2]);
    if (in)
        fclose(in);
    if (out && fclose(out) != 0)
        code = 1;
    mface_dfm_free(&dfm);
    return code;
}

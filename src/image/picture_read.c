/* Reading a part of a picture as BGR or luma.
 *
 * Rows are read a block at a time into planar floats, converted there (ITU-T H.273, equations 38 to
 * 50 for YCbCr), and interleaved. Full-range 8-bit RGB is already what U8 wants and is copied. */
#include "image/interp.h"
#include "image/strip.h"

#include <assert.h>

static void store_bgr_f32(float v[3][MFACE_STRIP_W], float *restrict out, int n)
{
    for (int x = 0; x < n; x++)
        for (int k = 0; k < 3; k++)
            out[x * 3 + k] = v[2 - k][x];
}

static void read_bgr_row(const struct mface_strip_picture *strips, struct mface_rect rect, int y,
    struct mface_image *out)
{
    float v[3][MFACE_STRIP_W];
    for (int x = rect.l; x < rect.r; x += MFACE_STRIP_W) {
        const int n = rect.r - x < MFACE_STRIP_W ? rect.r - x : MFACE_STRIP_W;
        const int start = (x - rect.l) * 3;
        mface_strip_read(strips, x, y, n, v);
        if (out->sample == MFACE_SAMPLE_U8)
            strips->kernels->pack_bgr_u8(
                n, v[0], v[1], v[2], mface_image_row_u8(out, y - rect.t) + start);
        else
            store_bgr_f32(v, mface_image_row_f32(out, y - rect.t) + start, n);
    }
}

static bool is_rgb_u8(const struct mface_picture *picture)
{
    const struct mface_component *c = picture->component;
    return picture->model == MFACE_MODEL_RGB && picture->full_range && c[0].depth == 8 &&
           c[1].depth == 8 && c[2].depth == 8;
}

static void copy_bgr_row(
    const struct mface_picture *picture, struct mface_rect rect, int y, struct mface_image *out)
{
    uint8_t *restrict to = mface_image_row_u8(out, y - rect.t);
    for (int k = 0; k < 3; k++) {
        const uint8_t *from = mface_picture_at(picture, 2 - k, rect.l, y);
        const ptrdiff_t step = picture->component[2 - k].step;
        for (int x = 0; x < rect.r - rect.l; x++)
            to[x * 3 + k] = from[x * step];
    }
}

static bool is_inside(const struct mface_picture *picture, struct mface_rect rect)
{
    return 0 <= rect.l && rect.l < rect.r && rect.r <= picture->w && 0 <= rect.t &&
           rect.t < rect.b && rect.b <= picture->h;
}

void mface_picture_read_bgr(
    const struct mface_picture *picture, struct mface_rect rect, struct mface_image *out)
{
    assert(is_inside(picture, rect) && out->c == 3);
    assert(out->w == rect.r - rect.l && out->h == rect.b - rect.t);
    struct mface_strip_picture strips;
    mface_strip_picture_init(&strips, picture);
    const bool copy = out->sample == MFACE_SAMPLE_U8 && is_rgb_u8(picture);
    for (int y = rect.t; y < rect.b; y++) {
        if (copy)
            copy_bgr_row(picture, rect, y, out);
        else
            read_bgr_row(&strips, rect, y, out);
    }
}

/* Leaves luma in v[0]. */
static void read_luma(
    const struct mface_strip_picture *strips, int x, int y, int n, float v[3][MFACE_STRIP_W])
{
    if (strips->picture.model != MFACE_MODEL_RGB) {
        mface_strip_read_component(strips, 0, x, y, n, v[0]);
        return;
    }
    const float kr = strips->weights.kr, kb = strips->weights.kb, kg = 1 - kr - kb;
    mface_strip_read(strips, x, y, n, v);
    for (int i = 0; i < n; i++)
        v[0][i] = kr * v[0][i] + kg * v[1][i] + kb * v[2][i];
}

void mface_picture_read_gray(
    const struct mface_picture *picture, struct mface_rect rect, struct mface_image *out)
{
    assert(is_inside(picture, rect) && out->c == 1 && out->sample == MFACE_SAMPLE_U8);
    assert(out->w == rect.r - rect.l && out->h == rect.b - rect.t);
    float v[3][MFACE_STRIP_W];
    struct mface_strip_picture strips;
    mface_strip_picture_init(&strips, picture);
    for (int y = rect.t; y < rect.b; y++) {
        uint8_t *row = mface_image_row_u8(out, y - rect.t);
        for (int x = rect.l; x < rect.r; x += MFACE_STRIP_W) {
            const int n = rect.r - x < MFACE_STRIP_W ? rect.r - x : MFACE_STRIP_W;
            read_luma(&strips, x, y, n, v);
            for (int i = 0; i < n; i++)
                row[x - rect.l + i] = mface_round_u8(v[0][i] * 255.0f);
        }
    }
}

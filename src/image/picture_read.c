/* Reading a part of a picture as BGR or luma.
 *
 * Rows are read a block at a time into planar floats, converted there (ITU-T H.273, equations 38 to
 * 50 for YCbCr), and interleaved. Full-range 8-bit RGB is already what U8 wants and is copied. */
#include "image/interp.h"
#include "image/picture_row.h"

#include <assert.h>

/* Y, Pb, Pr → R, G, B in place. */
static void rgb_from_yuv(struct mface_picture_block *block, struct mface_matrix matrix, int n)
{
    const double kg = 1 - matrix.kr - matrix.kb;
    const float r_pr = (float)(2 * (1 - matrix.kr)), b_pb = (float)(2 * (1 - matrix.kb));
    const float g_pb = (float)(2 * (1 - matrix.kb) * matrix.kb / kg);
    const float g_pr = (float)(2 * (1 - matrix.kr) * matrix.kr / kg);
    float *restrict v0 = block->v[0], *restrict v1 = block->v[1], *restrict v2 = block->v[2];
    for (int x = 0; x < n; x++) {
        const float luma = v0[x], pb = v1[x], pr = v2[x];
        v0[x] = luma + r_pr * pr;
        v1[x] = luma - g_pb * pb - g_pr * pr;
        v2[x] = luma + b_pb * pb;
    }
}

static void read_rgb_block(
    const struct mface_picture *picture, int x, int y, int n, struct mface_picture_block *block)
{
    for (int i = 0; i < 3; i++)
        mface_picture_load(
            picture, picture->model == MFACE_MODEL_GRAY ? 0 : i, x, y, n, block->v[i]);
    if (picture->model == MFACE_MODEL_YUV)
        rgb_from_yuv(block, mface_picture_matrix(picture), n);
}

/* Rounds plane by plane first, which vectorises; interleaving bytes does not. */
static void store_bgr_u8(const struct mface_picture_block *block, uint8_t *restrict out, int n)
{
    uint8_t bytes[3][MFACE_PICTURE_BLOCK];
    for (int k = 0; k < 3; k++)
        for (int x = 0; x < n; x++)
            bytes[k][x] = mface_round_u8(block->v[2 - k][x] * 255.0f);
    for (int x = 0; x < n; x++)
        for (int k = 0; k < 3; k++)
            out[x * 3 + k] = bytes[k][x];
}

static void store_bgr_f32(const struct mface_picture_block *block, float *restrict out, int n)
{
    for (int x = 0; x < n; x++)
        for (int k = 0; k < 3; k++)
            out[x * 3 + k] = block->v[2 - k][x];
}

static void read_bgr_row(
    const struct mface_picture *picture, struct mface_rect rect, int y, struct mface_image *out)
{
    struct mface_picture_block block;
    for (int x = rect.l; x < rect.r; x += MFACE_PICTURE_BLOCK) {
        const int n = rect.r - x < MFACE_PICTURE_BLOCK ? rect.r - x : MFACE_PICTURE_BLOCK;
        const int start = (x - rect.l) * 3;
        read_rgb_block(picture, x, y, n, &block);
        if (out->sample == MFACE_SAMPLE_U8)
            store_bgr_u8(&block, mface_image_row_u8(out, y - rect.t) + start, n);
        else
            store_bgr_f32(&block, mface_image_row_f32(out, y - rect.t) + start, n);
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
    const bool copy = out->sample == MFACE_SAMPLE_U8 && is_rgb_u8(picture);
    for (int y = rect.t; y < rect.b; y++) {
        if (copy)
            copy_bgr_row(picture, rect, y, out);
        else
            read_bgr_row(picture, rect, y, out);
    }
}

/* Leaves luma in v[0]. */
static void read_luma_block(
    const struct mface_picture *picture, int x, int y, int n, struct mface_picture_block *block)
{
    mface_picture_load(picture, 0, x, y, n, block->v[0]);
    if (picture->model != MFACE_MODEL_RGB)
        return;
    const struct mface_matrix matrix = mface_picture_matrix(picture);
    const float kr = (float)matrix.kr, kb = (float)matrix.kb, kg = 1 - kr - kb;
    mface_picture_load(picture, 1, x, y, n, block->v[1]);
    mface_picture_load(picture, 2, x, y, n, block->v[2]);
    for (int i = 0; i < n; i++)
        block->v[0][i] = kr * block->v[0][i] + kg * block->v[1][i] + kb * block->v[2][i];
}

void mface_picture_read_gray(
    const struct mface_picture *picture, struct mface_rect rect, struct mface_image *out)
{
    assert(is_inside(picture, rect) && out->c == 1 && out->sample == MFACE_SAMPLE_U8);
    assert(out->w == rect.r - rect.l && out->h == rect.b - rect.t);
    struct mface_picture_block block;
    for (int y = rect.t; y < rect.b; y++) {
        uint8_t *row = mface_image_row_u8(out, y - rect.t);
        for (int x = rect.l; x < rect.r; x += MFACE_PICTURE_BLOCK) {
            const int n = rect.r - x < MFACE_PICTURE_BLOCK ? rect.r - x : MFACE_PICTURE_BLOCK;
            read_luma_block(picture, x, y, n, &block);
            for (int i = 0; i < n; i++)
                row[x - rect.l + i] = mface_round_u8(block.v[0][i] * 255.0f);
        }
    }
}

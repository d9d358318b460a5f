#include "guarded.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 128, GUARD_BYTE = 0xA5 };

static int scaled(int side, double scale)
{
    const int n = scale > 0.0 ? (int)(side * scale) : side;
    return n > 1 ? n : 1;
}

struct guarded guarded_make(const struct operand *operand, int w, int h, size_t offset, bool odd)
{
    w = scaled(w, operand->scale);
    h = scaled(h, operand->scale);
    const size_t size = mface_sample_bytes(operand->sample);
    struct guarded guarded = { .row_bytes = (size_t)w * (size_t)operand->c * size };
    size_t stride = (guarded.row_bytes + 2 * GUARD + 63) / 64 * 64;
    stride += odd ? size == 1 ? 7 : 12 : 0;
    guarded.n_rows = (size_t)h + 2;
    guarded.offset = GUARD + offset;
    const size_t bytes = (stride * guarded.n_rows + GUARD + 63) / 64 * 64;
    guarded.block = aligned_alloc(64, bytes);
    if (!guarded.block)
        abort();
    memset(guarded.block, GUARD_BYTE, bytes);
    guarded.image = (struct mface_image) {
        .data = guarded.block + stride + guarded.offset,
        .stride = (ptrdiff_t)stride,
        .w = w,
        .h = h,
        .c = operand->c,
        .sample = operand->sample,
    };
    return guarded;
}

void guarded_free(struct guarded *guarded)
{
    free(guarded->block);
    *guarded = (struct guarded) { 0 };
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static double value_at(
    const struct mface_image *image, int i, int y, enum fill fill, unsigned *seed)
{
    const double noise = (next_random(seed) % 65537) / 65536.0;
    switch (fill) {
    case FILL_ZERO:
        return 0.0;
    case FILL_EXTREMES:
        return noise < 0.5 ? 0.0 : 1.0;
    case FILL_SMOOTH:
        return 0.05 * noise + 0.95 * (i + y) / (image->w * image->c + image->h);
    default:
        return noise;
    }
}

static float wild_value(unsigned *seed)
{
    static const float values[] = { NAN, INFINITY, -INFINITY, -0.0f, -1.0f, 1.5f, 1e30f, -1e30f,
        1e-30f, 0.999999f, 1.0f, 0.001960784f };
    const unsigned pick = next_random(seed) % 24;
    return pick < 12 ? values[pick] : (float)(next_random(seed) % 4096) / 2048.0f - 0.5f;
}

void guarded_fill(
    const struct guarded *guarded, const struct operand *operand, enum fill fill, unsigned seed)
{
    const struct mface_image *image = &guarded->image;
    const float low = operand->low, high = low == operand->high ? low + 1.0f : operand->high;
    for (int y = 0; y < image->h; y++)
        for (int i = 0; i < image->w * image->c; i++) {
            const double value = value_at(image, i, y, fill, &seed);
            if (image->sample == MFACE_SAMPLE_U8)
                mface_image_row_u8(image, y)[i] = (uint8_t)(value * 255.0 + 0.5);
            else if (operand->wild && fill == FILL_EXTREMES)
                mface_image_row_f32(image, y)[i] = wild_value(&seed);
            else
                mface_image_row_f32(image, y)[i] = low + (float)value * (high - low);
        }
}

bool guarded_is_whole(const struct guarded *guarded)
{
    const size_t stride = (size_t)guarded->image.stride;
    for (size_t i = 0; i < stride * guarded->n_rows; i++) {
        const size_t y = i / stride, x = i % stride;
        const bool inside = y >= 1 && y + 1 < guarded->n_rows && x >= guarded->offset &&
                            x < guarded->offset + guarded->row_bytes;
        if (!inside && guarded->block[i] != GUARD_BYTE)
            return false;
    }
    return true;
}

bool guarded_is_same(const struct guarded *a, const struct guarded *b, int *x, int *y)
{
    for (*y = 0; *y < a->image.h; ++*y) {
        const uint8_t *p = mface_image_row_u8(&a->image, *y),
                      *q = mface_image_row_u8(&b->image, *y);
        if (memcmp(p, q, a->row_bytes) == 0)
            continue;
        const size_t size = mface_sample_bytes(a->image.sample);
        for (*x = 0; memcmp(p + (size_t)*x * size, q + (size_t)*x * size, size) == 0;)
            ++*x;
        return false;
    }
    return true;
}

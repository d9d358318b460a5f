/* Images for tests: odd strides, and guard bytes around every row that must survive. */
#ifndef MFACE_TEST_CANVAS_H
#define MFACE_TEST_CANVAS_H

#include <memoface/image.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { CANVAS_GUARD = 36, CANVAS_FILL = 0xA5 };

struct canvas {
    struct mface_image image;
    uint8_t *block;
    size_t row_bytes, stride, n_rows;
};

/* Rows start 36 bytes into an odd-length line for U8: never aligned to more than 4. */
static inline struct canvas canvas_make(int w, int h, int c, enum mface_sample sample)
{
    struct canvas canvas = { .row_bytes = (size_t)w * (size_t)c * mface_sample_bytes(sample) };
    canvas.stride = canvas.row_bytes + 2 * CANVAS_GUARD + (sample == MFACE_SAMPLE_U8 ? 1 : 4);
    canvas.n_rows = (size_t)h + 2;
    canvas.block = malloc(canvas.stride * canvas.n_rows);
    assert_non_null(canvas.block);
    memset(canvas.block, CANVAS_FILL, canvas.stride * canvas.n_rows);
    canvas.image = (struct mface_image) {
        .data = canvas.block + canvas.stride + CANVAS_GUARD,
        .stride = (ptrdiff_t)canvas.stride,
        .w = w,
        .h = h,
        .c = c,
        .sample = sample,
    };
    return canvas;
}

static inline void canvas_check_guards(const struct canvas *canvas)
{
    for (size_t y = 0; y < canvas->n_rows; y++) {
        for (size_t x = 0; x < canvas->stride; x++) {
            const int inside = y >= 1 && y + 1 < canvas->n_rows && x >= CANVAS_GUARD &&
                               x < CANVAS_GUARD + canvas->row_bytes;
            if (!inside && canvas->block[y * canvas->stride + x] != CANVAS_FILL)
                fail_msg("a byte outside the image changed: row %zu, byte %zu", y, x);
        }
    }
}

static inline void canvas_free(struct canvas *canvas)
{
    canvas_check_guards(canvas);
    free(canvas->block);
}

/* A small generator of its own: the same pixels on every system. */
static inline unsigned canvas_random(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static inline void canvas_fill_random(struct canvas *canvas, unsigned seed)
{
    const struct mface_image *image = &canvas->image;
    for (int y = 0; y < image->h; y++)
        for (int i = 0; i < image->w * image->c; i++) {
            if (image->sample == MFACE_SAMPLE_U8)
                mface_image_row_u8(image, y)[i] = (uint8_t)canvas_random(&seed);
            else
                mface_image_row_f32(image, y)[i] = (float)(canvas_random(&seed) % 4097) / 4096.0f;
        }
}

#endif

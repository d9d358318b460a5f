/* Pixels the stage tests share: flat colours, ellipses, smooth pictures. */
#ifndef MFACE_TEST_SHAPES_H
#define MFACE_TEST_SHAPES_H

#include "canvas.h"

#include <math.h>

static inline void fill_u8(const struct canvas *canvas, uint8_t value)
{
    for (int y = 0; y < canvas->image.h; y++)
        memset(mface_image_row_u8(&canvas->image, y), value, canvas->row_bytes);
}

static inline void fill_f32(const struct canvas *canvas, float value)
{
    for (int y = 0; y < canvas->image.h; y++)
        for (int i = 0; i < canvas->image.w * canvas->image.c; i++)
            mface_image_row_f32(&canvas->image, y)[i] = value;
}

/* 255 inside an ellipse that fills most of the image, 0 outside. */
static inline void fill_ellipse_u8(const struct canvas *canvas)
{
    const int w = canvas->image.w, h = canvas->image.h;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const double dx = (2.0 * x + 1 - w) / (0.8 * w), dy = (2.0 * y + 1 - h) / (0.9 * h);
            mface_image_row_u8(&canvas->image, y)[x] = dx * dx + dy * dy < 1.0 ? 255 : 0;
        }
}

/* Three gentle waves with some noise: what the statistics of a photograph are like. */
static inline void fill_waves_u8(const struct canvas *canvas, unsigned seed)
{
    const double phase = seed % 7;
    for (int y = 0; y < canvas->image.h; y++)
        for (int i = 0; i < 3 * canvas->image.w; i++) {
            const double wave = sin(0.07 * (i / 3) + phase + i % 3) + cos(0.05 * y + phase);
            const double noise = canvas_random(&seed) % 9;
            mface_image_row_u8(&canvas->image, y)[i] = (uint8_t)(116.0 + 40.0 * wave + noise);
        }
}

static inline void assert_same_pixels(const struct canvas *a, const struct canvas *b)
{
    for (int y = 0; y < a->image.h; y++)
        assert_memory_equal(
            mface_image_row_u8(&a->image, y), mface_image_row_u8(&b->image, y), a->row_bytes);
}

#endif

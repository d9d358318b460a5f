/* Images: packed pixels in memory. */
#ifndef MEMOFACE_IMAGE_H
#define MEMOFACE_IMAGE_H

#include <memoface/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mface_sample {
    MFACE_SAMPLE_U8,  // 0..255
    MFACE_SAMPLE_F32, // nominally 0..1
};

/* Rows of interleaved samples, top row first. Colour is B, G, R as DFM models take it.
 * A plain value: copying the struct copies the view, not the pixels. Who owns `data` is said by
 * the function that hands the image out; images made by mface_image_init() own it. */
struct mface_image {
    void *data;
    ptrdiff_t stride; // bytes from one row to the next
    int w, h;         // pixels, ≥ 1
    int c;            // samples per pixel: 1 or 3
    enum mface_sample sample;
};

/* Allocates uninitialised pixels, rows padded to 64 bytes. MFACE_OK, MFACE_ERR_NOMEM, or
 * MFACE_ERR_ARG for a side outside 1..65535. Release with mface_image_clear(). */
MFACE_API MFACE_NODISCARD enum mface_status mface_image_init(
    struct mface_image *image, int w, int h, int c, enum mface_sample sample);

/* Releases the pixels of an image made by mface_image_init() and zeroes the struct. Accepts a
 * zeroed struct. */
MFACE_API void mface_image_clear(struct mface_image *image);

static inline uint8_t *mface_image_row_u8(const struct mface_image *image, int y)
{
    return (uint8_t *)image->data + y * image->stride;
}

static inline float *mface_image_row_f32(const struct mface_image *image, int y)
{
    return (float *)(void *)((uint8_t *)image->data + y * image->stride);
}

static inline size_t mface_sample_bytes(enum mface_sample sample)
{
    return sample == MFACE_SAMPLE_U8 ? 1 : 4;
}

#ifdef __cplusplus
}
#endif
#endif

/* Rows of a picture as floats: what reading and writing share. */
#ifndef MFACE_IMAGE_PICTURE_ROW_H
#define MFACE_IMAGE_PICTURE_ROW_H

#include "image/picture.h"
#include "image/samples.h"

/* Pixels handled at a time, in buffers on the stack. */
enum { MFACE_PICTURE_BLOCK = MFACE_STRIP_W };

/* One block of one row, planar: R, G, B or Y, Pb, Pr. Luma and RGB are nominally 0..1, Pb and Pr
 * -0.5..0.5. */
struct mface_picture_block {
    float v[3][MFACE_PICTURE_BLOCK];
};

int mface_picture_n_components(const struct mface_picture *picture);
bool mface_picture_is_chroma(const struct mface_picture *picture, int i);

/* How component i of the picture codes its values. */
struct mface_code mface_picture_code(const struct mface_picture *picture, int i);

/* The weights of the picture's matrix; BT.601 where it is unset. */
struct mface_matrix mface_picture_matrix(const struct mface_picture *picture);

/* The coefficients of that matrix, both ways. */
struct mface_yuv_weights mface_picture_yuv_weights(const struct mface_picture *picture);

/* Where component i of the pixel x, y is stored. */
uint8_t *mface_picture_at(const struct mface_picture *picture, int i, int x, int y);

/* Puts values of component i, which is not subsampled, where the mask is > 0; n at most a block. */
void mface_picture_store(const struct mface_picture *picture, int i, int x, int y, int n,
    const float *values, const float *mask);

/* One stored sample as a value, and back: rounded to the nearest code, clamped to 0..max. Bits of
 * the word that are not the component's stay as they are. */
float mface_picture_get(
    const struct mface_component *component, struct mface_code code, const uint8_t *at);
void mface_picture_put(
    const struct mface_component *component, struct mface_code code, uint8_t *at, float value);

#endif

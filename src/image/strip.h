/* Strips: up to 128 × 4 pixels of a picture as planar floats, for passes that read a part of a
 * picture, change it and write it back at once. A strip's floats fit the first-level cache, so such
 * a pass costs no memory traffic but the picture's own samples, and no allocation.
 *
 * A strip covers whole chroma samples, except those the picture's edge cuts. What a strip reads and
 * writes is what mface_picture_read_bgr() and mface_picture_write_bgr() do, bit for bit. */
#ifndef MFACE_IMAGE_STRIP_H
#define MFACE_IMAGE_STRIP_H

#include "image/kernel_table.h"
#include "image/picture_row.h"

enum { MFACE_STRIP_H = 4 }; // and MFACE_STRIP_W wide

struct mface_strip {
    int x, y, w, h; // pixels of the picture
    /* Rows of w floats, as mface_strip_narrow() leaves them: the mask, > 0: to be written, NULL
     * where no pixel of the row is; and what is mixed in there: R, G, B. */
    const float *mask[MFACE_STRIP_H], *face[MFACE_STRIP_H][3];
    _Alignas(64) float v[MFACE_STRIP_H][3][MFACE_STRIP_W]; // the picture's components
};

/* A picture as strips see it: what does not change from strip to strip. */
struct mface_strip_picture {
    struct mface_picture picture;
    struct mface_code code[3];
    struct mface_yuv_weights weights;
    const struct mface_strip_kernels *kernels;
};

void mface_strip_picture_init(
    struct mface_strip_picture *strips, const struct mface_picture *picture);

/* The rows, or columns, whose chroma samples are those of l ≤ i < r, within the picture. */
struct mface_range mface_strip_rows(
    const struct mface_strip_picture *strips, struct mface_range rows);
struct mface_range mface_strip_columns(
    const struct mface_strip_picture *strips, struct mface_range columns);

/* Where a strip that begins at column x ends: at `end`, if it is within MFACE_STRIP_W, else where
 * the last chroma sample begins that is cut. Both x and end are ends of what mface_strip_columns()
 * gives. */
int mface_strip_end(const struct mface_strip_picture *strips, int x, int end);

/* Reads the n ≤ MFACE_STRIP_W pixels from x, y on as R, G, B; x, n need not fit chroma samples. */
void mface_strip_read(
    const struct mface_strip_picture *strips, int x, int y, int n, float v[3][MFACE_STRIP_W]);

/* The same of the picture's component i alone, as it is: R, G, B or Y, Pb, Pr. */
void mface_strip_read_component(
    const struct mface_strip_picture *strips, int i, int x, int y, int n, float out[MFACE_STRIP_W]);

/* Narrows the strip to what holds the columns `set` of it, counted from its first, in steps that
 * leave rows as well aligned as they were. */
void mface_strip_narrow(
    const struct mface_strip_picture *strips, struct mface_strip *strip, struct mface_range set);

/* Asks for these pixels of the picture to be brought near. */
void mface_strip_prefetch(
    const struct mface_strip_picture *strips, struct mface_range columns, struct mface_range rows);

/* Reads the rows that have a mask and mixes the face in: fills in v. */
void mface_strip_mix(const struct mface_strip_picture *strips, const struct mface_blend *blend,
    struct mface_strip *strip);

/* Writes the pixels whose mask is > 0. */
void mface_strip_store(const struct mface_strip_picture *strips, const struct mface_strip *strip);

#endif

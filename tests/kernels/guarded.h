/* Images with guard bytes around every row, filled by a generator of their own. */
#ifndef MFACE_TEST_KERNEL_GUARDED_H
#define MFACE_TEST_KERNEL_GUARDED_H

#include "rows.h"

enum fill {
    FILL_RANDOM,   // any value
    FILL_EXTREMES, // the ends of the range, and what is no number if allowed
    FILL_ZERO,
    FILL_SMOOTH, // a slope with a little noise: what pictures are like
    N_FILLS,
};

struct guarded {
    struct mface_image image;
    uint8_t *block;
    size_t row_bytes, n_rows, offset;
};

/* An image for an operand at w×h. Rows start `offset` bytes (0..63, a multiple of 4 for F32) after
 * a multiple of 64, which strides keep or not: `odd` adds a few bytes. */
struct guarded guarded_make(const struct operand *operand, int w, int h, size_t offset, bool odd);
void guarded_free(struct guarded *guarded);

void guarded_fill(
    const struct guarded *guarded, const struct operand *operand, enum fill fill, unsigned seed);

/* False when a byte outside the image changed. */
bool guarded_is_whole(const struct guarded *guarded);

/* False when two images of the same size differ in a bit; *x and *y say where first. */
bool guarded_is_same(const struct guarded *a, const struct guarded *b, int *x, int *y);

#endif

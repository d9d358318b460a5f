/* Sums and straight lines over the channels of packed three-channel floats. */
#ifndef MFACE_IMAGE_LAB_H
#define MFACE_IMAGE_LAB_H

/* Sample i goes to lane i modulo this: a multiple of 3, so that a lane meets one channel, and of
 * the widest register's eight doubles. That fixes the order of summation for every instruction set.
 */
enum { MFACE_SUM_LANES = 24 };

struct mface_moments {
    double sum[MFACE_SUM_LANES], squares[MFACE_SUM_LANES];
};

/* v → v·scale + shift, then kept within min..max; entry i is channel i modulo 3's. */
struct mface_lines {
    float scale[MFACE_SUM_LANES], shift[MFACE_SUM_LANES], min[MFACE_SUM_LANES],
        max[MFACE_SUM_LANES];
};

#endif

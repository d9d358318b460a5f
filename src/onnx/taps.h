/* Where a convolution's taps lie in planes whose rows are one column of zeros apart, so that a tap
 * is a constant distance whichever pixel it is for. */
#ifndef MFACE_ONNX_TAPS_H
#define MFACE_ONNX_TAPS_H

enum { MFACE_TAPS_MAX = 9 }; // of a plane

struct mface_taps {
    int n;
    int bytes[MFACE_TAPS_MAX]; // from the pixel above and to the left; row by row
};

#endif

/* Dense layers anywhere: with four lanes, which any compiler has a vector for. */
#define DENSE_LANES   4
#define DENSE_ROWS    1
#define DENSE_KERNELS mface_dense_c
#include "onnx/dense_strip.h"

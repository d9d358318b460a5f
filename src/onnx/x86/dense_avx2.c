/* Dense layers with AVX2: two rows' sums take half of the registers. */
#define DENSE_LANES   8
#define DENSE_ROWS    2
#define DENSE_KERNELS mface_dense_avx2
#include "onnx/dense_strip.h"

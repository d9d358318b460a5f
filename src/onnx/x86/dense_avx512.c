/* Dense layers with AVX-512: four rows' sums take a quarter of the registers. */
#define DENSE_LANES   16
#define DENSE_ROWS    4
#define DENSE_KERNELS mface_dense_avx512
#include "onnx/dense_strip.h"

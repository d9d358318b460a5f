/* Winograd convolutions with AVX-512: sums of twelve tiles, two vectors each, two of weights and
 * one of pixels take 27 of the 32 registers. */
#define WINO_LANES   16
#define WINO_ROWS    12
#define WINO_KERNELS mface_wino_avx512
#include "onnx/x86/wino.h"

/* Winograd convolutions with AVX2 and FMA: sums of six tiles, two vectors each, two of weights and
 * one of pixels take 15 of the 16 registers. */
#define WINO_LANES   8
#define WINO_ROWS    6
#define WINO_KERNELS mface_wino_avx2
#include "onnx/x86/wino.h"

/* The inner loops of Winograd convolutions over vectors of 16 floats, for any CPU with AVX2. */
#define WINO_LANES   16
#define WINO_ROWS    12
#define WINO_KERNELS mface_wino_halves
#include "onnx/x86/wino.h"

/* Dense layers anywhere: with four lanes, which any compiler has a vector for. */
#include <stdint.h>

typedef int32_t four_ints __attribute__((vector_size(16)));

static inline four_ints widen(const int8_t *bytes)
{
    return (four_ints) { bytes[0], bytes[1], bytes[2], bytes[3] };
}

#define DENSE_LANES   4
#define DENSE_WIDEN   widen
#define DENSE_ROWS    1
#define DENSE_KERNELS mface_dense_c
#include "onnx/dense_strip.h"

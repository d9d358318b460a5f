/* bfloat16: the upper half of an f32. */
#ifndef MFACE_ONNX_BF16_H
#define MFACE_ONNX_BF16_H

#include <stdint.h>

/* Of the bits of an f32: rounded to the nearest, ties to even; what is no number stays none. */
static inline uint16_t mface_bf16_narrow(uint32_t bits)
{
    const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const uint32_t quiet_nan = bits >> 16 | 0x40;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet_nan : rounded);
}

/* The bits of an f32. */
static inline uint32_t mface_bf16_widen(uint16_t value)
{
    return (uint32_t)value << 16;
}

#endif

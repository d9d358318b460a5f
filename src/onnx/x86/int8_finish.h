/* Sums of bytes into floats, with AVX-512: the same steps in the same order as in int8_c.c. */
#ifndef MFACE_ONNX_X86_INT8_FINISH_H
#define MFACE_ONNX_X86_INT8_FINISH_H

#include "onnx/int8_kernel.h"

#include <immintrin.h>

enum { LANES = MFACE_INT8_HALF };

/* What is done to sums on their way to the destination. */
struct finish {
    __m512i shift[2]; // what the byte of 0 adds to each sum
    __m512 unit[2], bias[2], slope;
    struct mface_space_lanes lanes[2];
    bool sum;
};

static struct finish finish_of(const struct mface_int8_band *band)
{
    struct finish finish = { .slope = _mm512_set1_ps(band->slope), .sum = band->sum };
    for (int half = 0; half < 2; half++) {
        const int channel = band->panel * MFACE_INT8_PANEL + half * LANES;
        const int rest = band->out_channels - channel, n = rest < LANES ? rest : LANES;
        finish.shift[half] = _mm512_mullo_epi32(
            _mm512_set1_epi32(band->grid.zero), _mm512_loadu_si512(band->sums + channel));
        finish.unit[half] =
            _mm512_mul_ps(_mm512_set1_ps(band->grid.unit), _mm512_loadu_ps(band->units + channel));
        finish.bias[half] = _mm512_loadu_ps(band->bias + channel);
        finish.lanes[half] = mface_space_lanes_of(&band->space, channel, n);
    }
    return finish;
}

/* `dst`: the pixel's first channel. */
static inline void finish_lanes(const struct finish *finish, int half, __m512i sum, float *dst)
{
    const struct mface_space_lanes *lanes = &finish->lanes[half];
    const __mmask16 mask = (__mmask16)lanes->mask[0], beyond = (__mmask16)lanes->mask[1];
    const __m512 steps = _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, finish->shift[half]));
    __m512 value = _mm512_add_ps(_mm512_mul_ps(steps, finish->unit[half]), finish->bias[half]);
    if (finish->sum)
        value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, dst + lanes->at[0]));
    const __mmask16 is_negative = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_LT_OQ);
    value = _mm512_mask_mul_ps(value, is_negative, value, finish->slope);
    _mm512_mask_storeu_ps(dst + lanes->at[0], mask, value);
    if (beyond)
        _mm512_mask_storeu_ps(dst + lanes->at[1], beyond, value);
}

#endif

/* The kernels of strips as the compiler makes them for AVX-512, but for runs of bytes: what is
 * written are the bytes of a mask, whatever the run's length. */
#include "image/strip_kernels.h"

#include <immintrin.h>

enum { LANES = 16 };

static inline __mmask16 lanes_of(int n)
{
    return n < LANES ? (__mmask16)((1u << n) - 1) : (__mmask16)0xffff;
}

/* Maximum and minimum return their second operand when one is NaN, as the C code does. */
static inline __m512i codes_of(struct mface_code code, __m512 values)
{
    const __m512 wanted =
        _mm512_add_ps(_mm512_mul_ps(values, _mm512_set1_ps(code.span)), _mm512_set1_ps(code.zero));
    const __m512 low = _mm512_max_ps(wanted, _mm512_setzero_ps());
    return _mm512_cvttps_epi32(
        _mm512_add_ps(_mm512_min_ps(low, _mm512_set1_ps(code.max)), _mm512_set1_ps(0.5f)));
}

static inline bool is_of_bytes(const struct mface_samples *samples)
{
    return samples->depth == 8 && samples->step == 1;
}

static void store_samples(
    const struct mface_samples *to, int n, const float *values, const float *mask)
{
    if (!is_of_bytes(to)) {
        strip_store(to, n, values, mask);
        return;
    }
    for (int i = 0; i < n; i += LANES) {
        const __mmask16 here = lanes_of(n - i);
        const __mmask16 set = _mm512_mask_cmp_ps_mask(
            here, _mm512_maskz_loadu_ps(here, mask + i), _mm512_setzero_ps(), _CMP_GT_OQ);
        _mm512_mask_cvtepi32_storeu_epi8(
            to->at + i, set, codes_of(to->code, _mm512_maskz_loadu_ps(set, values + i)));
    }
}

/* strip_mean() of samples that have pixels not written. */
static inline __m512 with_present(
    const struct mface_samples *to, const uint8_t *at, __mmask16 here, __m512 n_left, __m512 sums)
{
    const __m512 raw = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(here, at)));
    const __m512 present = _mm512_div_ps(
        _mm512_sub_ps(raw, _mm512_set1_ps(to->code.zero)), _mm512_set1_ps(to->code.span));
    return _mm512_add_ps(sums, _mm512_mul_ps(n_left, present));
}

static void store_means(const struct mface_samples *to, int n, float n_pixels, const float *sums,
    const float *n_written)
{
    const __m512 all = _mm512_set1_ps(n_pixels);
    if (!is_of_bytes(to)) {
        strip_store_mean(to, n, n_pixels, sums, n_written);
        return;
    }
    for (int i = 0; i < n; i += LANES) {
        const __mmask16 here = lanes_of(n - i);
        const __m512 written = _mm512_maskz_loadu_ps(here, n_written + i);
        const __mmask16 set =
            _mm512_mask_cmp_ps_mask(here, written, _mm512_setzero_ps(), _CMP_GT_OQ);
        __m512 sum = _mm512_maskz_loadu_ps(here, sums + i);
        if (_mm512_mask_cmp_ps_mask(set, written, all, _CMP_NEQ_OQ))
            sum = with_present(to, to->at + i, here, _mm512_sub_ps(all, written), sum);
        _mm512_mask_cvtepi32_storeu_epi8(
            to->at + i, set, codes_of(to->code, _mm512_div_ps(sum, all)));
    }
}

void mface_strip_fill_avx512(struct mface_kernel_table *table)
{
    strip_fill(table);
    table->strip.store_samples = store_samples;
    table->strip.store_means = store_means;
}

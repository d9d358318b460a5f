/* A register of floats, or one float: what lets a formula be written once for all instruction sets.
 *
 * Sums, differences and products are the language's own on either. What is here does to each lane
 * what the C expression beside it does, NaN and zeros of either sign included. */
#ifndef MFACE_IMAGE_LANES_H
#define MFACE_IMAGE_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)

typedef __m512 lanes;
enum { N_LANES = 16 };

static inline lanes lanes_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void lanes_store(float *to, lanes v)
{
    _mm512_storeu_ps(to, v);
}

static inline lanes lanes_all(float v)
{
    return _mm512_set1_ps(v);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm512_max_ps(a, b);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm512_min_ps(a, b);
}

static inline lanes lanes_sqrt(lanes v)
{
    return _mm512_sqrt_ps(v);
}

static inline lanes lanes_pick(lanes v, float limit, lanes above, lanes other)
{
    const __mmask16 is_above = _mm512_cmp_ps_mask(v, lanes_all(limit), _CMP_GT_OQ);
    return _mm512_mask_blend_ps(is_above, other, above);
}

static inline lanes lanes_first_root(lanes v, uint32_t base, float part)
{
    const __m512 bits = _mm512_cvtepi32_ps(_mm512_castps_si512(v));
    const __m512i share = _mm512_cvttps_epi32(_mm512_mul_ps(bits, lanes_all(part)));
    return _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32((int)base), share));
}

#elif defined(__AVX2__)

typedef __m256 lanes;
enum { N_LANES = 8 };

static inline lanes lanes_load(const float *from)
{
    return _mm256_loadu_ps(from);
}

static inline void lanes_store(float *to, lanes v)
{
    _mm256_storeu_ps(to, v);
}

static inline lanes lanes_all(float v)
{
    return _mm256_set1_ps(v);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return _mm256_max_ps(a, b);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return _mm256_min_ps(a, b);
}

static inline lanes lanes_sqrt(lanes v)
{
    return _mm256_sqrt_ps(v);
}

static inline lanes lanes_pick(lanes v, float limit, lanes above, lanes other)
{
    return _mm256_blendv_ps(other, above, _mm256_cmp_ps(v, lanes_all(limit), _CMP_GT_OQ));
}

static inline lanes lanes_first_root(lanes v, uint32_t base, float part)
{
    const __m256 bits = _mm256_cvtepi32_ps(_mm256_castps_si256(v));
    const __m256i share = _mm256_cvttps_epi32(_mm256_mul_ps(bits, lanes_all(part)));
    return _mm256_castsi256_ps(_mm256_sub_epi32(_mm256_set1_epi32((int)base), share));
}

#else

typedef float lanes;
enum { N_LANES = 1 };

static inline lanes lanes_load(const float *from)
{
    return *from;
}

static inline void lanes_store(float *to, lanes v)
{
    *to = v;
}

static inline lanes lanes_all(float v)
{
    return v;
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return a > b ? a : b;
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return a < b ? a : b;
}

static inline lanes lanes_sqrt(lanes v)
{
    return sqrtf(v);
}

static inline lanes lanes_pick(lanes v, float limit, lanes above, lanes other)
{
    return v > limit ? above : other;
}

/* The float whose bits are `base` less a part of the bits of v ≥ 0. */
static inline lanes lanes_first_root(lanes v, uint32_t base, float part)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits = base - (uint32_t)(int32_t)((float)(int32_t)bits * part);
    memcpy(&v, &bits, sizeof v);
    return v;
}

#endif

static inline lanes lanes_clamp01(lanes v)
{
    return lanes_min(lanes_max(v, lanes_all(0.0f)), lanes_all(1.0f));
}

#endif

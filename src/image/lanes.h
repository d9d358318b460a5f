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
typedef __m512i lanes_bits;
#define LANES(operation) _mm512_##operation
enum { N_LANES_BYTES = 1 };

static inline void lanes_store_u8(uint8_t *to, const lanes v[N_LANES_BYTES])
{
    const __m512i codes = _mm512_max_epi32(_mm512_cvttps_epi32(v[0]), _mm512_setzero_si512());
    _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8(codes));
}

static inline lanes lanes_pick(lanes v, float limit, lanes above, lanes other)
{
    const __mmask16 is_above = _mm512_cmp_ps_mask(v, _mm512_set1_ps(limit), _CMP_GT_OQ);
    return _mm512_mask_blend_ps(is_above, other, above);
}

#elif defined(__AVX2__)

typedef __m256 lanes;
typedef __m256i lanes_bits;
#define LANES(operation) _mm256_##operation
enum { N_LANES_BYTES = 4 };

/* Packing works within halves of a register, which leaves groups of four to sort. */
static inline void lanes_store_u8(uint8_t *to, const lanes v[N_LANES_BYTES])
{
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i low = _mm256_packs_epi32(_mm256_cvttps_epi32(v[0]), _mm256_cvttps_epi32(v[1]));
    const __m256i high = _mm256_packs_epi32(_mm256_cvttps_epi32(v[2]), _mm256_cvttps_epi32(v[3]));
    _mm256_storeu_si256(
        (__m256i *)(void *)to, _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order));
}

static inline lanes lanes_pick(lanes v, float limit, lanes above, lanes other)
{
    return _mm256_blendv_ps(other, above, _mm256_cmp_ps(v, _mm256_set1_ps(limit), _CMP_GT_OQ));
}

#endif

#if defined(LANES)

static inline lanes lanes_load(const float *from)
{
    return LANES(loadu_ps)(from);
}

static inline void lanes_store(float *to, lanes v)
{
    LANES(storeu_ps)(to, v);
}

static inline lanes lanes_all(float v)
{
    return LANES(set1_ps)(v);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return LANES(max_ps)(a, b);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return LANES(min_ps)(a, b);
}

static inline lanes lanes_sqrt(lanes v)
{
    return LANES(sqrt_ps)(v);
}

static inline lanes lanes_first_root(lanes v, uint32_t base, float part)
{
    const lanes bits = LANES(cvtepi32_ps)((lanes_bits)v);
    const lanes_bits share = LANES(cvttps_epi32)(LANES(mul_ps)(bits, lanes_all(part)));
    return (lanes)LANES(sub_epi32)(LANES(set1_epi32)((int)base), share);
}

#undef LANES

#else

typedef float lanes;
enum { N_LANES_BYTES = 1 };

/* Values of N_LANES_BYTES registers, below 256, as bytes: their fractions are cut off. What is
 * below 0 or no number counts as 0. */
static inline void lanes_store_u8(uint8_t *to, const lanes v[N_LANES_BYTES])
{
    to[0] = (uint8_t)(v[0] > 0.0f ? (int)v[0] : 0);
}

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

enum { N_LANES = sizeof(lanes) / sizeof(float) };

static inline lanes lanes_clamp01(lanes v)
{
    return lanes_min(lanes_max(v, lanes_all(0.0f)), lanes_all(1.0f));
}

#endif

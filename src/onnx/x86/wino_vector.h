/* Vectors of WINO_LANES floats, 8 or 16. Sixteen are two registers where there is no AVX-512, which
 * is for tests: the same source then runs on any CPU with AVX2. */
#ifndef MFACE_ONNX_X86_WINO_VECTOR_H
#define MFACE_ONNX_X86_WINO_VECTOR_H

#include <immintrin.h>
#include <string.h>

typedef float vec __attribute__((vector_size(WINO_LANES * sizeof(float))));
typedef int vec_mask __attribute__((vector_size(WINO_LANES * sizeof(float))));
typedef vec vec_loose __attribute__((aligned(4), may_alias));

static inline vec load(const float *from)
{
    return *(const vec_loose *)from;
}

static inline void store(float *to, vec value)
{
    *(vec_loose *)to = value;
}

/* The first n lanes; the others are zeros. */
#if WINO_LANES == 8
static inline __m256i lanes_below(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vec load_some(const float *from, int n)
{
    return _mm256_maskload_ps(from, lanes_below(n));
}

static inline void store_some(float *to, vec value, int n)
{
    _mm256_maskstore_ps(to, lanes_below(n), value);
}
#elif defined(__AVX512F__)
static inline vec load_some(const float *from, int n)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), from);
}

static inline void store_some(float *to, vec value, int n)
{
    _mm512_mask_storeu_ps(to, (__mmask16)((1u << n) - 1), value);
}
#else
static inline vec load_some(const float *from, int n)
{
    vec value = { 0 };
    memcpy(&value, from, (size_t)n * sizeof *from);
    return value;
}

static inline void store_some(float *to, vec value, int n)
{
    memcpy(to, &value, (size_t)n * sizeof *to);
}
#endif

static inline vec all(float value)
{
    return value - (vec) { 0 };
}

#if WINO_LANES == 8
static inline vec multiply_add(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}
#elif defined(__AVX512F__)
static inline vec multiply_add(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}
#else
static inline vec multiply_add(vec a, vec b, vec c)
{
    union halves {
        vec whole;
        __m256 half[2];
    } x = { a }, y = { b }, z = { c };
    for (int i = 0; i < 2; i++)
        z.half[i] = _mm256_fmadd_ps(x.half[i], y.half[i], z.half[i]);
    return z.whole;
}
#endif

static inline vec choose(vec_mask mask, vec yes, vec no)
{
    return (vec)((mask & (vec_mask)yes) | (~mask & (vec_mask)no));
}

#endif

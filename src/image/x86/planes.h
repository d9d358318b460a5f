/* Packed pixels of three floats to planes and back, eight pixels at a time, with AVX2.
 *
 * Four pixels are three registers of 128 bits; two such groups lie side by side in 256 bits, so
 * that no shuffle has to cross the halves. */
#ifndef MFACE_IMAGE_X86_PLANES_H
#define MFACE_IMAGE_X86_PLANES_H

#include <immintrin.h>
#include <stdint.h>

/* Floats at..at + 3 of both groups. */
static inline __m256 load_groups(const float *at)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(at)), _mm_loadu_ps(at + 12), 1);
}

static inline void store_groups(float *at, __m256 v)
{
    _mm_storeu_ps(at, _mm256_castps256_ps128(v));
    _mm_storeu_ps(at + 12, _mm256_extractf128_ps(v, 1));
}

static inline void take_apart_8(const float *packed, float *x, float *y, float *z)
{
    const __m256 a = load_groups(packed), b = load_groups(packed + 4), c = load_groups(packed + 8);
    const __m256 xy = _mm256_shuffle_ps(b, c, _MM_SHUFFLE(2, 1, 3, 2));
    const __m256 yz = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 2, 1));
    _mm256_storeu_ps(x, _mm256_shuffle_ps(a, xy, _MM_SHUFFLE(2, 0, 3, 0)));
    _mm256_storeu_ps(y, _mm256_shuffle_ps(yz, xy, _MM_SHUFFLE(3, 1, 2, 0)));
    _mm256_storeu_ps(z, _mm256_shuffle_ps(yz, c, _MM_SHUFFLE(3, 0, 3, 1)));
}

static inline void put_together_8(const float *x, const float *y, const float *z, float *packed)
{
    const __m256 vx = _mm256_loadu_ps(x), vy = _mm256_loadu_ps(y), vz = _mm256_loadu_ps(z);
    const __m256 xy = _mm256_shuffle_ps(vx, vy, _MM_SHUFFLE(2, 0, 2, 0));
    const __m256 yz = _mm256_shuffle_ps(vy, vz, _MM_SHUFFLE(3, 1, 3, 1));
    const __m256 zx = _mm256_shuffle_ps(vz, vx, _MM_SHUFFLE(3, 1, 2, 0));
    store_groups(packed, _mm256_shuffle_ps(xy, zx, _MM_SHUFFLE(2, 0, 2, 0)));
    store_groups(packed + 4, _mm256_shuffle_ps(yz, xy, _MM_SHUFFLE(3, 1, 2, 0)));
    store_groups(packed + 8, _mm256_shuffle_ps(zx, yz, _MM_SHUFFLE(3, 1, 3, 1)));
}

/* Entries of a table by every third byte. Loads one by one, for there are CPUs on which a gather
 * takes several times as long. */
static inline __m256 look_up_8(const uint8_t *at, const float table[256])
{
    return _mm256_setr_ps(table[at[0]], table[at[3]], table[at[6]], table[at[9]], table[at[12]],
        table[at[15]], table[at[18]], table[at[21]]);
}

#endif

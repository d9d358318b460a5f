/* The loops for AVX-VNNI where there is AVX2 alone: its instruction as Intel's reference has it. */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

static inline __m256i dot(__m256i sums, __m256i unsigned_bytes, __m256i signed_bytes)
{
    int32_t sum[8];
    uint8_t a[32];
    int8_t b[32];
    memcpy(sum, &sums, sizeof sum);
    memcpy(a, &unsigned_bytes, sizeof a);
    memcpy(b, &signed_bytes, sizeof b);
    for (int i = 0; i < 32; i++)
        sum[i / 4] += a[i] * b[i];
    memcpy(&sums, sum, sizeof sums);
    return sums;
}

#define _mm256_dpbusd_avx_epi32 dot
#define mface_int8_avxvnni      mface_int8_dots
#include "onnx/x86/int8_avxvnni.c"

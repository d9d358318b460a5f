/* Bicubic and Lanczos warp of packed BGR, a pixel at a time, four rows of taps in one register.
 *
 * Four taps of a row are 12 bytes: one load. A shuffle makes four floats of a tap, of which three
 * count; the taps of a row are added up in turn, then the rows, as in the C code. */
#include "image/interp.h"
#include "image/kernel_table.h"

#include <immintrin.h>
#include <string.h>

enum { GRID_MASK = MFACE_WARP_GRID - 1 };

struct spot {
    const uint8_t *first; // the tap at the top left
    const float (*wx)[4], (*wy)[4];
};

static inline __attribute__((always_inline)) struct spot find_spot(
    const struct mface_warp_span *span, int i, int n_taps)
{
    const int shift = MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS;
    const int x = (span->dx[i] + span->x0) >> shift, y = (span->dy[i] + span->y0) >> shift;
    const int column = (x >> MFACE_WARP_GRID_BITS) - (n_taps / 2 - 1);
    const int row = (y >> MFACE_WARP_GRID_BITS) - (n_taps / 2 - 1);
    return (struct spot) {
        .first = (const uint8_t *)span->src->data + row * span->src->stride + 3 * column,
        .wx = span->weights->wide[x & GRID_MASK],
        .wy = span->weights->wide[y & GRID_MASK],
    };
}

static inline __m512i load_rows(const uint8_t *row, ptrdiff_t stride)
{
    const __m128i *r[4];
    for (int j = 0; j < 4; j++)
        r[j] = (const __m128i *)(const void *)(row + j * stride);
    const __m256i low = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(r[0])), _mm_loadu_si128(r[1]), 1);
    const __m256i high = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(r[2])), _mm_loadu_si128(r[3]), 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/* across + weight × the pixel that begins at byte `at` of each row. */
static inline __attribute__((always_inline)) __m512 add_tap(
    __m512 across, __m512i rows, int at, const float weight[4])
{
    const char a = (char)at;
    const __m128i order = _mm_setr_epi8(
        a, -1, -1, -1, (char)(a + 1), -1, -1, -1, (char)(a + 2), -1, -1, -1, -1, -1, -1, -1);
    const __m512i pixel = _mm512_shuffle_epi8(rows, _mm512_broadcast_i32x4(order));
    const __m512 w = _mm512_broadcast_f32x4(_mm_loadu_ps(weight));
    return _mm512_add_ps(across, _mm512_mul_ps(w, _mm512_cvtepi32_ps(pixel)));
}

/* Four rows' sums of taps, times the rows' weights. */
static inline __attribute__((always_inline)) __m512 sum_rows(
    const struct spot *at, ptrdiff_t stride, int j, int n_taps)
{
    const uint8_t *row = at->first + j * stride;
    const __m512i head = load_rows(row, stride);
    __m512 across = _mm512_setzero_ps();
    for (int i = 0; i < 4; i++)
        across = add_tap(across, head, 3 * i, at->wx[i]);
    if (n_taps == 8) {
        const __m512i tail = load_rows(row + 8, stride); // bytes 8 to 23: nothing beyond the taps
        for (int i = 4; i < 8; i++)
            across = add_tap(across, tail, 3 * i - 8, at->wx[i]);
    }
    return _mm512_mul_ps(across, _mm512_loadu_ps(at->wy[j]));
}

static inline __attribute__((always_inline)) __m128 sum_pixel(
    const struct mface_warp_span *span, int i, int n_taps)
{
    const struct spot at = find_spot(span, i, n_taps);
    __m128 sum = _mm_setzero_ps();
    for (int j = 0; j < n_taps; j += 4) {
        const __m512 rows = sum_rows(&at, span->src->stride, j, n_taps);
        sum = _mm_add_ps(sum, _mm512_castps512_ps128(rows));
        sum = _mm_add_ps(sum, _mm512_extractf32x4_ps(rows, 1));
        sum = _mm_add_ps(sum, _mm512_extractf32x4_ps(rows, 2));
        sum = _mm_add_ps(sum, _mm512_extractf32x4_ps(rows, 3));
    }
    return sum;
}

static inline void store_u8(__m128 sum, uint8_t *dst)
{
    sum = _mm_min_ps(_mm_max_ps(sum, _mm_setzero_ps()), _mm_set1_ps(255.0f));
    const __m128i codes = _mm_cvttps_epi32(_mm_add_ps(sum, _mm_set1_ps(0.5f)));
    const __m128i bytes = _mm_packus_epi16(_mm_packs_epi32(codes, codes), codes);
    const int packed = _mm_cvtsi128_si32(bytes);
    const uint16_t head = (uint16_t)packed;
    memcpy(dst, &head, sizeof head);
    dst[2] = (uint8_t)(packed >> 16);
}

static inline void store_f32(__m128 sum, float *dst)
{
    const __m128 scaled = _mm_mul_ps(sum, _mm_set1_ps(1.0f / 255.0f));
    _mm_storel_pi((__m64 *)(void *)dst, scaled);
    _mm_store_ss(dst + 2, _mm_movehl_ps(scaled, scaled));
}

static inline __attribute__((always_inline)) void run_span(
    const struct mface_warp_span *span, int n_taps, enum mface_sample to)
{
    for (int i = 0; i < span->n; i++) {
        const __m128 sum = sum_pixel(span, i, n_taps);
        if (to == MFACE_SAMPLE_U8)
            store_u8(sum, (uint8_t *)span->dst + 3 * i);
        else
            store_f32(sum, (float *)span->dst + 3 * i);
    }
}

static void bicubic_u8(const struct mface_warp_span *span)
{
    run_span(span, 4, MFACE_SAMPLE_U8);
}

static void bicubic_f32(const struct mface_warp_span *span)
{
    run_span(span, 4, MFACE_SAMPLE_F32);
}

static void lanczos4_u8(const struct mface_warp_span *span)
{
    run_span(span, 8, MFACE_SAMPLE_U8);
}

static void lanczos4_f32(const struct mface_warp_span *span)
{
    run_span(span, 8, MFACE_SAMPLE_F32);
}

void mface_warp_taps_fill_avx512(struct mface_kernel_table *table)
{
    table->warp[MFACE_INTERP_BICUBIC][MFACE_WARP_U8_U8][1] = bicubic_u8;
    table->warp[MFACE_INTERP_BICUBIC][MFACE_WARP_U8_F32][1] = bicubic_f32;
    table->warp[MFACE_INTERP_LANCZOS4][MFACE_WARP_U8_U8][1] = lanczos4_u8;
    table->warp[MFACE_INTERP_LANCZOS4][MFACE_WARP_U8_F32][1] = lanczos4_f32;
}

/* Bilinear warp, 8 pixels at a time.
 *
 * A pixel's two taps on a row lie side by side, so one load fetches them: 8 bytes for B, G and R
 * (of which 6 count) or for two floats, 2 for one byte each. On U8 the weights are whole numbers of
 * 1/32, and the sum of four products a whole number of 1/1024 which both an integer and a float
 * hold exactly; so the C code's floats and the integers here agree. */
#include "image/kernel_table.h"

#include <immintrin.h>
#include <string.h>

enum { LANES = 8, ONE = MFACE_WARP_GRID };

/* Where 8 pixels lie: byte offsets of their first taps, and the fractions in 1/32. */
struct spots {
    int64_t offset[LANES];
    __m256i fx, fy;
};

static inline struct spots find_spots(const struct mface_warp_span *span, int i, int pixel_bytes)
{
    const __m256i *dx = (const __m256i *)(const void *)(span->dx + i);
    const __m256i *dy = (const __m256i *)(const void *)(span->dy + i);
    const __m256i low = _mm256_set1_epi32(ONE - 1);
    __m256i x = _mm256_add_epi32(_mm256_loadu_si256(dx), _mm256_set1_epi32(span->x0));
    __m256i y = _mm256_add_epi32(_mm256_loadu_si256(dy), _mm256_set1_epi32(span->y0));
    x = _mm256_srai_epi32(x, MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS);
    y = _mm256_srai_epi32(y, MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS);
    struct spots spots = { .fx = _mm256_and_si256(x, low), .fy = _mm256_and_si256(y, low) };
    int32_t column[LANES], row[LANES];
    _mm256_storeu_si256((void *)column, _mm256_srai_epi32(x, MFACE_WARP_GRID_BITS));
    _mm256_storeu_si256((void *)row, _mm256_srai_epi32(y, MFACE_WARP_GRID_BITS));
    for (int k = 0; k < LANES; k++)
        spots.offset[k] = row[k] * span->src->stride + column[k] * pixel_bytes;
    return spots;
}

/* Eight bytes from each of two, or four, places. */
typedef double __attribute__((aligned(1), may_alias)) eight_bytes;

static inline __m128i load_pair(const uint8_t *a, const uint8_t *b)
{
    return _mm_castpd_si128(_mm_setr_pd(*(const eight_bytes *)a, *(const eight_bytes *)b));
}

static inline __m256i load_four(const uint8_t *row, const int64_t *o, int a, int b, int c, int d)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_pair(row + o[a], row + o[b])),
        load_pair(row + o[c], row + o[d]), 1);
}

/* Sums of 4 pixels in 1/1024, rows in pairs of 32-bit B, G, R, 0: `even` has pixels 0 and 2, `odd`
 * 1 and 3. wx holds a pair of bytes for each pixel in its low half, wy a pair of words. */
struct four {
    __m256i even, odd;
};

static inline struct four sum_four(
    __m256i above, __m256i below, __m128i wx, __m256i wy_even, __m256i wy_odd)
{
    const __m256i pairs =
        _mm256_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, 8, 11, 9, 12, 10, 13, -1, -1, //
            0, 3, 1, 4, 2, 5, -1, -1, 8, 11, 9, 12, 10, 13, -1, -1);
    const __m256i spread = _mm256_setr_epi8(0, 1, 0, 1, 0, 1, -1, -1, 8, 9, 8, 9, 8, 9, -1, -1, //
        0, 1, 0, 1, 0, 1, -1, -1, 8, 9, 8, 9, 8, 9, -1, -1);
    const __m256i w = _mm256_shuffle_epi8(_mm256_cvtepu32_epi64(wx), spread);
    above = _mm256_maddubs_epi16(_mm256_shuffle_epi8(above, pairs), w);
    below = _mm256_maddubs_epi16(_mm256_shuffle_epi8(below, pairs), w);
    return (struct four) {
        _mm256_madd_epi16(_mm256_unpacklo_epi16(above, below), wy_even),
        _mm256_madd_epi16(_mm256_unpackhi_epi16(above, below), wy_odd),
    };
}

/* Sums of B, G and R of 8 pixels. */
static inline void sum_bgr(
    const struct mface_warp_span *span, const struct spots *spots, struct four sums[2])
{
    const uint8_t *top = span->src->data, *bottom = top + span->src->stride;
    const int64_t *o = spots->offset;
    const __m256i wx = _mm256_add_epi32(_mm256_set1_epi32(ONE),
        _mm256_mullo_epi32(spots->fx, _mm256_set1_epi32(255))); // ONE - f, f as bytes
    const __m256i wy = _mm256_add_epi32(_mm256_set1_epi32(ONE),
        _mm256_mullo_epi32(spots->fy, _mm256_set1_epi32(65535))); // the same as words
    for (int half = 0; half < 2; half++) {
        const int k = 4 * half;
        const __m256i even = _mm256_setr_epi32(k, k, k, k, k + 2, k + 2, k + 2, k + 2);
        const __m256i odd = _mm256_add_epi32(even, _mm256_set1_epi32(1));
        sums[half] = sum_four(load_four(top, o, k, k + 1, k + 2, k + 3),
            load_four(bottom, o, k, k + 1, k + 2, k + 3),
            half ? _mm256_extracti128_si256(wx, 1) : _mm256_castsi256_si128(wx),
            _mm256_permutevar8x32_epi32(wy, even), _mm256_permutevar8x32_epi32(wy, odd));
    }
}

static inline __m256i round_sums(__m256i sums)
{
    return _mm256_srli_epi32(_mm256_add_epi32(sums, _mm256_set1_epi32(512)), 10);
}

/* Writes B, G and R of 8 pixels. */
static inline void store_bgr_u8(const struct four sums[2], uint8_t *dst)
{
    const __m256i low = _mm256_packus_epi32(round_sums(sums[0].even), round_sums(sums[0].odd));
    const __m256i high = _mm256_packus_epi32(round_sums(sums[1].even), round_sums(sums[1].odd));
    const __m256i drop_fourth = _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1,
        -1, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(low, high), 0xd8);
    bytes = _mm256_shuffle_epi8(bytes, drop_fourth);
    const __m128i last = _mm256_extracti128_si256(bytes, 1);
    const int32_t end = _mm_extract_epi32(last, 2);
    _mm_storeu_si128((void *)dst, _mm256_castsi256_si128(bytes));
    _mm_storel_epi64((void *)(dst + 12), last);
    memcpy(dst + 20, &end, sizeof end);
}

static inline void store_pixel_f32(__m128 bgr, float *dst)
{
    const int end = _mm_extract_epi32(_mm_castps_si128(bgr), 2);
    _mm_storel_epi64((void *)dst, _mm_castps_si128(bgr));
    memcpy(dst + 2, &end, sizeof end);
}

static inline void store_bgr_f32(const struct four sums[2], float *dst)
{
    // A power of two is exact, so this rounds as (sum / 1024) × (1 / 255) does.
    const __m256 scale = _mm256_set1_ps(1.0f / 255.0f / 1024.0f);
    for (int half = 0; half < 2; half++, dst += 12) {
        const __m256 even = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[half].even), scale);
        const __m256 odd = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[half].odd), scale);
        // Each store's fourth float is overwritten by the next.
        _mm_storeu_ps(dst, _mm256_castps256_ps128(even));
        _mm_storeu_ps(dst + 3, _mm256_castps256_ps128(odd));
        _mm_storeu_ps(dst + 6, _mm256_extractf128_ps(even, 1));
        store_pixel_f32(_mm256_extractf128_ps(odd, 1), dst + 9);
    }
}

/* Two bytes from each of 8 places. */
static inline __m128i load_grey(const uint8_t *row, const int64_t *offset)
{
    uint16_t pairs[LANES];
    for (int k = 0; k < LANES; k++)
        memcpy(&pairs[k], row + offset[k], 2);
    __m128i v;
    memcpy(&v, pairs, sizeof v);
    return v;
}

static inline __m256i sum_grey(const struct mface_warp_span *span, const struct spots *spots)
{
    const __m256i fy = spots->fy;
    __m256i wx = _mm256_add_epi32(
        _mm256_set1_epi32(ONE), _mm256_mullo_epi32(spots->fx, _mm256_set1_epi32(255)));
    wx = _mm256_permute4x64_epi64(_mm256_packus_epi32(wx, wx), 0x08);
    const __m128i w = _mm256_castsi256_si128(wx);
    const uint8_t *top = span->src->data;
    const __m128i above = _mm_maddubs_epi16(load_grey(top, spots->offset), w);
    const __m128i below = _mm_maddubs_epi16(load_grey(top + span->src->stride, spots->offset), w);
    const __m256i wy =
        _mm256_add_epi32(_mm256_set1_epi32(ONE), _mm256_mullo_epi32(fy, _mm256_set1_epi32(65535)));
    const __m256i both =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_unpacklo_epi16(above, below)),
            _mm_unpackhi_epi16(above, below), 1);
    return _mm256_madd_epi16(both, wy);
}

static inline void store_grey_u8(__m256i sums, uint8_t *dst)
{
    const __m256i codes = round_sums(sums);
    const __m128i words =
        _mm_packus_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
    _mm_storel_epi64((void *)dst, _mm_packus_epi16(words, words));
}

/* The C code begins its sums at +0, which a result of -0 shows; so a zero is added at the end. */
static inline __m256 sum_grey_f32(const struct mface_warp_span *span, const struct spots *spots)
{
    const uint8_t *top = span->src->data, *bottom = top + span->src->stride;
    const int64_t *o = spots->offset;
    const __m256 step = _mm256_set1_ps(1.0f / ONE), one = _mm256_set1_ps(1.0f);
    const __m256 wx = _mm256_mul_ps(_mm256_cvtepi32_ps(spots->fx), step);
    const __m256 wy = _mm256_mul_ps(_mm256_cvtepi32_ps(spots->fy), step);
    const __m256 not_wx = _mm256_sub_ps(one, wx), not_wy = _mm256_sub_ps(one, wy);
    __m256 across[2];
    for (int j = 0; j < 2; j++) {
        const uint8_t *row = j ? bottom : top;
        const __m256 a = _mm256_castsi256_ps(load_four(row, o, 0, 1, 4, 5));
        const __m256 b = _mm256_castsi256_ps(load_four(row, o, 2, 3, 6, 7));
        const __m256 left = _mm256_shuffle_ps(a, b, 0x88), right = _mm256_shuffle_ps(a, b, 0xdd);
        across[j] = _mm256_add_ps(_mm256_mul_ps(not_wx, left), _mm256_mul_ps(wx, right));
    }
    const __m256 sum =
        _mm256_add_ps(_mm256_mul_ps(not_wy, across[0]), _mm256_mul_ps(wy, across[1]));
    return _mm256_add_ps(sum, _mm256_setzero_ps());
}

/* What is left of a span goes through the same code: its last positions are repeated to fill 8
 * lanes, and the pixels made into a buffer. */
struct rest {
    int32_t dx[LANES], dy[LANES];
    float pixels[LANES * 3];
    struct mface_warp_span span;
};

static inline void begin_rest(struct rest *rest, const struct mface_warp_span *span, int i)
{
    for (int k = 0; k < LANES; k++) {
        const int from = i + k < span->n ? i + k : span->n - 1;
        rest->dx[k] = span->dx[from];
        rest->dy[k] = span->dy[from];
    }
    rest->span = *span;
    rest->span.dx = rest->dx;
    rest->span.dy = rest->dy;
    rest->span.dst = rest->pixels;
    rest->span.n = LANES;
}

typedef void (*eight_fn)(const struct mface_warp_span *span, int i);

static inline __attribute__((always_inline)) void run_span(
    const struct mface_warp_span *span, eight_fn eight, size_t pixel_bytes)
{
    int i = 0;
    for (; i + LANES <= span->n; i += LANES)
        eight(span, i);
    if (i == span->n)
        return;
    struct rest rest;
    begin_rest(&rest, span, i);
    eight(&rest.span, 0);
    memcpy((uint8_t *)span->dst + (size_t)i * pixel_bytes, rest.pixels,
        (size_t)(span->n - i) * pixel_bytes);
}

static inline void bgr_to_u8(const struct mface_warp_span *span, int i)
{
    const struct spots spots = find_spots(span, i, 3);
    struct four sums[2];
    sum_bgr(span, &spots, sums);
    store_bgr_u8(sums, (uint8_t *)span->dst + 3 * i);
}

static inline void bgr_to_f32(const struct mface_warp_span *span, int i)
{
    const struct spots spots = find_spots(span, i, 3);
    struct four sums[2];
    sum_bgr(span, &spots, sums);
    store_bgr_f32(sums, (float *)span->dst + 3 * i);
}

static inline void grey_to_u8(const struct mface_warp_span *span, int i)
{
    const struct spots spots = find_spots(span, i, 1);
    store_grey_u8(sum_grey(span, &spots), (uint8_t *)span->dst + i);
}

static inline void grey_to_f32(const struct mface_warp_span *span, int i)
{
    const struct spots spots = find_spots(span, i, 1);
    const __m256 sums = _mm256_cvtepi32_ps(sum_grey(span, &spots));
    _mm256_storeu_ps(
        (float *)span->dst + i, _mm256_mul_ps(sums, _mm256_set1_ps(1.0f / 255.0f / 1024.0f)));
}

static inline void f32_to_f32(const struct mface_warp_span *span, int i)
{
    const struct spots spots = find_spots(span, i, sizeof(float));
    _mm256_storeu_ps((float *)span->dst + i, sum_grey_f32(span, &spots));
}

static void span_u8_u8_3(const struct mface_warp_span *span)
{
    run_span(span, bgr_to_u8, 3);
}

static void span_u8_f32_3(const struct mface_warp_span *span)
{
    run_span(span, bgr_to_f32, 3 * sizeof(float));
}

static void span_u8_u8_1(const struct mface_warp_span *span)
{
    run_span(span, grey_to_u8, 1);
}

static void span_u8_f32_1(const struct mface_warp_span *span)
{
    run_span(span, grey_to_f32, sizeof(float));
}

static void span_f32_f32_1(const struct mface_warp_span *span)
{
    run_span(span, f32_to_f32, sizeof(float));
}

void mface_warp_bilinear_fill_avx2(struct mface_kernel_table *table)
{
    mface_warp_fn(*warp)[2] = table->warp[MFACE_INTERP_BILINEAR];
    warp[MFACE_WARP_U8_U8][0] = span_u8_u8_1;
    warp[MFACE_WARP_U8_U8][1] = span_u8_u8_3;
    warp[MFACE_WARP_U8_F32][0] = span_u8_f32_1;
    warp[MFACE_WARP_U8_F32][1] = span_u8_f32_3;
    warp[MFACE_WARP_F32_F32][0] = span_f32_f32_1;
}

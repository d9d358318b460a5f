/* Bilinear runs of a face and its mask, 8 pixels at a time; cover_avx512.c says how. Loads are
 * plain ones: gathers of this generation are slow on some CPUs. */
#include "image/cover_kernel.h"

#include <immintrin.h>
#include <string.h>

struct spots {
    __m256i x, y;   // taps
    __m256i wx, wy; // byte pair (32 - f, f), word pair
};

static inline __m128i position_4(double step, double start, int x)
{
    const __m256d shift = _mm256_set1_pd(6755399441055744.0); // 1.5·2^52, see image/grid.h
    const __m128i xs = _mm_add_epi32(_mm_set1_epi32(x), _mm_setr_epi32(0, 1, 2, 3));
    const __m256d at = _mm256_mul_pd(_mm256_mul_pd(_mm256_set1_pd(step), _mm256_cvtepi32_pd(xs)),
        _mm256_set1_pd((1 << MFACE_WARP_SUM_BITS)));
    const __m256d whole = _mm256_sub_pd(_mm256_add_pd(at, shift), shift);
    return _mm256_cvttpd_epi32(_mm256_add_pd(whole, _mm256_set1_pd(start)));
}

static inline __m256i position_8(double step, double start, int x)
{
    const __m256i sums =
        _mm256_set_m128i(position_4(step, start, x + 4), position_4(step, start, x));
    return _mm256_srai_epi32(sums, MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS);
}

static inline struct spots spots_at(const struct mface_cover_run *run, int x)
{
    const __m256i part = _mm256_set1_epi32(MFACE_WARP_GRID - 1),
                  one = _mm256_set1_epi32(MFACE_WARP_GRID);
    const __m256i gx = position_8(run->step_x, (double)run->start_x, x);
    const __m256i gy = position_8(run->step_y, (double)run->start_y, x);
    const __m256i fx = _mm256_and_si256(gx, part), fy = _mm256_and_si256(gy, part);
    return (struct spots) {
        .x = _mm256_srai_epi32(gx, MFACE_WARP_GRID_BITS),
        .y = _mm256_srai_epi32(gy, MFACE_WARP_GRID_BITS),
        .wx = _mm256_or_si256(_mm256_sub_epi32(one, fx), _mm256_slli_epi32(fx, 8)),
        .wy = _mm256_or_si256(_mm256_sub_epi32(one, fy), _mm256_slli_epi32(fy, 16)),
    };
}

static inline __m256i offsets(const struct spots *at, int stride, int step)
{
    return _mm256_add_epi32(_mm256_mullo_epi32(at->y, _mm256_set1_epi32(stride)),
        _mm256_mullo_epi32(at->x, _mm256_set1_epi32(step)));
}

/* Bits of the pixels whose taps, and whose loads, lie in the crop. */
static inline unsigned loadable(
    const struct mface_cover_run *run, const struct spots *at, __m256i face)
{
    const __m256i minus_one = _mm256_set1_epi32(-1);
    const int face_end = (run->h - 2) * run->face_stride + 3 * run->w - 8;
    __m256i in = _mm256_and_si256(
        _mm256_cmpgt_epi32(at->x, minus_one), _mm256_cmpgt_epi32(at->y, minus_one));
    in = _mm256_and_si256(in, _mm256_cmpgt_epi32(_mm256_set1_epi32(run->w - 1), at->x));
    in = _mm256_and_si256(in, _mm256_cmpgt_epi32(_mm256_set1_epi32(run->h - 1), at->y));
    in = _mm256_andnot_si256(_mm256_cmpgt_epi32(face, _mm256_set1_epi32(face_end)), in);
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(in));
}

static inline uint32_t load_2(const uint8_t *at)
{
    uint16_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline int64_t load_8(const uint8_t *at)
{
    int64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Two mask pixels of each spot, as a dword; 0 where the bit is clear. */
static inline __m256i mask_pairs(const uint8_t *mask, const int offset[8], unsigned some)
{
    uint32_t pair[8];
    for (int k = 0; k < 8; k++)
        pair[k] = some >> k & 1 ? load_2(mask + offset[k]) : 0;
    return _mm256_loadu_si256((const __m256i *)(const void *)pair);
}

static inline __m256 mask_8(
    const struct mface_cover_run *run, const struct spots *at, unsigned some, const int offset[8])
{
    const __m256i a = mask_pairs(run->mask, offset, some);
    const __m256i b = mask_pairs(run->mask + run->mask_stride, offset, some);
    const __m256i above = _mm256_maddubs_epi16(a, at->wx), below = _mm256_maddubs_epi16(b, at->wx);
    const __m256i sum =
        _mm256_madd_epi16(_mm256_or_si256(above, _mm256_slli_epi32(below, 16)), at->wy);
    const __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(COVER_SCALE));
    const __m256 set = _mm256_cmp_ps(value, _mm256_set1_ps(MFACE_COVER_MASK_FLOOR), _CMP_GT_OQ);
    return _mm256_and_ps(set, _mm256_min_ps(value, _mm256_set1_ps(1.0f)));
}

/* Sums of 4 pixels: `bg` has B B G G, `r` has R R 0 0 of two pixels in each half. */
struct sums_4 {
    __m256i bg, r;
};

static inline __m256i face_pairs(const uint8_t *face, const int offset[4], unsigned some)
{
    int64_t pair[4];
    for (int k = 0; k < 4; k++)
        pair[k] = some >> k & 1 ? load_8(face + offset[k]) : 0;
    return _mm256_setr_epi64x(pair[0], pair[1], pair[2], pair[3]);
}

static inline struct sums_4 face_4(
    const struct mface_cover_run *run, const int offset[4], __m128i wx, __m128i wy, unsigned some)
{
    const __m256i by_channel = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, 8, 11, 9, 12, 10, 13, -1, -1));
    const __m256i thrice = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 0, 1, 0, 1, -1, -1, 8, 9, 8, 9, 8, 9, -1, -1));
    const __m256i a = face_pairs(run->face, offset, some);
    const __m256i b = face_pairs(run->face + run->face_stride, offset, some);
    const __m256i across = _mm256_shuffle_epi8(_mm256_cvtepu32_epi64(wx), thrice);
    const __m256i above = _mm256_maddubs_epi16(_mm256_shuffle_epi8(a, by_channel), across);
    const __m256i below = _mm256_maddubs_epi16(_mm256_shuffle_epi8(b, by_channel), across);
    const __m256i down = _mm256_cvtepu32_epi64(wy);
    const __m256i even =
        _mm256_madd_epi16(_mm256_unpacklo_epi16(above, below), _mm256_shuffle_epi32(down, 0x00));
    const __m256i odd =
        _mm256_madd_epi16(_mm256_unpackhi_epi16(above, below), _mm256_shuffle_epi32(down, 0xaa));
    return (struct sums_4) { _mm256_unpacklo_epi32(even, odd), _mm256_unpackhi_epi32(even, odd) };
}

/* The sums come as pixels 0 1 4 5, 2 3 6 7. */
static inline void store_channel(float *out, __m256i sums)
{
    const __m256i sorted = _mm256_permute4x64_epi64(sums, _MM_SHUFFLE(3, 1, 2, 0));
    _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_cvtepi32_ps(sorted), _mm256_set1_ps(COVER_SCALE)));
}

static inline void face_8(const struct mface_cover_run *run, const struct spots *at, unsigned some,
    const int offset[8], float *r, float *g, float *b)
{
    const struct sums_4 low =
        face_4(run, offset, _mm256_castsi256_si128(at->wx), _mm256_castsi256_si128(at->wy), some);
    const struct sums_4 high = face_4(run, offset + 4, _mm256_extracti128_si256(at->wx, 1),
        _mm256_extracti128_si256(at->wy, 1), some >> 4);
    store_channel(b, _mm256_unpacklo_epi64(low.bg, high.bg));
    store_channel(g, _mm256_unpackhi_epi64(low.bg, high.bg));
    store_channel(r, _mm256_unpacklo_epi64(low.r, high.r));
}

static bool cover_run(const struct mface_cover_run *run, float *mask, float *r, float *g, float *b)
{
    bool any = false;
    for (int i = 0; i < run->n; i += 8) {
        const int n = run->n - i;
        const unsigned here = n < 8 ? (1u << n) - 1 : 0xff;
        const struct spots at = spots_at(run, run->x_first + i);
        const __m256i of_face = offsets(&at, run->face_stride, 3);
        int of_face_at[8], of_mask_at[8];
        _mm256_storeu_si256((__m256i *)(void *)of_face_at, of_face);
        _mm256_storeu_si256((__m256i *)(void *)of_mask_at, offsets(&at, run->mask_stride, 1));
        const unsigned inside = loadable(run, &at, of_face) & here;
        const __m256 m = mask_8(run, &at, inside, of_mask_at);
        const unsigned set =
            (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(m, _mm256_setzero_ps(), _CMP_GT_OQ));
        _mm256_storeu_ps(mask + i, m);
        if (set)
            face_8(run, &at, set, of_face_at, r + i, g + i, b + i);
        any |= set != 0;
        for (unsigned edge = here & ~inside; edge; edge &= edge - 1) {
            const int k = i + __builtin_ctz(edge);
            mask[k] = cover_pixel(run, k, &r[k], &g[k], &b[k]);
            any |= mask[k] > 0;
        }
    }
    return any;
}

void mface_cover_fill_avx2(struct mface_kernel_table *table)
{
    table->strip.cover_run = cover_run;
}

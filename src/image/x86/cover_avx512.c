/* Bilinear runs of a face and its mask, 16 pixels at a time.
 *
 * One gather fetches two neighbouring pixels of a row: 2 bytes of the mask, 6 of the face. Bytes
 * times weights across (0..32), then down, are 16- and 32-bit integers, so sums are exact, as those
 * of the C code are. Pixels whose taps, or what a gather reads beyond them, leave the crop go one
 * by one. */
#include "image/cover_kernel.h"

#include <immintrin.h>

/* Where 16 pixels lie in the crop: the first tap, and the weights of both. */
struct spots {
    __m512i x, y;   // taps
    __m512i wx, wy; // byte pair (32 - f, f), word pair
};

/* round(step · x · 1024) + start for 8 pixels. Sums beyond 32 bits give the least integer, which is
 * outside every crop. */
static inline __m256i position_8(double step, double start, int x)
{
    const __m512d shift = _mm512_set1_pd(6755399441055744.0); // 1.5·2^52, see image/grid.h
    const __m256i xs =
        _mm256_add_epi32(_mm256_set1_epi32(x), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    const __m512d at = _mm512_mul_pd(_mm512_mul_pd(_mm512_set1_pd(step), _mm512_cvtepi32_pd(xs)),
        _mm512_set1_pd((1 << MFACE_WARP_SUM_BITS)));
    const __m512d whole = _mm512_sub_pd(_mm512_add_pd(at, shift), shift);
    return _mm512_cvttpd_epi32(_mm512_add_pd(whole, _mm512_set1_pd(start)));
}

static inline __m512i position_16(double step, double start, int x)
{
    const __m512i low = _mm512_castsi256_si512(position_8(step, start, x));
    const __m512i sums = _mm512_inserti64x4(low, position_8(step, start, x + 8), 1);
    return _mm512_srai_epi32(sums, MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS);
}

static inline struct spots spots_at(const struct mface_cover_run *run, int x)
{
    const __m512i part = _mm512_set1_epi32(MFACE_WARP_GRID - 1),
                  one = _mm512_set1_epi32(MFACE_WARP_GRID);
    const __m512i gx = position_16(run->step_x, (double)run->start_x, x);
    const __m512i gy = position_16(run->step_y, (double)run->start_y, x);
    const __m512i fx = _mm512_and_si512(gx, part), fy = _mm512_and_si512(gy, part);
    return (struct spots) {
        .x = _mm512_srai_epi32(gx, MFACE_WARP_GRID_BITS),
        .y = _mm512_srai_epi32(gy, MFACE_WARP_GRID_BITS),
        .wx = _mm512_or_si512(_mm512_sub_epi32(one, fx), _mm512_slli_epi32(fx, 8)),
        .wy = _mm512_or_si512(_mm512_sub_epi32(one, fy), _mm512_slli_epi32(fy, 16)),
    };
}

/* Offsets of the first tap in an image whose pixels have `step` bytes. */
static inline __m512i offsets(const struct spots *at, int stride, int step)
{
    return _mm512_add_epi32(_mm512_mullo_epi32(at->y, _mm512_set1_epi32(stride)),
        _mm512_mullo_epi32(at->x, _mm512_set1_epi32(step)));
}

/* The pixels that can be gathered: all taps in the crop, and the last byte read too. */
static inline __mmask16 gatherable(
    const struct mface_cover_run *run, const struct spots *at, __m512i face, __m512i mask)
{
    const int last = run->h - 2;
    const int face_end = last * run->face_stride + 3 * run->w - 8;
    const int mask_end = last * run->mask_stride + run->w - 4;
    __mmask16 m = _mm512_cmple_epu32_mask(at->x, _mm512_set1_epi32(run->w - 2));
    m = _mm512_mask_cmple_epu32_mask(m, at->y, _mm512_set1_epi32(last));
    m = _mm512_mask_cmple_epi32_mask(m, face, _mm512_set1_epi32(face_end));
    return _mm512_mask_cmple_epi32_mask(m, mask, _mm512_set1_epi32(mask_end));
}

static inline __m512 mask_16(
    const struct mface_cover_run *run, const struct spots *at, __mmask16 some, __m512i offset)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i a = _mm512_mask_i32gather_epi32(zero, some, offset, run->mask, 1);
    const __m512i b =
        _mm512_mask_i32gather_epi32(zero, some, offset, run->mask + run->mask_stride, 1);
    const __m512i above = _mm512_maddubs_epi16(a, at->wx), below = _mm512_maddubs_epi16(b, at->wx);
    const __m512i sum =
        _mm512_madd_epi16(_mm512_or_si512(above, _mm512_slli_epi32(below, 16)), at->wy);
    const __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(COVER_SCALE));
    const __mmask16 set =
        _mm512_cmp_ps_mask(value, _mm512_set1_ps(MFACE_COVER_MASK_FLOOR), _CMP_GT_OQ);
    return _mm512_maskz_min_ps(set, value, _mm512_set1_ps(1.0f));
}

/* Sums of 8 pixels: `bg` has B B G G, `r` has R R 0 0 of two pixels in each quarter. */
struct sums_8 {
    __m512i bg, r;
};

static inline struct sums_8 face_8(
    const struct mface_cover_run *run, __m256i offset, __m256i wx, __m256i wy, __mmask8 some)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i by_channel = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, 8, 11, 9, 12, 10, 13, -1, -1));
    const __m512i thrice =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 0, 1, 0, 1, -1, -1, 8, 9, 8, 9, 8, 9, -1, -1));
    const __m512i a = _mm512_mask_i32gather_epi64(zero, some, offset, run->face, 1);
    const __m512i b =
        _mm512_mask_i32gather_epi64(zero, some, offset, run->face + run->face_stride, 1);
    const __m512i across = _mm512_shuffle_epi8(_mm512_cvtepu32_epi64(wx), thrice);
    const __m512i above = _mm512_maddubs_epi16(_mm512_shuffle_epi8(a, by_channel), across);
    const __m512i below = _mm512_maddubs_epi16(_mm512_shuffle_epi8(b, by_channel), across);
    const __m512i down = _mm512_cvtepu32_epi64(wy);
    const __m512i even = _mm512_madd_epi16(
        _mm512_unpacklo_epi16(above, below), _mm512_shuffle_epi32(down, _MM_PERM_AAAA));
    const __m512i odd = _mm512_madd_epi16(
        _mm512_unpackhi_epi16(above, below), _mm512_shuffle_epi32(down, _MM_PERM_CCCC));
    return (struct sums_8) { _mm512_unpacklo_epi32(even, odd), _mm512_unpackhi_epi32(even, odd) };
}

static inline void store_channel(float *out, __m512i sums)
{
    _mm512_storeu_ps(out, _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(COVER_SCALE)));
}

static inline void face_16(const struct mface_cover_run *run, const struct spots *at,
    __mmask16 some, __m512i offset, float *r, float *g, float *b)
{
    const __m512i firsts =
        _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29);
    const __m512i seconds = _mm512_add_epi32(firsts, _mm512_set1_epi32(2));
    const struct sums_8 low = face_8(run, _mm512_castsi512_si256(offset),
        _mm512_castsi512_si256(at->wx), _mm512_castsi512_si256(at->wy), (__mmask8)some);
    const struct sums_8 high =
        face_8(run, _mm512_extracti64x4_epi64(offset, 1), _mm512_extracti64x4_epi64(at->wx, 1),
            _mm512_extracti64x4_epi64(at->wy, 1), (__mmask8)(some >> 8));
    store_channel(b, _mm512_permutex2var_epi32(low.bg, firsts, high.bg));
    store_channel(g, _mm512_permutex2var_epi32(low.bg, seconds, high.bg));
    store_channel(r, _mm512_permutex2var_epi32(low.r, firsts, high.r));
}

static bool cover_run(const struct mface_cover_run *run, float *mask, float *r, float *g, float *b)
{
    bool any = false;
    for (int i = 0; i < run->n; i += 16) {
        const int n = run->n - i;
        const __mmask16 here = n < 16 ? (__mmask16)((1u << n) - 1) : (__mmask16)0xffff;
        const struct spots at = spots_at(run, run->x_first + i);
        const __m512i of_face = offsets(&at, run->face_stride, 3);
        const __m512i of_mask = offsets(&at, run->mask_stride, 1);
        const __mmask16 inside = gatherable(run, &at, of_face, of_mask) & here;
        const __m512 m = mask_16(run, &at, inside, of_mask);
        const __mmask16 set = _mm512_cmp_ps_mask(m, _mm512_setzero_ps(), _CMP_GT_OQ);
        _mm512_storeu_ps(mask + i, m);
        if (set)
            face_16(run, &at, set, of_face, r + i, g + i, b + i);
        any |= set != 0;
        for (unsigned edge = here & ~(unsigned)inside; edge; edge &= edge - 1) {
            const int k = i + __builtin_ctz(edge);
            mask[k] = cover_pixel(run, k, &r[k], &g[k], &b[k]);
            any |= mask[k] > 0;
        }
    }
    return any;
}

void mface_cover_fill_avx512(struct mface_kernel_table *table)
{
    table->strip.cover_run = cover_run;
}

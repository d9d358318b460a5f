/* Bilinear runs of a face and its mask, 8 pixels at a time; cover_avx512.c says how. Gathers of
 * this generation are slow on some CPUs. But pixels that are neighbours in the picture most often
 * lie close together in the crop, so that one load a row and a shuffle fetch the taps of all. The
 * others are loaded one by one. */
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

/* The mask from two neighbours of the upper and of the lower row, in the low bytes of each dword.
 */
static inline __m256 mask_of(__m256i a, __m256i b, const struct spots *at)
{
    const __m256i above = _mm256_maddubs_epi16(a, at->wx), below = _mm256_maddubs_epi16(b, at->wx);
    const __m256i sum =
        _mm256_madd_epi16(_mm256_or_si256(above, _mm256_slli_epi32(below, 16)), at->wy);
    const __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(COVER_SCALE));
    const __m256 set = _mm256_cmp_ps(value, _mm256_set1_ps(MFACE_COVER_MASK_FLOOR), _CMP_GT_OQ);
    return _mm256_and_ps(set, _mm256_min_ps(value, _mm256_set1_ps(1.0f)));
}

static inline __m256 mask_8(
    const struct mface_cover_run *run, const struct spots *at, unsigned some, const int offset[8])
{
    return mask_of(mask_pairs(run->mask, offset, some),
        mask_pairs(run->mask + run->mask_stride, offset, some), at);
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

/* From the upper and the lower row: B B G G R R of two neighbours in each quadword. */
static inline struct sums_4 sums_of(__m256i a, __m256i b, __m128i wx, __m128i wy)
{
    const __m256i thrice = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 0, 1, 0, 1, -1, -1, 8, 9, 8, 9, 8, 9, -1, -1));
    const __m256i across = _mm256_shuffle_epi8(_mm256_cvtepu32_epi64(wx), thrice);
    const __m256i above = _mm256_maddubs_epi16(a, across), below = _mm256_maddubs_epi16(b, across);
    const __m256i down = _mm256_cvtepu32_epi64(wy);
    const __m256i even =
        _mm256_madd_epi16(_mm256_unpacklo_epi16(above, below), _mm256_shuffle_epi32(down, 0x00));
    const __m256i odd =
        _mm256_madd_epi16(_mm256_unpackhi_epi16(above, below), _mm256_shuffle_epi32(down, 0xaa));
    return (struct sums_4) { _mm256_unpacklo_epi32(even, odd), _mm256_unpackhi_epi32(even, odd) };
}

static inline struct sums_4 face_4(
    const struct mface_cover_run *run, const int offset[4], __m128i wx, __m128i wy, unsigned some)
{
    const __m256i by_channel = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, 8, 11, 9, 12, 10, 13, -1, -1));
    const __m256i a = face_pairs(run->face, offset, some);
    const __m256i b = face_pairs(run->face + run->face_stride, offset, some);
    return sums_of(_mm256_shuffle_epi8(a, by_channel), _mm256_shuffle_epi8(b, by_channel), wx, wy);
}

/* The sums come as pixels 0 1 4 5, 2 3 6 7. */
static inline void store_channel(float *out, __m256i sums)
{
    const __m256i sorted = _mm256_permute4x64_epi64(sums, _MM_SHUFFLE(3, 1, 2, 0));
    _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_cvtepi32_ps(sorted), _mm256_set1_ps(COVER_SCALE)));
}

static inline void store_face(
    const struct sums_4 *low, const struct sums_4 *high, float *r, float *g, float *b)
{
    store_channel(b, _mm256_unpacklo_epi64(low->bg, high->bg));
    store_channel(g, _mm256_unpackhi_epi64(low->bg, high->bg));
    store_channel(r, _mm256_unpacklo_epi64(low->r, high->r));
}

static inline __m128i half(__m256i v, int k)
{
    return k ? _mm256_extracti128_si256(v, 1) : _mm256_castsi256_si128(v);
}

static inline void face_8(const struct mface_cover_run *run, const struct spots *at, unsigned some,
    const int offset[8], float *r, float *g, float *b)
{
    const struct sums_4 low = face_4(run, offset, half(at->wx, 0), half(at->wy, 0), some);
    const struct sums_4 high = face_4(run, offset + 4, half(at->wx, 1), half(at->wy, 1), some >> 4);
    store_face(&low, &high, r, g, b);
}

/* The pixels i ≤ k < i + 8 of the run that are `here`, from anywhere. Bits of those that show. */
static inline unsigned cover_8(const struct mface_cover_run *run, const struct spots *at, int i,
    unsigned here, float *mask, float *r, float *g, float *b)
{
    const __m256i of_face = offsets(at, run->face_stride, 3);
    int of_face_at[8], of_mask_at[8];
    _mm256_storeu_si256((__m256i *)(void *)of_face_at, of_face);
    _mm256_storeu_si256((__m256i *)(void *)of_mask_at, offsets(at, run->mask_stride, 1));
    const unsigned inside = loadable(run, at, of_face) & here;
    const __m256 m = mask_8(run, at, inside, of_mask_at);
    unsigned set = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(m, _mm256_setzero_ps(), _CMP_GT_OQ));
    _mm256_storeu_ps(mask + i, m);
    if (set)
        face_8(run, at, set, of_face_at, r + i, g + i, b + i);
    for (unsigned edge = here & ~inside; edge; edge &= edge - 1) {
        const int k = i + __builtin_ctz(edge);
        mask[k] = cover_pixel(run, k, &r[k], &g[k], &b[k]);
        set |= mask[k] > 0 ? edge & -edge : 0;
    }
    return set;
}

/* Where loads of 16 bytes a row hold all taps of 8 pixels: one load in the mask, one for each four
 * in the face. */
struct window {
    int x, y;    // the first tap of all
    int half[2]; // the first column of each four
    bool steps;  // some pixels lie one row lower
};

static inline int least(int a, int b)
{
    return a < b ? a : b;
}

static inline bool is_within(int a, int b, int distance)
{
    return a - b <= distance && b - a <= distance;
}

/* False where the taps lie too far apart or at the crop's edge. Positions only grow or only fall
 * along a run, so its ends speak for all. */
static inline bool find_window(
    const struct mface_cover_run *run, const struct spots *at, struct window *window)
{
    int x[8], y[8];
    _mm256_storeu_si256((__m256i *)(void *)x, at->x);
    _mm256_storeu_si256((__m256i *)(void *)y, at->y);
    const int left = least(x[0], x[7]), right = x[0] + x[7] - left, top = least(y[0], y[7]);
    *window = (struct window) { left, top, { least(x[0], x[3]), least(x[4], x[7]) }, y[0] != y[7] };
    const int rows_below = run->h - 2 - top - window->steps;
    return left >= 0 && top >= 0 && right + 1 < run->w && rows_below >= 0 && right - left <= 14 &&
           is_within(y[0], y[7], 1) && is_within(x[0], x[3], 3) && is_within(x[4], x[7], 3) &&
           left + 16 <= run->w + rows_below * run->mask_stride &&
           3 * right + 16 <= 3 * run->w + rows_below * run->face_stride;
}

static inline __m256i load_16(const uint8_t *at)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)at));
}

/* Shuffles the upper and the lower row of each pixel out of those from `at` on; `lower` where that
 * is a row further down. */
struct rows {
    __m256i a, b;
};

static inline struct rows take_rows(
    const uint8_t *at, int stride, __m256i which, __m256i lower, bool steps)
{
    const __m256i first = _mm256_shuffle_epi8(load_16(at), which);
    const __m256i second = _mm256_shuffle_epi8(load_16(at + stride), which);
    if (!steps)
        return (struct rows) { first, second };
    const __m256i third = _mm256_shuffle_epi8(load_16(at + 2 * stride), which);
    return (struct rows) { _mm256_blendv_epi8(first, second, lower),
        _mm256_blendv_epi8(second, third, lower) };
}

static inline __m256 window_mask(const struct mface_cover_run *run, const struct spots *at,
    const struct window *window, __m256i lower)
{
    const __m256i dx = _mm256_sub_epi32(at->x, _mm256_set1_epi32(window->x));
    const __m256i pair = _mm256_set1_epi32((int)0x80800100); // a byte, the next, and two zeros
    const __m256i which = _mm256_add_epi8(_mm256_or_si256(dx, _mm256_slli_epi32(dx, 8)), pair);
    const struct rows rows =
        take_rows(run->mask + (ptrdiff_t)window->y * run->mask_stride + window->x, run->mask_stride,
            which, lower, window->steps);
    return mask_of(rows.a, rows.b, at);
}

static inline struct sums_4 window_face(const struct mface_cover_run *run, const struct spots *at,
    const struct window *window, __m256i lower, int k)
{
    const __m256i by_channel = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 3, 1, 4, 2, 5, -128, -128, 0, 3, 1, 4, 2, 5, -128, -128));
    const __m256i eightfold =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 8, 8, 8));
    const __m128i dx = _mm_sub_epi32(half(at->x, k), _mm_set1_epi32(window->half[k]));
    const __m128i bytes = _mm_add_epi32(dx, _mm_add_epi32(dx, dx));
    const __m256i which =
        _mm256_add_epi8(_mm256_shuffle_epi8(_mm256_cvtepu32_epi64(bytes), eightfold), by_channel);
    const struct rows rows =
        take_rows(run->face + (ptrdiff_t)window->y * run->face_stride + 3 * window->half[k],
            run->face_stride, which, _mm256_cvtepi32_epi64(half(lower, k)), window->steps);
    return sums_of(rows.a, rows.b, half(at->wx, k), half(at->wy, k));
}

/* The same as cover_8() of 8 pixels that lie in a window. */
static inline unsigned cover_window(const struct mface_cover_run *run, const struct spots *at,
    const struct window *window, float *mask, float *r, float *g, float *b)
{
    const __m256i lower = _mm256_cmpgt_epi32(at->y, _mm256_set1_epi32(window->y));
    const __m256 m = window_mask(run, at, window, lower);
    _mm256_storeu_ps(mask, m);
    const unsigned set =
        (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(m, _mm256_setzero_ps(), _CMP_GT_OQ));
    if (set) {
        const struct sums_4 low = window_face(run, at, window, lower, 0);
        const struct sums_4 high = window_face(run, at, window, lower, 1);
        store_face(&low, &high, r, g, b);
    }
    return set;
}

static bool cover_run(const struct mface_cover_run *run, float *mask, float *r, float *g, float *b)
{
    unsigned any = 0;
    for (int i = 0; i < run->n; i += 8) {
        const int n = run->n - i;
        const struct spots at = spots_at(run, run->x_first + i);
        struct window window;
        if (n >= 8 && find_window(run, &at, &window))
            any |= cover_window(run, &at, &window, mask + i, r + i, g + i, b + i);
        else
            any |= cover_8(run, &at, i, n < 8 ? (1u << n) - 1 : 0xff, mask, r, g, b);
    }
    return any != 0;
}

void mface_cover_fill_avx2(struct mface_kernel_table *table)
{
    table->strip.cover_run = cover_run;
}

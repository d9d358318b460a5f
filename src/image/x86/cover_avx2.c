/* Bilinear runs of a face and its mask, 8 pixels at a time; cover_rows.h says how.
 *
 * Gathers of this generation are slow on some CPUs. But pixels that are neighbours in the picture
 * lie close together in the crop of a face that is large there: in four columns of two rows, which
 * fill a register for one permutation to pick from, or in eight columns, with a permutation for
 * each row. Quads of other pixels are loaded one by one. */
#include "image/x86/cover_rows.h"

enum reach { FOUR_COLUMNS, EIGHT_COLUMNS, ANYWHERE };

static enum reach reach_of(const struct mface_cover_run *run)
{
    return is_within(run, 4, 2) ? FOUR_COLUMNS : is_within(run, 8, 2) ? EIGHT_COLUMNS : ANYWHERE;
}

static inline __m256i load_256(const void *from)
{
    return _mm256_loadu_si256(from);
}

static inline __m256i load_halves(const void *low, const void *high)
{
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128(low)), _mm_loadu_si128(high), 1);
}

static inline int load_quad(const uint8_t *at)
{
    int quad;
    memcpy(&quad, at, sizeof quad);
    return quad;
}

/* Where quads of a channel are, from the one furthest to the left and up on. */
struct window {
    const uint8_t *from;
    ptrdiff_t row_bytes;
    __m256i which;    // lanes of what is loaded
    __m256i is_lower; // EIGHT_COLUMNS: not in the upper row
    int offset[8];    // ANYWHERE, from the first quad of all
};

static inline __attribute__((always_inline)) struct window find_window(
    const struct mface_cover_run *run, const struct spots *at, struct corner corner, int i,
    enum reach reach)
{
    struct window window = { run->quads, (ptrdiff_t)4 * run->plane };
    if (reach == ANYWHERE) {
        const __m256i rows = _mm256_mullo_epi32(at->y, _mm256_set1_epi32(4 * run->plane));
        _mm256_storeu_si256(
            (__m256i *)(void *)window.offset, _mm256_add_epi32(rows, _mm256_slli_epi32(at->x, 2)));
        return window;
    }
    const struct corner first = quad_at(run, corner, i);
    window.from += first.y * window.row_bytes + 4 * first.x;
    if (reach == FOUR_COLUMNS) {
        window.which = _mm256_sub_epi32(_mm256_add_epi32(at->x, _mm256_slli_epi32(at->y, 2)),
            _mm256_set1_epi32(first.x + 4 * first.y));
    } else {
        window.which = _mm256_sub_epi32(at->x, _mm256_set1_epi32(first.x));
        window.is_lower = _mm256_cmpgt_epi32(at->y, _mm256_set1_epi32(first.y));
    }
    return window;
}

static inline __attribute__((always_inline)) __m256i quads_of(
    const struct window *window, int plane, enum reach reach)
{
    const uint8_t *from = window->from + plane, *below = from + window->row_bytes;
    const int *at = window->offset;
    if (reach == FOUR_COLUMNS)
        return _mm256_permutevar8x32_epi32(load_halves(from, below), window->which);
    if (reach == EIGHT_COLUMNS)
        return _mm256_blendv_epi8(_mm256_permutevar8x32_epi32(load_256(from), window->which),
            _mm256_permutevar8x32_epi32(load_256(below), window->which), window->is_lower);
    return _mm256_setr_epi32(load_quad(from + at[0]), load_quad(from + at[1]),
        load_quad(from + at[2]), load_quad(from + at[3]), load_quad(from + at[4]),
        load_quad(from + at[5]), load_quad(from + at[6]), load_quad(from + at[7]));
}

static inline unsigned above_0(lanes v)
{
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GT_OQ));
}

#include "image/x86/cover_loop.h"

static struct mface_range cover_run(
    const struct mface_cover_run *run, float *mask, float *r, float *g, float *b)
{
    const enum reach reach = reach_of(run);
    if (reach == FOUR_COLUMNS)
        return cover(run, mask, r, g, b, FOUR_COLUMNS);
    if (reach == EIGHT_COLUMNS)
        return cover(run, mask, r, g, b, EIGHT_COLUMNS);
    return cover(run, mask, r, g, b, ANYWHERE);
}

static void pack_crop(const uint8_t *bgr, const uint8_t *mask, int n, uint8_t *out)
{
    const __m256i spread = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, //
        4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
    int i = 0;
    for (; i + 8 <= n; i += 8) {
        const uint8_t *from = bgr + 3 * i;
        const __m256i pixels = _mm256_shuffle_epi8(load_halves(from, from + 8), spread);
        const __m256i masks = _mm256_cvtepu8_epi32(_mm_loadu_si64(mask + i));
        _mm256_storeu_si256((__m256i *)(void *)(out + 4 * i),
            _mm256_or_si256(pixels, _mm256_slli_epi32(masks, 24)));
    }
    for (; i < n; i++) {
        memcpy(out + 4 * i, bgr + 3 * i, 3);
        out[4 * i + 3] = mask[i];
    }
}

/* Of pixels 0 and 1 of each four, or 2 and 3, the four taps of B, G, R and the mask in turn. */
struct quads {
    __m256i even, odd;
};

static inline struct quads interleave(__m256i upper, __m256i lower)
{
    return (
        struct quads) { _mm256_unpacklo_epi16(upper, lower), _mm256_unpackhi_epi16(upper, lower) };
}

static inline void store_quads(uint8_t *out, __m256i quads)
{
    _mm256_storeu_si256((__m256i *)(void *)out, quads);
}

static inline void pack_8(const uint8_t *upper, const uint8_t *lower, uint8_t *out, int plane)
{
    const __m256i a = load_256(upper), b = load_256(upper + 4);
    const __m256i c = load_256(lower), d = load_256(lower + 4);
    const struct quads p =
        interleave(_mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, d)); // 0, 1
    const struct quads q =
        interleave(_mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, d)); // 2, 3
    const __m256i bg_01 = _mm256_unpacklo_epi32(p.even, p.odd);
    const __m256i bg_23 = _mm256_unpacklo_epi32(q.even, q.odd);
    const __m256i rm_01 = _mm256_unpackhi_epi32(p.even, p.odd);
    const __m256i rm_23 = _mm256_unpackhi_epi32(q.even, q.odd);
    store_quads(out, _mm256_unpacklo_epi64(bg_01, bg_23));
    store_quads(out + plane, _mm256_unpackhi_epi64(bg_01, bg_23));
    store_quads(out + 2 * plane, _mm256_unpacklo_epi64(rm_01, rm_23));
    store_quads(out + 3 * plane, _mm256_unpackhi_epi64(rm_01, rm_23));
}

static void pack_quads(const uint8_t *upper, const uint8_t *lower, int n, uint8_t *out, int plane)
{
    int i = 0;
    for (; i + 8 <= n; i += 8)
        pack_8(upper + 4 * i, lower + 4 * i, out + 4 * i, plane);
    for (; i < n; i++)
        for (int k = 0; k < 4; k++) {
            const uint8_t *a = upper + 4 * i + k, *b = lower + 4 * i + k;
            const uint8_t quad[4] = { a[0], a[4], b[0], b[4] };
            memcpy(out + (ptrdiff_t)k * plane + 4 * i, quad, sizeof quad);
        }
}

void mface_cover_fill_avx2(struct mface_kernel_table *table)
{
    table->strip.cover_run = cover_run;
    table->strip.pack_crop = pack_crop;
    table->strip.pack_quads = pack_quads;
}

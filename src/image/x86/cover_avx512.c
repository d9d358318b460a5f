/* Bilinear runs of a face and its mask, 16 pixels at a time; cover_rows.h says how.
 *
 * Of a face that is large in the picture 16 columns of two rows hold the quads of all, for one
 * permutation to pick from. The others are gathered. */
#include "image/x86/cover_rows.h"

/* Where quads of a channel are: from the one furthest to the left and up on, or, far apart, from
 * the first of all. */
struct window {
    const uint8_t *from;
    ptrdiff_t row_bytes;
    __m512i which; // lanes of two rows, or offsets
};

static inline __attribute__((always_inline)) struct window find_window(
    const struct mface_cover_run *run, const struct spots *at, struct corner corner, int i,
    bool is_near)
{
    const ptrdiff_t row_bytes = (ptrdiff_t)4 * run->plane;
    if (!is_near) {
        const __m512i rows = _mm512_mullo_epi32(at->y, _mm512_set1_epi32(4 * run->plane));
        return (struct window) { run->quads, row_bytes,
            _mm512_add_epi32(rows, _mm512_slli_epi32(at->x, 2)) };
    }
    const struct corner first = quad_at(run, corner, i);
    return (struct window) { run->quads + first.y * row_bytes + 4 * first.x, row_bytes,
        _mm512_sub_epi32(_mm512_add_epi32(at->x, _mm512_slli_epi32(at->y, 4)),
            _mm512_set1_epi32(first.x + 16 * first.y)) };
}

static inline __attribute__((always_inline)) __m512i quads_of(
    const struct window *window, int plane, bool is_near)
{
    const uint8_t *from = window->from + plane;
    if (!is_near)
        return _mm512_i32gather_epi32(window->which, from, 1);
    return _mm512_permutex2var_epi32(
        _mm512_loadu_si512(from), window->which, _mm512_loadu_si512(from + window->row_bytes));
}

static inline __attribute__((always_inline)) struct mface_range cover(
    const struct mface_cover_run *taken, float *mask, float *r, float *g, float *b, bool is_near)
{
    const struct mface_cover_run run = *taken;
    const struct corner corner = corner_of(&run);
    struct mface_range set = { run.n, 0 };
    for (int i = 0; i < run.n; i += 16) {
        const struct spots at = spots_at(&run, i);
        const struct window window = find_window(&run, &at, corner, i, is_near);
        const __m512 m = cut(sum(quads_of(&window, 3 * run.plane, is_near), &at));
        _mm512_storeu_ps(mask + i, m);
        if (!note_set(&set, _mm512_cmp_ps_mask(m, _mm512_setzero_ps(), _CMP_GT_OQ), i, run.n))
            continue;
        _mm512_storeu_ps(b + i, sum(quads_of(&window, 0, is_near), &at));
        _mm512_storeu_ps(g + i, sum(quads_of(&window, run.plane, is_near), &at));
        _mm512_storeu_ps(r + i, sum(quads_of(&window, 2 * run.plane, is_near), &at));
    }
    return set;
}

static struct mface_range cover_run(
    const struct mface_cover_run *run, float *mask, float *r, float *g, float *b)
{
    return is_within(run, 16, 2) ? cover(run, mask, r, g, b, true)
                                 : cover(run, mask, r, g, b, false);
}

void mface_cover_fill_avx512(struct mface_kernel_table *table)
{
    table->strip.cover_run = cover_run;
}

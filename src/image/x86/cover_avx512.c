/* Bilinear runs of a face and its mask, 16 pixels at a time; cover_rows.h says how.
 *
 * Of a face that is large in the picture 16 columns of two rows hold the quads of all, for one
 * permutation to pick from. The others are gathered. */
#include "image/x86/cover_rows.h"

enum reach { FAR, NEAR };

/* Where quads of a channel are: from the one furthest to the left and up on, or, far apart, from
 * the first of all. */
struct window {
    const uint8_t *from;
    ptrdiff_t row_bytes;
    __m512i which; // lanes of two rows, or offsets
};

static inline __attribute__((always_inline)) struct window find_window(
    const struct mface_cover_run *run, const struct spots *at, struct corner corner, int i,
    enum reach reach)
{
    const ptrdiff_t row_bytes = (ptrdiff_t)4 * run->plane;
    if (reach == FAR) {
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
    const struct window *window, int plane, enum reach reach)
{
    const uint8_t *from = window->from + plane;
    if (reach == FAR)
        return _mm512_i32gather_epi32(window->which, from, 1);
    return _mm512_permutex2var_epi32(
        _mm512_loadu_si512(from), window->which, _mm512_loadu_si512(from + window->row_bytes));
}

static inline unsigned above_0(lanes v)
{
    return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GT_OQ);
}

#include "image/x86/cover_loop.h"

static struct mface_range cover_run(
    const struct mface_cover_run *run, float *mask, float *r, float *g, float *b)
{
    return is_within(run, 16, 2) ? cover(run, mask, r, g, b, NEAR) : cover(run, mask, r, g, b, FAR);
}

void mface_cover_fill_avx512(struct mface_kernel_table *table)
{
    table->strip.cover_run = cover_run;
}

/* Bilinear runs of a packed crop (cover.h), a register of pixels at a time: what both widths of
 * registers do alike. They differ in how they take the quads.
 *
 * Bytes times weights across (0..32), then down, are 16- and 32-bit integers, so sums are exact, as
 * those of the C code are. */
#ifndef MFACE_IMAGE_X86_COVER_ROWS_H
#define MFACE_IMAGE_X86_COVER_ROWS_H

#include "image/cover.h"
#include "image/lanes.h"

#if defined(__AVX512F__)
#define WIDE(operation)   _mm512_##operation
#define FOURFOLD(of_four) _mm512_broadcast_i32x4(of_four)
#define LOAD_INTS(from)   _mm512_loadu_si512(from)
#else
#define WIDE(operation)   _mm256_##operation
#define FOURFOLD(of_four) _mm256_broadcastsi128_si256(of_four)
#define LOAD_INTS(from)   _mm256_loadu_si256((const __m256i *)(const void *)(from))
#endif

/* Where pixels lie in the crop, and their weights. */
struct spots {
    lanes_bits x, y;
    lanes_bits wx; // bytes: 32 - f, f, 32 - f, f
    lanes_bits wy; // words: 32 - f, f
};

static inline lanes_bits clamp(lanes_bits v, int greatest)
{
    return WIDE(max_epi32)(WIDE(min_epi32)(v, WIDE(set1_epi32)(greatest)), WIDE(set1_epi32)(0));
}

static inline lanes_bits positions(const int32_t *d, int32_t start)
{
    return WIDE(add_epi32)(LOAD_INTS(d), WIDE(set1_epi32)(start));
}

static inline lanes_bits fractions(lanes_bits position)
{
    return WIDE(srai_epi32)(position, MFACE_WARP_SUM_BITS - MFACE_WARP_GRID_BITS) &
           WIDE(set1_epi32)(MFACE_WARP_GRID - 1);
}

static inline struct spots spots_at(const struct mface_cover_run *run, int i)
{
    const lanes_bits x = positions(run->dx + i, run->x0), y = positions(run->dy + i, run->y0);
    const lanes_bits fx = fractions(x), fy = fractions(y);
    const lanes_bits fx_twice = fx | WIDE(slli_epi32)(fx, 16);
    return (struct spots) {
        .x = clamp(WIDE(srai_epi32)(x, MFACE_WARP_SUM_BITS), run->w - 1),
        .y = clamp(WIDE(srai_epi32)(y, MFACE_WARP_SUM_BITS), run->h - 1),
        .wx = WIDE(add_epi16)(WIDE(set1_epi16)(MFACE_WARP_GRID),
            WIDE(sub_epi16)(WIDE(slli_epi16)(fx_twice, 8), fx_twice)),
        .wy = WIDE(add_epi32)(
            WIDE(set1_epi32)(MFACE_WARP_GRID), WIDE(sub_epi32)(WIDE(slli_epi32)(fy, 16), fy)),
    };
}

/* Which of N_LANES neighbours lies furthest to the left, and furthest up: positions only grow or
 * only fall along a run. */
struct corner {
    int x, y;
};

static inline struct corner corner_of(const struct mface_cover_run *run)
{
    const int last = N_LANES - 1;
    return (struct corner) { run->dx[last] < run->dx[0] ? last : 0,
        run->dy[last] < run->dy[0] ? last : 0 };
}

static inline int clamped(int32_t position, int greatest)
{
    const int i = position >> MFACE_WARP_SUM_BITS, low = i > 0 ? i : 0;
    return low < greatest ? low : greatest;
}

/* The corner's quad, counted in columns and rows. There is always a row below it. */
static inline struct corner quad_at(const struct mface_cover_run *run, struct corner corner, int i)
{
    return (struct corner) { clamped(run->dx[i + corner.x] + run->x0, run->w - 1),
        clamped(run->dy[i + corner.y] + run->y0, run->h - 2) };
}

/* Whether any N_LANES neighbours of the run lie within so many columns and rows. All distances of
 * as many pixels are the same but for rounding, by 1/1024 at either end. */
static inline bool is_within(const struct mface_cover_run *run, int columns, int rows)
{
    const int one = 1 << MFACE_WARP_SUM_BITS, last = N_LANES - 1;
    const int x = run->dx[last] - run->dx[0], y = run->dy[last] - run->dy[0];
    return x <= (columns - 1) * one - 2 && -x <= (columns - 1) * one - 2 &&
           y <= (rows - 1) * one - 2 && -y <= (rows - 1) * one - 2;
}

static inline lanes sum(lanes_bits quads, const struct spots *at)
{
    const lanes_bits sums = WIDE(madd_epi16)(WIDE(maddubs_epi16)(quads, at->wx), at->wy);
    return WIDE(cvtepi32_ps)(sums) * lanes_all(MFACE_COVER_SCALE);
}

static inline lanes cut(lanes mask)
{
    return lanes_pick(
        mask, MFACE_COVER_MASK_FLOOR, lanes_min(mask, lanes_all(1.0f)), lanes_all(0.0f));
}

/* Widens `set` by the pixels i + k < n whose bit k of `above_0` is set; false when there is none.
 */
static inline bool note_set(struct mface_range *set, unsigned above_0, int i, int n)
{
    above_0 &= n - i < N_LANES ? (1u << (n - i)) - 1 : ~0u;
    if (!above_0)
        return false;
    const int l = i + __builtin_ctz(above_0);
    set->l = l < set->l ? l : set->l;
    set->r = i + 32 - __builtin_clz(above_0);
    return true;
}

#endif

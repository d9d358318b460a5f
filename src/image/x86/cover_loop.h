/* The loop over a run, included behind what each instruction set does in its own way: `enum reach`,
 * `struct window`, find_window(), quads_of(), and above_0(), a bit for each lane. */
#include "image/x86/cover_rows.h"

/* `reach` is a constant where this is inlined. */
static inline __attribute__((always_inline)) struct mface_range cover(
    const struct mface_cover_run *taken, float *mask, float *r, float *g, float *b,
    enum reach reach)
{
    const struct mface_cover_run run = *taken;
    const struct corner corner = corner_of(&run);
    struct mface_range set = { run.n, 0 };
    for (int i = 0; i < run.n; i += N_LANES) {
        const struct spots at = spots_at(&run, i);
        const struct window window = find_window(&run, &at, corner, i, reach);
        const lanes m = cut(sum(quads_of(&window, 3 * run.plane, reach), &at));
        lanes_store(mask + i, m);
        if (!note_set(&set, above_0(m), i, run.n))
            continue;
        lanes_store(b + i, sum(quads_of(&window, 0, reach), &at));
        lanes_store(g + i, sum(quads_of(&window, run.plane, reach), &at));
        lanes_store(r + i, sum(quads_of(&window, 2 * run.plane, reach), &at));
    }
    return set;
}

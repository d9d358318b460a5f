/* Statistics that any component may publish and any thread may read while they change. */
#ifndef MFACE_BASE_STAT_H
#define MFACE_BASE_STAT_H

#include <stdatomic.h>
#include <stdint.h>

/* A monotonic count or a gauge; zero-initialised is ready. */
typedef _Atomic int64_t mface_counter;

static inline void mface_counter_add(mface_counter *counter, int64_t value)
{
    atomic_fetch_add_explicit(counter, value, memory_order_relaxed);
}

static inline int64_t mface_counter_get(const mface_counter *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Durations in microseconds, in buckets a sixteenth of an octave wide (≤ 4.4 % error), from
 * 1 µs to about 1 hour. Zero-initialised is empty and ready. Recording is wait-free. */
enum { MFACE_HIST_BUCKETS = 16 * 32 };

struct mface_hist {
    mface_counter n, sum_us;
    mface_counter bucket[MFACE_HIST_BUCKETS];
};

void mface_hist_add(struct mface_hist *hist, int64_t us);

/* The duration below which `fraction` (0..1) of the recorded ones lie, in microseconds; 0 when
 * nothing was recorded. */
double mface_hist_quantile_us(const struct mface_hist *hist, double fraction);

#endif

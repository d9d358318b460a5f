#include "pipeline/value.h"

#include <stddef.h>

enum {
    KEPT_ONE_IN = 16,
    MIN_RUNS = 64,    // before there is a verdict
    FADE_RUNS = 512,  // older figures count half
    JUDGE_EVERY = 16, // runs
};

static const double min_overhead = 0.25; // of a run

bool mface_value_keeps(struct mface_value *value, struct mface_key key)
{
    if (!atomic_load_explicit(&value->is_bypassed, memory_order_relaxed))
        return true;
    if (key.hi % KEPT_ONE_IN == 0)
        return true;
    mface_counter_add(&value->n_bypassed, 1);
    return false;
}

void mface_value_add_hit(struct mface_value *value)
{
    mface_counter_add(&value->n_demands, 1);
    mface_counter_add(&value->n_hits, 1);
}

static double mean(const mface_counter *sum, const mface_counter *n)
{
    const double count = (double)mface_counter_get(n);
    return count > 0 ? (double)mface_counter_get(sum) / count : 0;
}

static bool is_negative(const struct mface_value *value)
{
    const double run_ns = mean(&value->run_ns, &value->n_runs);
    const double store_ns = mean(&value->store_ns, &value->n_runs);
    const double lookup_ns = mean(&value->lookup_ns, &value->n_runs);
    const double hit_rate = mean(&value->n_hits, &value->n_demands);
    if (lookup_ns + store_ns < min_overhead * run_ns)
        return false;
    return hit_rate * run_ns < lookup_ns + (1 - hit_rate) * store_ns;
}

/* Threads that add meanwhile may lose a figure: these are estimates. */
static void fade(struct mface_value *value)
{
    mface_counter *const fading[] = { &value->n_demands, &value->n_hits, &value->n_runs,
        &value->lookup_ns, &value->run_ns, &value->store_ns };
    for (size_t i = 0; i < sizeof fading / sizeof fading[0]; i++)
        mface_counter_add(fading[i], -(mface_counter_get(fading[i]) / 2));
}

void mface_value_add_miss(
    struct mface_value *value, int64_t lookup_ns, int64_t run_ns, int64_t store_ns)
{
    mface_counter_add(&value->n_demands, 1);
    mface_counter_add(&value->n_runs, 1);
    mface_counter_add(&value->lookup_ns, lookup_ns);
    mface_counter_add(&value->run_ns, run_ns);
    mface_counter_add(&value->store_ns, store_ns);
    const int64_t n_runs = mface_counter_get(&value->n_runs);
    if (n_runs < MIN_RUNS || n_runs % JUDGE_EVERY != 0)
        return;
    atomic_store_explicit(&value->is_bypassed, is_negative(value), memory_order_relaxed);
    if (n_runs >= FADE_RUNS)
        fade(value);
}

/* What the advisor (memoface/advisor.h) makes of a job's figures; part of struct mface_stats. Plain
 * values: zeroed says that nobody has looked. */
#ifndef MEMOFACE_INSIGHT_H
#define MEMOFACE_INSIGHT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MFACE_ADVICE_MAX = 4,
    MFACE_TUNED_MAX = 24, // those that came later are only counted
    MFACE_INDICATORS_MAX = 5,
    MFACE_ADVICE_BYTES = 256,
};

/* One trouble, in plain words. `name` and `trouble` are static: "high-memory", "low-hit-rate",
 * "high-evictions", "high-cpu". */
struct mface_advice {
    const char *name, *trouble;
    char cause[MFACE_ADVICE_BYTES], solution[MFACE_ADVICE_BYTES], action[MFACE_ADVICE_BYTES];
};

/* One setting that auto-tune changed, and why: the name of the trouble, or "memory-is-free". */
struct mface_tuned {
    double wall_s; // since the job began
    const char *setting, *why;
    char from[24], to[24];
};

/* One sign of success. `value` stands against `bound`; static strings. */
struct mface_indicator {
    const char *name, *what, *unit; // "cpu", "CPU below 60 %", "%"
    int is_measured, is_met;        // never met where not measured
    double value, bound;
};

struct mface_insight {
    int n_advice;
    struct mface_advice advice[MFACE_ADVICE_MAX];
    int64_t n_tuned; // of which the first MFACE_TUNED_MAX are told
    struct mface_tuned tuned[MFACE_TUNED_MAX];
    char note[MFACE_ADVICE_BYTES]; // what looks like a trouble and is none; "" nothing
    int n_indicators;              // at the end of a job; 0 before
    struct mface_indicator indicators[MFACE_INDICATORS_MAX];
};

#ifdef __cplusplus
}
#endif
#endif

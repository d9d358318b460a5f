/* What the user's guide expects of the caches, and how a measured figure stands to it. */
#ifndef MFACE_STUDY_EXPECT_H
#define MFACE_STUDY_EXPECT_H

#include "study/pass.h"
#include <stdbool.h>

enum mface_verdict { MFACE_NOT_MEASURED, MFACE_MISSED, MFACE_MET };

/* Static: "not measured", "missed", "met". */
const char *mface_verdict_name(enum mface_verdict verdict);

/* Which way a figure may leave the range and still be what was promised. */
enum mface_sense { MFACE_MORE_IS_FINE, MFACE_LESS_IS_FINE, MFACE_WITHIN };

/* The same work three ways; NULL: not done. */
struct mface_trio {
    const struct mface_pass *plain; // no caches, one frame after the other
    const struct mface_pass *off;   // no caches
    const struct mface_pass *on;
};

struct mface_expectation {
    const char *key, *text, *expected; // "fps-2g", "FPS with 2 GB", "2-3x"
    const char *unit;                  // "x" or "%"
    double low, high;
    enum mface_sense sense;
    int64_t cache_bytes; // it is about a cache of this size; 0: the guide's default, see below
    double (*value)(const struct mface_trio *trio); // NAN: cannot be told
};

enum { MFACE_N_EXPECTATIONS = 8 };
extern const struct mface_expectation mface_expectations[MFACE_N_EXPECTATIONS];

/* The figure, NAN where it was not measured, and how it stands. */
double mface_expect_value(
    const struct mface_expectation *expectation, const struct mface_trio *trio);
enum mface_verdict mface_expect_judge(const struct mface_expectation *expectation, double value);

#endif

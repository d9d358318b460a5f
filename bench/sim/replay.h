/* A trace replayed: under a policy, and under the best there could be. */
#ifndef MFACE_BENCH_REPLAY_H
#define MFACE_BENCH_REPLAY_H

#include "store.h"
#include "trace.h"

/* Demands every frame of the trace as the engine does, and returns what had to be computed, in
 * microseconds. */
double replay(const struct trace *trace, struct store *store);

/* No cache of that many bytes, even one that knows the future, saves more than this, in
 * microseconds (bound.c says how it is found). */
double bound_saved_us(const struct trace *trace, int64_t budget_bytes);

#endif

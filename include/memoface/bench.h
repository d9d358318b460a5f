/* The benchmark of the whole pipeline: named workloads with caches off and on, and what the user's
 * guide expects beside what was measured (docs/bench.md). */
#ifndef MEMOFACE_BENCH_H
#define MEMOFACE_BENCH_H

#include <memoface/settings.h>
#include <memoface/status.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_bench; // opaque: the figures of one benchmark

enum { MFACE_BENCH_SIZES_MAX = 8 };

struct mface_bench_params {
    const char *model, *input;
    const char *input_format;              // FFmpeg's name, or NULL to probe
    const char *other_model;               // for workload `model`; NULL: that is skipped
    const struct mface_settings *settings; // of every run, but for the cache
    const char *workloads;                 // "first,loop"; NULL: all
    const char *sizes;                     // "1G,2G", ascending or not; NULL: 512M to 8G
    int frames;                            // of the clip, 8..100000; 0: 48
    /* Called before each run with one line of text; may be NULL. */
    void (*tell)(void *user, const char *line);
    void *user;
};

/* Runs everything, which takes minutes. Logs on failure: MFACE_ERR_ARG (an unknown workload, a size
 * that is none, no face in these frames), or what a session says. */
MFACE_API MFACE_NODISCARD enum mface_status mface_bench_run(
    const struct mface_bench_params *params, struct mface_bench **out);
MFACE_API void mface_bench_free(struct mface_bench **bench);

enum mface_bench_format { MFACE_BENCH_TEXT, MFACE_BENCH_JSON, MFACE_BENCH_HTML };

/* MFACE_ERR_IO, not logged. */
MFACE_API MFACE_NODISCARD enum mface_status mface_bench_write(
    const struct mface_bench *bench, enum mface_bench_format format, FILE *file);

#ifdef __cplusplus
}
#endif
#endif

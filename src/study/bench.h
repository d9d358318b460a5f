/* What the files of the benchmark share: its figures. */
#ifndef MFACE_STUDY_BENCH_H
#define MFACE_STUDY_BENCH_H

#include "study/expect.h"
#include "study/workload.h"
#include <memoface/bench.h>

/* Ways to run a workload: without caches and one frame after the other, without caches, and with
 * each size of the cache. */
enum { MFACE_WAY_PLAIN, MFACE_WAY_OFF, MFACE_WAY_SIZES };
enum { MFACE_WAYS_MAX = MFACE_WAY_SIZES + MFACE_BENCH_SIZES_MAX };

struct mface_bench {
    char *model, *other_model, *input; // owned; other_model may be NULL
    struct mface_job_facts facts;
    int n_cpus;
    const char *isa;
    int frames;                         // of the clip that a pass plays
    unsigned workloads;                 // wanted
    bool is_skipped[MFACE_N_WORKLOADS]; // wanted, but could not be
    int n_sizes;
    int64_t sizes[MFACE_BENCH_SIZES_MAX];                      // bytes, ascending
    int64_t small_bytes;                                       // of workload `small`; 0: not run
    double load_before, load_after;                            // of the machine, by the minute
    struct mface_pass runs[MFACE_N_WORKLOADS][MFACE_WAYS_MAX]; // without frames: not run
    bool is_exact[MFACE_N_WORKLOADS];                          // every way gave the same frames
};

/* The first pass over what a camera sends, in plain words. */
extern const char mface_bench_live_note[];
extern const char mface_bench_output_note[];

/* NULL where that was not run. `small` has but one size. */
const struct mface_pass *mface_bench_find(
    const struct mface_bench *bench, enum mface_workload workload, int way);

/* Other work had a share of the machine that shows in frames per second: which run it had the most
 * in, as a sentence. False: it hardly had any. */
bool mface_bench_print_others(const struct mface_bench *bench, char *text, size_t text_bytes);

/* "off", "2.0GB", … for charts and tables. */
void mface_bench_print_way(const struct mface_bench *bench, enum mface_workload workload, int way,
    char *text, size_t text_bytes);

/* The figure of a row of the guide on one workload; NAN: not measured. */
double mface_bench_value(const struct mface_bench *bench,
    const struct mface_expectation *expectation, enum mface_workload workload);

/* The size that rows without one of their own are about: the guide's 2 GB if it was run, else the
 * largest. */
int64_t mface_bench_usual_bytes(const struct mface_bench *bench);

/* bench_print.c, bench_html.c */
void mface_bench_write_text(const struct mface_bench *bench, FILE *file);
void mface_bench_write_json(const struct mface_bench *bench, FILE *file);
void mface_bench_write_html(const struct mface_bench *bench, FILE *file);

#endif

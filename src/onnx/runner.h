/* A runner from the inside: the memory of one run, with every tensor of every step resolved to an
 * address once, when it is made. What is not the same for each run is listed. */
#ifndef MFACE_ONNX_RUNNER_H
#define MFACE_ONNX_RUNNER_H

#include "onnx/plan.h"

/* A tensor whose memory is the caller's. */
struct mface_borrowed {
    struct mface_tensor *tensor;
    int input;
};

/* A tensor of one picture in memory that holds all of them. */
struct mface_sliced {
    struct mface_tensor *tensor;
    char *first; // picture; where the caller's memory is, set per run
    int input;   // -1: memory of the runner
    int step;
};

struct mface_runner {
    const struct mface_plan *plan;
    struct mface_runner *next;  // in the free list
    char *memory;               // the arena the plan laid out
    struct mface_arena arena;   // of what follows
    struct mface_op_args *args; // per step
    struct mface_borrowed *borrowed;
    size_t n_borrowed;
    struct mface_sliced *sliced; // in order of steps
    size_t n_sliced;
    int64_t *spent_ns;             // per step, of the run
    struct mface_step_time *times; // per step, while profiling; else NULL
};

/* Where a value lies; NULL: in the caller's memory, or nowhere. */
void *mface_runner_address(const struct mface_runner *runner, int value);

#endif

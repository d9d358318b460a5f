/* Traces (docs/trace.md) in memory: which results a job demanded, frame by frame. */
#ifndef MFACE_BENCH_TRACE_H
#define MFACE_BENCH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum stage { DETECT, MARK, ALIGN, CROP, PRE, SWAP, POST, MERGE, N_STAGES };

extern const char *const stage_names[N_STAGES];

/* A result, whether or not it is ever computed. Numbered from 1; 0 is none. */
struct object {
    uint64_t key;
    enum stage stage;
    double cost_us;
    int64_t bytes;
    int n_measured; // times the trace tells of it being computed
};

struct face {
    uint32_t mark, align, crop, pre, swap, post; // pre == crop: the settings change nothing there
};

struct frame {
    uint32_t detect, merge; // 0: not looked through; no face
    uint32_t first_face, n_faces;
};

struct trace {
    struct object *objects; // [1 … n_objects]
    struct frame *frames;
    struct face *faces;
    uint32_t n_objects, n_frames, n_faces, n_jobs;
    uint32_t *table; // key to object
    size_t n_slots;
};

/* Adds a file to *trace (zeroed at first). Prints what is wrong with it; false then. */
bool trace_read(struct trace *trace, const char *path);

/* Call once all files are read: what was never computed gets the mean of its stage. */
void trace_complete(struct trace *trace);
void trace_clear(struct trace *trace);

/* What all frames cost if nothing is kept, in microseconds. */
double trace_cost_us(const struct trace *trace);

#endif

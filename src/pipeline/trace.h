/* Traces: what a job demanded of the stage graph, for replay under other policies and sizes
 * (docs/trace.md). Text, a record a line, written as frames are done. */
#ifndef MFACE_PIPELINE_TRACE_H
#define MFACE_PIPELINE_TRACE_H

#include "pipeline/stages.h"
#include <memoface/status.h>
#include <stdint.h>

struct mface_trace; // thread-safe between open and close

/* Begins a file, replacing what it held. Logs on failure; MFACE_ERR_IO, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_trace_open(const char *path, struct mface_trace **out);

/* Ends the file and nulls the pointer; NULL is accepted. MFACE_ERR_IO, logged, if any of it could
 * not be written. */
MFACE_NODISCARD enum mface_status mface_trace_close(struct mface_trace **trace);

/* A job under these settings and models; nothing if that is what was last said. Frames say it of
 * themselves, for settings may change while some are in flight. */
void mface_trace_add_job(struct mface_trace *trace, const struct mface_stage_bases *bases);

/* A result that was computed: its own cost, without what it demanded, and its size. */
void mface_trace_add_result(struct mface_trace *trace, enum mface_stage stage, struct mface_key key,
    int64_t cost_ns, size_t size);

/* A frame and the keys of its chain. */
struct mface_eval;
void mface_trace_add_frame(struct mface_trace *trace, const struct mface_eval *eval);

#endif

#include "pipeline/trace.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/eval.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct mface_trace {
    FILE *file;
    char *path;
    pthread_mutex_t lock; // guards what follows, and what is written
    uint64_t job;         // whose demands follow
};

enum mface_status mface_trace_open(const char *path, struct mface_trace **out)
{
    struct mface_trace *trace = mface_mem_calloc(1, sizeof *trace);
    *out = NULL;
    if (!trace)
        return mface_fail_nomem("trace");
    trace->path = mface_mem_strdup(path);
    trace->file = trace->path ? fopen(path, "we") : NULL;
    if (!trace->file) {
        const enum mface_status status =
            trace->path ? mface_fail(MFACE_ERR_IO, "%s: %s", path, strerror(errno))
                        : mface_fail_nomem("trace");
        mface_mem_free(trace->path);
        mface_mem_free(trace);
        return status;
    }
    pthread_mutex_init(&trace->lock, NULL);
    fprintf(trace->file, "memoface-trace 1\n");
    *out = trace;
    return MFACE_OK;
}

enum mface_status mface_trace_close(struct mface_trace **trace_ptr)
{
    struct mface_trace *trace = *trace_ptr;
    enum mface_status status = MFACE_OK;
    if (!trace)
        return MFACE_OK;
    const bool failed = ferror(trace->file);
    if (fclose(trace->file) != 0 || failed)
        status = mface_fail(MFACE_ERR_IO, "%s: the trace could not be written", trace->path);
    pthread_mutex_destroy(&trace->lock);
    mface_mem_free(trace->path);
    mface_mem_free(trace);
    *trace_ptr = NULL;
    return status;
}

/* With the lock. */
static void begin_job(struct mface_trace *trace, const struct mface_stage_bases *bases)
{
    const struct mface_key version = mface_key_from_bytes(bases, sizeof *bases);
    if (version.lo != trace->job)
        fprintf(trace->file, "job %016" PRIx64 "\n", version.lo);
    trace->job = version.lo;
}

void mface_trace_add_job(struct mface_trace *trace, const struct mface_stage_bases *bases)
{
    pthread_mutex_lock(&trace->lock);
    begin_job(trace, bases);
    pthread_mutex_unlock(&trace->lock);
}

void mface_trace_add_result(struct mface_trace *trace, enum mface_stage stage, struct mface_key key,
    int64_t cost_ns, size_t size)
{
    pthread_mutex_lock(&trace->lock);
    fprintf(trace->file, "result %s %016" PRIx64 " %.3f %zu\n", mface_stage_get(stage)->name,
        key.lo, (double)cost_ns / 1000, size);
    pthread_mutex_unlock(&trace->lock);
}

static void add_face(FILE *file, const struct mface_face *face)
{
    const uint64_t keys[] = { face->mark_key.lo, face->align_key.lo, face->align.crop_key.lo,
        face->pre_key.lo, face->swap_key.lo, face->post_key.lo };
    fprintf(file, "face");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        fprintf(file, " %016" PRIx64, keys[i]);
    fprintf(file, "\n");
}

void mface_trace_add_frame(struct mface_trace *trace, const struct mface_eval *eval)
{
    pthread_mutex_lock(&trace->lock); // a frame's lines stay together
    begin_job(trace, &eval->engine->bases);
    fprintf(trace->file, "frame %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %d\n",
        eval->canvas->key.lo, eval->detect_key.lo, eval->merge_key.lo, eval->n_faces);
    for (int i = 0; i < eval->n_faces; i++)
        add_face(trace->file, &eval->faces[i]);
    pthread_mutex_unlock(&trace->lock);
}

/* A session from the inside: session.c makes and steers it, session_cache.c fits its caches to its
 * settings, job.c runs a job, job_media.c opens and ends what a job reads and writes. */
#ifndef MFACE_PIPELINE_JOB_H
#define MFACE_PIPELINE_JOB_H

#include "cache/governor.h"
#include "media/media.h"
#include "pipeline/collect.h"
#include "pipeline/control.h"
#include "pipeline/models.h"
#include "pipeline/preview.h"
#include "pipeline/report.h"
#include "pipeline/seen.h"
#include "pipeline/trace.h"
#include <memoface/session.h>
#include <stdatomic.h>

struct mface_session {
    struct mface_settings settings; // of the calling thread; adopted from `control` as a job runs
    struct mface_control *control;
    struct mface_preview *preview;
    struct mface_models models;
    struct mface_cache *cache;      // NULL: turned off
    struct mface_governor governor; // of the cache
    struct mface_disk *disk;        // NULL: turned off, or not to be had
    struct mface_disk_stats disk_start;
    struct mface_tally tally; // of the job that runs or ran last
    struct mface_job_start start;
    struct mface_seen seen; // frames, over all jobs
    /* With `control` and `preview` the only field that other threads touch; signal handlers, too.
     */
    atomic_bool cancel;
};

/* session_cache.c; all of the calling thread. */

/* Makes what the settings ask for. A disk cache that cannot be had is told and gone without.
 * MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_session_make_caches(struct mface_session *session);

/* Makes `settings` the session's, between jobs. Keeps what the caches hold where the change allows
 * it. After a failure nothing has changed. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_session_change_settings(
    struct mface_session *session, const struct mface_settings *settings);

/* Takes over what was changed through `control`. All but the cache has taken effect by then. */
void mface_session_adopt_settings(struct mface_session *session);

/* session.c; borrows the names of the model. */
struct mface_report_model mface_session_report_model(const struct mface_session *session);

/* One job while it runs. */
struct mface_run {
    struct mface_session *session;
    const struct mface_job *job;
    struct mface_reader *reader;
    struct mface_writer *writer;
    struct mface_trace *trace; // NULL: none
    int64_t frames_total;
    bool has_stills, is_live;
    int64_t progress_us;                // when progress was last told
    bool has_output;                    // finished under its name
    bool check_only;                    // the output is not made
    struct mface_provenance provenance; // the writer borrows its strings
};

/* job_media.c */

/* Whether all that the job writes may be what it is: see output_check.h. */
MFACE_NODISCARD enum mface_status mface_run_check_paths(const struct mface_run *run);

/* Both set what they open in `run`. What the reader or writer says. */
MFACE_NODISCARD enum mface_status mface_run_open_reader(struct mface_run *run);
MFACE_NODISCARD enum mface_status mface_run_open_writer(struct mface_run *run);

/* Finishes the output if it is worth keeping: `status` is how the job ended, `is_writable` whether
 * the output is sound. Returns `status`, or what went wrong now. */
MFACE_NODISCARD enum mface_status mface_run_end_output(
    struct mface_run *run, enum mface_status status, bool is_writable);

/* Where one is asked for and there is an output. MFACE_OK, MFACE_ERR_IO, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_run_write_sidecar(const struct mface_run *run);

#endif

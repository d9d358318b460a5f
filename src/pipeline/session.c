/* Sessions keep the cache and the models; a job borrows them for one input and one output. */
#include <memoface/session.h>

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "cache/governor.h"
#include "media/media.h"
#include "pipeline/collect.h"
#include "pipeline/folder.h"
#include "pipeline/live.h"
#include "pipeline/models.h"
#include "pipeline/output_check.h"
#include "pipeline/pipeline.h"
#include "pipeline/report.h"
#include "pipeline/spill.h"
#include "pipeline/trace.h"

#include <stdatomic.h>
#include <string.h>

enum { DEFAULT_INTERVAL_MS = 500 };

struct mface_session {
    struct mface_settings settings;
    /* The same but for precision: the one that is used. Results go by what made them, so those of
     * `auto` are those of what it chose. */
    struct mface_settings used;
    struct mface_models models;
    struct mface_cache *cache;      // NULL: turned off
    struct mface_governor governor; // of the cache
    struct mface_disk *disk;        // NULL: turned off, or not to be had
    struct mface_disk_stats disk_start;
    struct mface_tally tally; // of the job that runs or ran last
    struct mface_job_start start;
    atomic_bool cancel; // the only field that other threads and signal handlers touch
};

static enum mface_status make_cache(
    const struct mface_settings *settings, struct mface_cache **cache)
{
    const struct mface_cache_params params = {
        .budget_bytes = settings->cache_size_bytes,
        .policy = mface_policy_names[settings->policy],
    };
    *cache = NULL;
    return params.budget_bytes > 0 ? mface_cache_create(&params, cache) : MFACE_OK;
}

/* A cache is no reason to fail: without the disk the job runs all the same. */
static void open_disk(struct mface_session *session)
{
    const struct mface_settings *settings = &session->settings;
    char folder[PATH_MAX];
    mface_folder_find(settings->cache_dir, folder);
    if (!folder[0])
        return;
    const struct mface_disk_params params = {
        .dir = folder,
        .limit_bytes = settings->disk_cache_size_bytes,
        .realm = mface_spill_realm(),
    };
    if (params.limit_bytes > 0 && mface_disk_open(&params, &session->disk) != MFACE_OK)
        mface_log(MFACE_LOG_WARN, "going on without the disk cache");
}

/* Opened anew only when its own settings change. */
static void change_disk(struct mface_session *session, const struct mface_settings *before)
{
    const struct mface_settings *now = &session->settings;
    if (now->disk_cache_size_bytes == before->disk_cache_size_bytes &&
        strcmp(now->cache_dir, before->cache_dir) == 0)
        return;
    mface_disk_close(&session->disk);
    open_disk(session);
}

static void start_governor(struct mface_session *session, const struct mface_settings *settings)
{
    mface_governor_init(&session->governor, session->cache, settings->cache_size_bytes,
        mface_pressure_read, (void *)&mface_pressure_system);
}

/* Keeps what the cache holds where the change allows it. */
static enum mface_status change_cache(
    struct mface_session *session, const struct mface_settings *settings)
{
    const bool same_policy = settings->policy == session->settings.policy;
    if (session->cache && settings->cache_size_bytes > 0 && same_policy)
        return mface_governor_set_limit(&session->governor, settings->cache_size_bytes);
    struct mface_cache *cache;
    MFACE_TRY(make_cache(settings, &cache));
    mface_cache_free(&session->cache);
    session->cache = cache;
    start_governor(session, settings);
    return MFACE_OK;
}

enum mface_status mface_session_create(
    const char *model, const struct mface_settings *settings, struct mface_session **out)
{
    struct mface_session *session = mface_mem_calloc(1, sizeof *session);
    if (!session)
        return mface_fail_nomem("session");
    session->settings = *settings;
    enum mface_status status = mface_models_open(&session->models, model, settings);
    if (status == MFACE_OK)
        status = make_cache(settings, &session->cache);
    if (status != MFACE_OK) {
        mface_session_free(&session);
    } else {
        open_disk(session);
        start_governor(session, settings);
    }
    *out = session;
    return status;
}

void mface_session_free(struct mface_session **session)
{
    if (!*session)
        return;
    mface_models_clear(&(*session)->models);
    mface_disk_close(&(*session)->disk);
    mface_cache_free(&(*session)->cache);
    mface_mem_free(*session);
    *session = NULL;
}

enum mface_status mface_session_configure(
    struct mface_session *session, const struct mface_settings *settings)
{
    MFACE_TRY(mface_models_open(&session->models, session->models.dfm_path, settings));
    MFACE_TRY(change_cache(session, settings));
    const struct mface_settings before = session->settings;
    session->settings = *settings;
    change_disk(session, &before);
    return MFACE_OK;
}

enum mface_status mface_session_set_model(struct mface_session *session, const char *model)
{
    return mface_models_open(&session->models, model, &session->settings);
}

void mface_session_cancel(struct mface_session *session)
{
    atomic_store(&session->cancel, true);
}

static struct mface_report_model report_model(const struct mface_session *session)
{
    return (struct mface_report_model) {
        .path = session->models.dfm_path,
        .info = mface_dfm_info(session->models.dfm),
    };
}

enum mface_status mface_session_write_report(
    const struct mface_session *session, const struct mface_stats *stats, FILE *file)
{
    const struct mface_report_model model = report_model(session);
    return mface_report_write(stats, &session->settings, &model, file);
}

/* One job while it runs. */
struct run {
    struct mface_session *session;
    const struct mface_job *job;
    struct mface_reader *reader;
    struct mface_writer *writer;
    struct mface_engine *engine;
    struct mface_trace *trace; // NULL: none
    int64_t frames_total;
    bool has_stills, is_live;
    int64_t progress_us;                // when progress was last told
    bool has_output;                    // finished under its name
    struct mface_provenance provenance; // the writer borrows its strings
};

static void collect(const struct run *run, struct mface_stats *stats)
{
    const struct mface_session *session = run->session;
    mface_stats_collect(&session->start, &session->tally, session->cache, stats);
    if (session->disk)
        mface_stats_collect_disk(&session->disk_start, session->disk, &stats->disk);
    stats->governor = session->governor.stats;
    stats->frames_total = run->frames_total;
}

static int64_t progress_interval_us(const struct run *run)
{
    return 1000 *
           (int64_t)(run->job->interval_ms > 0 ? run->job->interval_ms : DEFAULT_INTERVAL_MS);
}

/* The thread that encodes also governs: while it is held up, no frame leaves and so none enters. */
static void tick(void *user)
{
    struct run *run = user;
    struct mface_stats stats;
    const int64_t now_us = mface_time_us();
    mface_governor_tick(&run->session->governor, now_us);
    if (!run->job->progress || now_us - run->progress_us < progress_interval_us(run))
        return;
    run->progress_us = now_us;
    collect(run, &stats);
    run->job->progress(run->job->user, &stats, 0);
}

static enum mface_status open_reader(struct run *run)
{
    const struct mface_settings *settings = &run->session->settings;
    run->is_live = settings->latency == MFACE_LATENCY_ON ||
                   (settings->latency == MFACE_LATENCY_AUTO &&
                       mface_input_is_live(run->job->input, run->job->input_format));
    const struct mface_reader_params params = {
        .url = run->job->input,
        .format = run->job->input_format,
        .threads =
            run->is_live ? 1 : mface_settings_n_decode_threads(settings), // each holds a frame
        .cancel = &run->session->cancel,
    };
    MFACE_TRY(mface_reader_open(&params, &run->reader));
    struct mface_reader_info info;
    mface_reader_get_info(run->reader, &info);
    run->frames_total = info.n_frames;
    run->has_stills = info.fps == 0;
    return MFACE_OK;
}

/* The encoder chooses its own threads: with some encoders the stream would else depend on a setting
 * that must not show in the output. */
static enum mface_status open_writer(struct run *run)
{
    const struct mface_job *job = run->job;
    const struct mface_report_model model = report_model(run->session);
    mface_provenance_init(&run->provenance, &model);
    const struct mface_writer_params params = {
        .url = job->output,
        .format = job->output_format,
        .encoder = job->encoder,
        .pixel_format = job->pixel_format,
        .quality = job->quality,
        .speed = job->speed,
        .metadata = job->no_provenance ? NULL : run->provenance.metadata,
    };
    return mface_writer_open(&params, run->reader, &run->writer);
}

static enum mface_status make_engine(struct run *run)
{
    struct mface_session *session = run->session;
    struct mface_engine_models models;
    mface_models_describe(&session->models, &models);
    session->used = session->settings;
    session->used.precision = (int)mface_dfm_info(session->models.dfm)->precision_used;
    const struct mface_engine_params params = {
        .settings = &session->used,
        .models = &models,
        .cache = session->cache,
        .tally = &session->tally,
        .disk = session->disk,
        .trace = run->trace,
    };
    return mface_engine_create(&params, &run->engine);
}

/* A sound output is finished even if the input broke off or the user stopped it; one without a
 * single frame is not worth keeping. */
static enum mface_status end_output(struct run *run, enum mface_status status, bool is_writable)
{
    const bool is_empty = mface_counter_get(&run->session->tally.frames) == 0;
    if (!is_writable || is_empty) {
        mface_writer_discard(&run->writer);
        if (status == MFACE_OK)
            return mface_fail(MFACE_ERR_FORMAT, "%s: no frame could be decoded", run->job->input);
        return status;
    }
    const enum mface_status finished = mface_writer_finish(&run->writer);
    run->has_output = finished == MFACE_OK;
    return finished != MFACE_OK ? finished : status;
}

static enum mface_status run_pipeline(struct run *run)
{
    const int64_t interval_us = progress_interval_us(run);
    const struct mface_pipeline_params params = {
        .reader = run->reader,
        .writer = run->writer,
        .engine = run->engine,
        .tally = &run->session->tally,
        .n_workers = mface_settings_n_workers(&run->session->settings),
        .newest_wins = run->is_live && !run->has_stills,
        .frames_are_alone = run->has_stills,
        .cancel = &run->session->cancel,
        .tick = tick,
        .user = run,
        .interval_us =
            interval_us < MFACE_GOVERNOR_INTERVAL_US ? interval_us : MFACE_GOVERNOR_INTERVAL_US,
    };
    bool is_writable;
    run->progress_us = mface_time_us();
    const enum mface_status status = mface_pipeline_run(&params, &is_writable);
    return end_output(run, status, is_writable);
}

static enum mface_status run_steps(struct run *run)
{
    MFACE_TRY(open_reader(run));
    if (run->job->trace)
        MFACE_TRY(mface_trace_open(run->job->trace, &run->trace));
    MFACE_TRY(make_engine(run));
    MFACE_TRY(open_writer(run));
    return run_pipeline(run);
}

static void run_clear(struct run *run)
{
    mface_writer_discard(&run->writer);
    mface_engine_free(&run->engine);
    if (run->reader)
        mface_reader_close(&run->reader);
}

static enum mface_status check(const struct mface_job *job)
{
    MFACE_TRY(mface_output_check(job->input, job->output, job->overwrite));
    if (job->trace)
        MFACE_TRY(mface_output_check(job->input, job->trace, job->overwrite));
    return job->sidecar ? mface_output_check(job->input, job->sidecar, job->overwrite) : MFACE_OK;
}

static enum mface_status write_sidecar(const struct run *run)
{
    const struct mface_report_model model = report_model(run->session);
    if (!run->job->sidecar || !run->has_output)
        return MFACE_OK;
    return mface_provenance_write_sidecar(run->job->sidecar, run->job->output, &model);
}

/* The last figures, with what only the end can tell. */
static void tell_end(const struct run *run, struct mface_stats *stats)
{
    collect(run, stats);
    if (run->reader)
        stats->frames_damaged = mface_reader_n_damaged(run->reader);
    if (run->job->progress)
        run->job->progress(run->job->user, stats, 1);
}

enum mface_status mface_session_run(
    struct mface_session *session, const struct mface_job *job, struct mface_stats *stats)
{
    struct mface_stats local;
    struct run run = { .session = session, .job = job };
    memset(&session->tally, 0, sizeof session->tally);
    mface_job_start_init(&session->start, session->cache);
    if (session->disk)
        mface_disk_get_stats(session->disk, &session->disk_start);
    enum mface_status status = check(job);
    if (status == MFACE_OK)
        status = run_steps(&run);
    const enum mface_status written = write_sidecar(&run);
    status = written != MFACE_OK ? written : status;
    const enum mface_status traced = mface_trace_close(&run.trace);
    status = status != MFACE_OK ? status : traced;
    tell_end(&run, stats ? stats : &local);
    run_clear(&run);
    atomic_store(&session->cancel, false); // used up: the next job starts afresh
    return status;
}

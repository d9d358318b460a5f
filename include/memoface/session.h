/* Sessions: the face swap itself.
 *
 * A session holds what outlives one clip: the cache, the face models, the DFM. A job is one input
 * swapped into one output. Running the same clip again in one session with another post-gamma
 * computes no inference twice. */
#ifndef MEMOFACE_SESSION_H
#define MEMOFACE_SESSION_H

#include <memoface/cache.h>
#include <memoface/disk.h>
#include <memoface/insight.h>
#include <memoface/settings.h>
#include <memoface/status.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_session; // opaque

/* Loads the models and makes the cache. `model`: path of the DFM. Settings are copied. Logs on
 * failure; the status of whatever failed. */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_create(
    const char *model, const struct mface_settings *settings, struct mface_session **out);
MFACE_API void mface_session_free(struct mface_session **session);

/* Replaces the settings for the next job. Settings that need another model file open it. */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_configure(
    struct mface_session *session, const struct mface_settings *settings);

/* Opens another DFM for the next job; the cache is kept. */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_set_model(
    struct mface_session *session, const char *model);

enum { MFACE_STAGES_MAX = 16 };

struct mface_stage_stats {
    const char *name; // "swap"; static
    int64_t demands, hits, runs;
    double ms_total, ms_p50, ms_p95; // of the runs
    int64_t bytes;                   // in the cache now
    int bypassed;                    // keeping its results costs more than it saves
    int64_t n_bypassed;              // demands that went past the cache for that
};

/* Figures of one job, while it runs or when it is done; exact once it is done. */
struct mface_stats {
    int64_t frames;           // written
    int64_t frames_total;     // an estimate; 0 unknown
    int64_t frames_in_flight; // begun and not written yet; 0 once a pause has come to rest
    int64_t faces;            // faces swapped, over all frames
    int64_t faces_hidden; // of these; nothing of them shows, their masks being empty for instance
    int64_t frames_without_face;
    int64_t frames_failed;     // passed through unchanged because a stage failed
    int64_t frames_damaged;    // could not be decoded
    int64_t frames_dropped;    // left out because newer ones were there (latency)
    int64_t frames_repeated;   // whose very pixels the session had seen before; at least
    double wall_s, fps, cpu_s; // pauses included
    double open_s, open_cpu_s; // of both, until input and output were open
    double predicted_fps;      // as the job said; 0: not
    double start_s, end_s;     // likewise
    double paused_s;
    int64_t settings_version; // 1 and one more for each change (memoface/control.h)
    double cpu_percent;       // of all processors this process may use, 0..100
    double cpu_ms_per_frame;
    int64_t peak_rss_bytes;
    int64_t alloc_failures;                                // memory that the system refused
    double latency_p50_ms, latency_p95_ms, latency_p99_ms; // decoded to encoded, per frame
    double hit_rate;      // faces served without inference / faces demanded, 0..1
    double eviction_rate; // entries evicted / inserted, 0..1
    int64_t face_demands, face_hits;
    struct mface_cache_stats cache;       // counts are this job's, sizes are now
    struct mface_disk_stats disk;         // likewise; all 0 without a disk tier
    struct mface_governor_stats governor; // since the session began, or its cache
    int n_stages;
    struct mface_stage_stats stages[MFACE_STAGES_MAX];
    struct mface_insight insight; // of whoever asked an advisor; else zeroed
};

/* Called about `interval_ms` apart from the thread that called mface_session_run(), and once at
 * the end with done != 0. */
typedef void (*mface_progress_fn)(void *user, const struct mface_stats *stats, int done);

struct mface_job {
    const char *input;          // anything FFmpeg opens, or a directory of images
    const char *input_format;   // FFmpeg's name, or NULL to probe
    double start_s;             // of a video: frames from here on; 0: all
    double end_s;               // of a video: frames before that; 0: all; else > start_s
    int64_t frames_skip;        // of these so many are left out first (benchmarks)
    int64_t frames_max;         // then so many are taken; 0: all
    int hold;                   // each frame so often (benchmarks); 0: once
    const char *output;         // anything FFmpeg writes; directory input: a directory
    const char *output_format;  // FFmpeg's name, or NULL to go by the name
    const char *encoder;        // FFmpeg's name; NULL: as the settings say, as the next three
    const char *pixel_format;   // FFmpeg's name
    const char *speed;          // the encoder's preset word
    int quality;                // CRF as the encoder counts it; -1: as the settings say
    int overwrite;              // replace an existing output; else MFACE_ERR_ARG
    int no_provenance;          // leave out the metadata that says what made the output
    const char *sidecar;        // also write the provenance as JSON to this file; NULL: no
    double predicted_fps;       // what memoface/forecast.h said of this job; 0: nothing
    const char *trace;          // also record what was demanded (docs/trace.md); NULL: no
    mface_progress_fn progress; // may be NULL
    void *user;
    int interval_ms; // 0: 500
};

/* Swaps one input into one output. Blocks until done. A frame in which a stage fails is written
 * unchanged and counted. On MFACE_ERR_CANCELED the output is finished properly and holds every
 * frame up to then. `stats` may be NULL. Logs on failure. One job at a time per session.
 *
 * start_s and end_s, 0..1e9, choose a piece of a video. They are counted in seconds from the
 * input's beginning, whatever its clock says there. The output begins at 0; sound, subtitles and
 * chapters are cut alike. What is live takes end_s only: how long to record. MFACE_ERR_ARG: a piece
 * of images, or one that holds no frame. */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_run(
    struct mface_session *session, const struct mface_job *job, struct mface_stats *stats);

/* What a job would work on, and with what. */
struct mface_job_facts {
    int w, h;             // upright pixels of the input
    double fps;           // 0 for still images
    int64_t frames_total; // an estimate; 0 unknown
    char codec[32];       // of the input: "h264"
    char encoder[32], pixel_format[32];
    int model_w, model_h;
    char model_precision[8]; // "bf16"
    char model_sha256[65];
};

/* Checks a job as far as can be without writing a byte: input, output and its place, encoder.
 * Status and log as mface_session_run(). */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_check(
    struct mface_session *session, const struct mface_job *job, struct mface_job_facts *facts);

/* Asks the running job to stop soon; async-signal-safe. */
MFACE_API void mface_session_cancel(struct mface_session *session);

/* Writes the report (docs/report.md) of the last job as JSON. MFACE_ERR_IO, not logged. */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_write_report(
    const struct mface_session *session, const struct mface_stats *stats, FILE *file);

/* Prints text as a JSON string, quotes included. A byte that is no part of UTF-8, as names of files
 * may have, becomes U+FFFD. */
MFACE_API void mface_json_write_text(FILE *file, const char *text);

/* Prints the table of stages: name, inputs, settings, version, what is cached. */
MFACE_API void mface_graph_print(FILE *file, int as_json);

/* The library's version, "0.1.0". Static storage. */
MFACE_API const char *mface_version(void);

#ifdef __cplusplus
}
#endif
#endif

/* A pass: jobs of one session that count as one, their output reduced to a digest. */
#ifndef MFACE_STUDY_PASS_H
#define MFACE_STUDY_PASS_H

#include <memoface/key.h>
#include <memoface/session.h>

/* Sums of several jobs; zeroed is none yet. Rates are made of the sums. */
struct mface_pass {
    int64_t frames, faces, face_demands, face_hits;
    double wall_s, cpu_s; // opening and closing of files included
    double open_s, open_cpu_s;
    double others_s; // processor time that other work on the machine took meanwhile
    double stage_ms; // of all stages between decoding and encoding, a thread's time
    int64_t inserts, evictions;
    double saved_ms;
    int64_t cache_bytes, cache_limit_bytes;            // at the end of the last job
    int64_t rss_bytes;                                 // of the process then
    struct mface_stage_stats stages[MFACE_STAGES_MAX]; // counts and ms_total are sums
    int n_stages;
    struct mface_key digest; // of every frame that was written, in order; of no sound
};

void mface_pass_add(struct mface_pass *pass, const struct mface_stats *stats);

double mface_pass_fps(const struct mface_pass *pass);
double mface_pass_cpu_ms(const struct mface_pass *pass);   // a frame
double mface_pass_stage_ms(const struct mface_pass *pass); // a frame
double mface_pass_hit_rate(const struct mface_pass *pass);
double mface_pass_eviction_rate(const struct mface_pass *pass);
double mface_pass_memory_use(const struct mface_pass *pass); // 0..1 of the cache's limit
/* 0..1 of the machine's processors that other work had: where it is not small, frames per second
 * say more of the machine than of the run. 0 where it cannot be known. */
double mface_pass_others_share(const struct mface_pass *pass);
#define MFACE_OTHERS_SHARE_SHOWS 0.1 // above it people are told

/* A stage by its name; NULL: none. */
const struct mface_stage_stats *mface_pass_stage(const struct mface_pass *pass, const char *name);

/* Runs a job and adds it. Logs on failure. */
MFACE_NODISCARD enum mface_status mface_pass_play(
    struct mface_pass *pass, struct mface_session *session, const struct mface_job *job);

/* Runs a job into uncompressed frames of which only checksums are kept, and adds it. `folder` is
 * for those. What `job` says of its output does not count. Logs on failure. */
MFACE_NODISCARD enum mface_status mface_pass_run(struct mface_pass *pass,
    struct mface_session *session, const struct mface_job *job, const char *folder);

/* A private folder under $TMPDIR or /tmp. MFACE_ERR_IO, logged. */
enum { MFACE_PASS_FOLDER_BYTES = 256 };
MFACE_NODISCARD enum mface_status mface_pass_make_folder(char folder[MFACE_PASS_FOLDER_BYTES]);
void mface_pass_remove_folder(const char *folder);

#endif

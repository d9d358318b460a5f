/* What the dashboard shows and changes: a session, or a stand-in in tests. */
#ifndef MFACE_SERVE_SOURCE_H
#define MFACE_SERVE_SOURCE_H

#include <memoface/control.h>
#include <memoface/dashboard.h>

/* Statuses and thread-safety as those of memoface/control.h and memoface/session.h. */
struct mface_source {
    void *user;
    enum mface_status (*patch)(void *user, const char *const *pairs,
        struct mface_control_state *state, struct mface_refusal *refusal);
    enum mface_status (*get_settings)(void *user, struct mface_settings **out);
    void (*get_control)(void *user, struct mface_control_state *state);
    void (*pause)(void *user, int on);
    enum mface_status (*preview)(void *user, enum mface_side side, int max_side_px, int wait_ms,
        unsigned char **jpeg, size_t *jpeg_bytes, int64_t *frame);
    enum mface_status (*write_report)(void *user, const struct mface_stats *stats, FILE *file);
};

struct mface_source mface_source_of_session(struct mface_session *session);

/* Rates over the last seconds, where those of mface_stats are since the job began. */
struct mface_recent {
    double fps, cpu_percent, hit_rate, evictions_per_s;
};

/* What was last published; a plain value. */
struct mface_snapshot {
    int64_t sequence; // 0: nothing yet
    struct mface_stats stats;
    struct mface_recent recent;
};

#endif

/* The advisor: what is wrong with a running job, why, and which option to set to what value.
 *
 * It reads published statistics and settings only. Four troubles are known (high memory use, low
 * hit rate, high eviction rate, high CPU use); docs/advice.md says by which figures. With the
 * setting auto-tune it also acts, within the limits the user set. Its clock is mface_stats.wall_s.
 */
#ifndef MEMOFACE_ADVISOR_H
#define MEMOFACE_ADVISOR_H

#include <memoface/session.h>
#include <memoface/settings.h>
#include <memoface/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_advisor; // opaque; one thread at a time, one job

struct mface_advisor_params {
    /* Changes settings as mface_session_patch() does, whose status it returns; `pairs` likewise.
     * NULL: auto-tune changes nothing. */
    enum mface_status (*patch)(void *user, const char *const *pairs);
    void *user;
};

/* MFACE_ERR_NOMEM. */
MFACE_API MFACE_NODISCARD enum mface_status mface_advisor_create(
    const struct mface_advisor_params *params, struct mface_advisor **out);
MFACE_API void mface_advisor_free(struct mface_advisor **advisor); // nulls; accepts NULL inside

/* Looks at a job and fills stats->insight; call it as often as there are figures, and at the end
 * with done != 0. `settings`: those in force.
 * While the job runs advice goes by the last quarter of a minute: it appears when a figure was
 * beyond its mark at two looks a second apart, and goes when it was well within at three. At the
 * end it goes by the whole job, and the indicators are there. */
MFACE_API void mface_advisor_look(struct mface_advisor *advisor, struct mface_stats *stats,
    const struct mface_settings *settings, int done);

#ifdef __cplusplus
}
#endif
#endif

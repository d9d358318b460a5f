/* Control: settings, pause and preview of a session while a job runs.
 *
 * Every function here may be called from any thread at any time between mface_session_create() and
 * mface_session_free(), also while mface_session_run() goes on in another thread; none of them
 * waits for a frame, but for the preview where it says so. */
#ifndef MEMOFACE_CONTROL_H
#define MEMOFACE_CONTROL_H

#include <memoface/session.h>
#include <memoface/settings.h>
#include <memoface/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_control_state {
    int64_t settings_version; // 1, 2, …: raised by each change
    int64_t first_frame;      // of the running job: the first one under the settings in force
    int64_t frames_let_in;    // of the running job, or the last
    int is_running, is_paused;
    double paused_s; // of the running job, or the last
};

MFACE_API void mface_session_get_control(
    struct mface_session *session, struct mface_control_state *state);

/* Why a change was refused. */
struct mface_refusal {
    char key[64]; // the setting, as far as it fits
    char message[384];
};

/* Changes settings: `pairs` holds key, text, key, text, …, NULL; texts as mface_settings_set()
 * takes them. All of them or, on failure, none. A frame goes by one version of the settings from
 * its first stage to its last: frames that have begun finish with the old ones, the next frame has
 * the new ones, and what is cached of any frame is used. The size of the cache follows within
 * 0.2 s. Settings that need more than that (mface_setting_info.is_fixed) are refused: they are for
 * mface_session_configure() between two jobs.
 * `state` (may be NULL) is what holds afterwards. Not logged; on failure *refusal (may be NULL)
 * says why. MFACE_ERR_NOENT: no such setting; MFACE_ERR_ARG: not accepted; MFACE_ERR_UNSUPPORTED:
 * not in this way; MFACE_ERR_NOMEM. */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_patch(struct mface_session *session,
    const char *const *pairs, struct mface_control_state *state, struct mface_refusal *refusal);

/* A copy of the settings in force. MFACE_ERR_NOMEM. */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_get_settings(
    struct mface_session *session, struct mface_settings **out);

/* on != 0: no further frame is worked on until on == 0 (or the job is canceled); frames that were
 * are finished and written. Ends with the job. */
MFACE_API void mface_session_pause(struct mface_session *session, int on);

enum mface_side { MFACE_SIDE_BEFORE, MFACE_SIDE_AFTER };

/* A recent frame as a JPEG no wider or higher than `max_side_px` (16..4096): before or after the
 * swap. Frames are looked at only after somebody asked, so this waits up to `wait_ms` for one that
 * is new since the call, and else takes the one last looked at. *frame is its index. Encoding takes
 * place in the caller's thread. Free *jpeg with mface_preview_free().
 * MFACE_ERR_NOENT (not logged): there is none. MFACE_ERR_NOMEM, MFACE_ERR_UNSUPPORTED. */
MFACE_API MFACE_NODISCARD enum mface_status mface_session_preview(struct mface_session *session,
    enum mface_side side, int max_side_px, int wait_ms, unsigned char **jpeg, size_t *jpeg_bytes,
    int64_t *frame);
MFACE_API void mface_preview_free(unsigned char **jpeg); // nulls; accepts NULL inside

#ifdef __cplusplus
}
#endif
#endif

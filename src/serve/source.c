/* A session as the dashboard calls it. */
#include "serve/source.h"

static enum mface_status patch(void *user, const char *const *pairs,
    struct mface_control_state *state, struct mface_refusal *refusal)
{
    return mface_session_patch(user, pairs, state, refusal);
}

static enum mface_status get_settings(void *user, struct mface_settings **out)
{
    return mface_session_get_settings(user, out);
}

static void get_control(void *user, struct mface_control_state *state)
{
    mface_session_get_control(user, state);
}

static void pause_session(void *user, int on)
{
    mface_session_pause(user, on);
}

static enum mface_status preview(void *user, enum mface_side side, int max_side_px, int wait_ms,
    unsigned char **jpeg, size_t *jpeg_bytes, int64_t *frame)
{
    return mface_session_preview(user, side, max_side_px, wait_ms, jpeg, jpeg_bytes, frame);
}

static enum mface_status write_report(void *user, const struct mface_stats *stats, FILE *file)
{
    return mface_session_write_report(user, stats, file);
}

struct mface_source mface_source_of_session(struct mface_session *session)
{
    return (struct mface_source) {
        .user = session,
        .patch = patch,
        .get_settings = get_settings,
        .get_control = get_control,
        .pause = pause_session,
        .preview = preview,
        .write_report = write_report,
    };
}

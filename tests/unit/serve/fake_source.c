#include "fake_source.h"

#include "pipeline/report_insight.h"

#include <stdio.h>

static enum mface_status patch(void *user, const char *const *pairs,
    struct mface_control_state *state, struct mface_refusal *refusal)
{
    struct fake_session *session = user;
    return mface_control_patch(session->control, pairs, state, refusal);
}

static enum mface_status get_settings(void *user, struct mface_settings **out)
{
    struct fake_session *session = user;
    const enum mface_status status = mface_settings_create(out);
    if (status == MFACE_OK)
        mface_control_get_settings(session->control, *out);
    return status;
}

static void get_control(void *user, struct mface_control_state *state)
{
    struct fake_session *session = user;
    mface_control_get_state(session->control, state);
    state->is_paused = session->is_paused;
}

static void pause_session(void *user, int on)
{
    struct fake_session *session = user;
    session->n_pauses++;
    session->is_paused = on;
}

static enum mface_status write_report(void *user, const struct mface_stats *stats, FILE *file)
{
    (void)user;
    struct mface_json json = { .file = file };
    mface_json_open_object(&json, NULL);
    mface_json_add_int(&json, "frames", stats->frames);
    mface_report_add_insight(&json, &stats->insight);
    mface_json_close_object(&json);
    return MFACE_OK;
}

struct mface_source fake_source(struct fake_session *session)
{
    return (struct mface_source) {
        .user = session,
        .patch = patch,
        .get_settings = get_settings,
        .get_control = get_control,
        .pause = pause_session,
        .write_report = write_report,
    };
}

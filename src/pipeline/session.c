/* Sessions keep the caches and the models; a job (job.c) borrows them for one input and one
 * output. */
#include "pipeline/job.h"
#include <memoface/control.h>

#include "base/log.h"
#include "base/mem.h"

static enum mface_status make_parts(struct mface_session *session, const char *model)
{
    const struct mface_settings *settings = &session->settings;
    MFACE_TRY(mface_control_create(settings, &session->control));
    MFACE_TRY(mface_preview_create(&session->preview));
    MFACE_TRY(mface_models_open(&session->models, model, settings));
    return mface_session_make_caches(session);
}

enum mface_status mface_session_create(
    const char *model, const struct mface_settings *settings, struct mface_session **out)
{
    struct mface_session *session = mface_mem_calloc(1, sizeof *session);
    if (!session)
        return mface_fail_nomem("session");
    session->settings = *settings;
    const enum mface_status status = make_parts(session, model);
    if (status != MFACE_OK)
        mface_session_free(&session);
    *out = session;
    return status;
}

void mface_session_free(struct mface_session **session)
{
    if (!*session)
        return;
    mface_preview_destroy(&(*session)->preview);
    mface_control_free(&(*session)->control);
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
    return mface_session_change_settings(session, settings);
}

enum mface_status mface_session_set_model(struct mface_session *session, const char *model)
{
    return mface_models_open(&session->models, model, &session->settings);
}

void mface_session_cancel(struct mface_session *session)
{
    atomic_store(&session->cancel, true);
}

enum mface_status mface_session_patch(struct mface_session *session, const char *const *pairs,
    struct mface_control_state *state, struct mface_refusal *refusal)
{
    return mface_control_patch(session->control, pairs, state, refusal);
}

enum mface_status mface_session_get_settings(
    struct mface_session *session, struct mface_settings **out)
{
    MFACE_TRY(mface_settings_create(out));
    mface_control_get_settings(session->control, *out);
    return MFACE_OK;
}

void mface_session_pause(struct mface_session *session, int on)
{
    mface_control_pause(session->control, on != 0);
}

void mface_session_get_control(struct mface_session *session, struct mface_control_state *state)
{
    mface_control_get_state(session->control, state);
}

enum mface_status mface_session_preview(struct mface_session *session, enum mface_side side,
    int max_side_px, int wait_ms, unsigned char **jpeg, size_t *jpeg_bytes, int64_t *index)
{
    struct mface_frame *frame = mface_preview_get(session->preview, side, wait_ms);
    *jpeg = NULL;
    if (!frame)
        return MFACE_ERR_NOENT;
    *index = mface_frame_index(frame);
    const enum mface_status status = mface_frame_to_jpeg(frame, max_side_px, jpeg, jpeg_bytes);
    mface_frame_unref(&frame);
    return status;
}

void mface_preview_free(unsigned char **jpeg)
{
    mface_mem_free(*jpeg);
    *jpeg = NULL;
}

struct mface_report_model mface_session_report_model(const struct mface_session *session)
{
    return (struct mface_report_model) {
        .path = session->models.dfm_path,
        .info = mface_dfm_info(session->models.dfm),
    };
}

enum mface_status mface_session_write_report(
    const struct mface_session *session, const struct mface_stats *stats, FILE *file)
{
    const struct mface_report_model model = mface_session_report_model(session);
    struct mface_settings settings;
    mface_control_get_settings(session->control, &settings);
    return mface_report_write(stats, &settings, &model, file);
}

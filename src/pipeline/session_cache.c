/* The caches of a session: made, changed between jobs, and changed while one runs. */
#include "pipeline/job.h"

#include "base/log.h"
#include "pipeline/folder.h"
#include "pipeline/spill.h"

#include <string.h>

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

static void start_governor(struct mface_session *session, const struct mface_settings *settings)
{
    mface_governor_init(&session->governor, session->cache, settings->cache_size_bytes,
        mface_pressure_read, (void *)&mface_pressure_system);
}

enum mface_status mface_session_make_caches(struct mface_session *session)
{
    MFACE_TRY(make_cache(&session->settings, &session->cache));
    open_disk(session);
    start_governor(session, &session->settings);
    return MFACE_OK;
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

enum mface_status mface_session_change_settings(
    struct mface_session *session, const struct mface_settings *settings)
{
    MFACE_TRY(change_cache(session, settings));
    const struct mface_settings before = session->settings;
    session->settings = *settings;
    mface_control_set_settings(session->control, settings);
    change_disk(session, &before);
    return MFACE_OK;
}

/* A cache that is turned off while frames may use it is emptied and stays, at its smallest. */
static enum mface_status change_running_cache(
    struct mface_session *session, const struct mface_settings *settings)
{
    enum { LEAST_BYTES = 1 << 20 };
    if (session->cache) {
        const bool is_off = settings->cache_size_bytes == 0;
        if (is_off)
            mface_cache_drop_all(session->cache);
        return mface_governor_set_limit(
            &session->governor, is_off ? LEAST_BYTES : settings->cache_size_bytes);
    }
    MFACE_TRY(make_cache(settings, &session->cache));
    start_governor(session, settings);
    return mface_control_set_cache(session->control, session->cache);
}

void mface_session_adopt_settings(struct mface_session *session)
{
    struct mface_settings settings;
    mface_control_get_settings(session->control, &settings);
    if (settings.cache_size_bytes != session->settings.cache_size_bytes &&
        change_running_cache(session, &settings) != MFACE_OK)
        mface_log(MFACE_LOG_WARN, "the cache stays as it is");
    session->settings = settings;
}

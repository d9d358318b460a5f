#include "pipeline/control.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { CANCEL_POLL_MS = 50 };

struct version {
    struct mface_settings settings; // what `engine` borrows
    struct mface_engine *engine;
    int64_t first_frame, n_left;
    struct version *next; // newer
};

struct mface_control {
    pthread_mutex_t lock; // guards what follows
    pthread_cond_t changed;
    struct mface_settings settings;
    int64_t version;
    bool is_paused;
    int64_t pause_start_us, paused_us;

    /* Of the job, while there is one. */
    struct version *oldest, *newest;
    struct mface_engine_params params;
    struct mface_engine_models models;
    int precision;
    int64_t n_let_in, n_left;
    int64_t n_begun; // one more than the highest index that has entered
};

enum mface_status mface_control_create(
    const struct mface_settings *settings, struct mface_control **out)
{
    struct mface_control *control = mface_mem_calloc(1, sizeof *control);
    *out = control;
    if (!control)
        return mface_fail_nomem("control");
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); // what mface_time_us() reads
    pthread_cond_init(&control->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&control->lock, NULL);
    control->settings = *settings;
    control->version = 1;
    return MFACE_OK;
}

void mface_control_free(struct mface_control **control)
{
    if (!*control)
        return;
    mface_control_end(*control);
    pthread_cond_destroy(&(*control)->changed);
    pthread_mutex_destroy(&(*control)->lock);
    mface_mem_free(*control);
    *control = NULL;
}

int64_t mface_control_get_settings(struct mface_control *control, struct mface_settings *settings)
{
    pthread_mutex_lock(&control->lock);
    *settings = control->settings;
    const int64_t version = control->version;
    pthread_mutex_unlock(&control->lock);
    return version;
}

void mface_control_set_settings(
    struct mface_control *control, const struct mface_settings *settings)
{
    pthread_mutex_lock(&control->lock);
    control->settings = *settings;
    control->version++;
    pthread_mutex_unlock(&control->lock);
}

/* Versions; by lock */

static enum mface_status make_version(const struct mface_control *control,
    const struct mface_settings *settings, struct version **out)
{
    struct version *version = mface_mem_calloc(1, sizeof *version);
    *out = version;
    if (!version)
        return mface_fail_nomem("settings");
    version->settings = *settings;
    version->settings.precision = control->precision;
    version->first_frame = control->n_begun;
    struct mface_engine_params params = control->params;
    params.settings = &version->settings;
    params.models = &control->models;
    params.cache = settings->cache_size_bytes > 0 ? params.cache : NULL;
    const enum mface_status status = mface_engine_create(&params, &version->engine);
    if (status != MFACE_OK) {
        mface_mem_free(version);
        *out = NULL;
    }
    return status;
}

static void free_version(struct version *version)
{
    mface_engine_free(&version->engine);
    mface_mem_free(version);
}

/* A version that covers no frame, because the next one came before any began, is gone at once; so
 * the list is never longer than the frames in flight. */
static void retire(struct mface_control *control)
{
    struct version **link = &control->oldest;
    while ((*link)->next) {
        struct version *version = *link;
        if (version->n_left == version->next->first_frame - version->first_frame) {
            *link = version->next;
            free_version(version);
        } else {
            link = &version->next;
        }
    }
}

static enum mface_status add_version(
    struct mface_control *control, const struct mface_settings *settings)
{
    struct version *version;
    MFACE_TRY(make_version(control, settings, &version));
    if (control->newest)
        control->newest->next = version;
    else
        control->oldest = version;
    control->newest = version;
    retire(control);
    return MFACE_OK;
}

static struct version *version_of(struct mface_control *control, int64_t frame)
{
    struct version *version = control->oldest;
    while (version->next && version->next->first_frame <= frame)
        version = version->next;
    return version;
}

/* Changes */

static enum mface_status refuse(
    struct mface_refusal *refusal, const char *key, enum mface_status status, const char *text)
{
    if (refusal) {
        snprintf(refusal->key, sizeof refusal->key, "%s", key);
        snprintf(refusal->message, sizeof refusal->message, "%.48s: %s", key, text);
    }
    return status;
}

static enum mface_status set_one(struct mface_settings *settings, const char *key, const char *text,
    struct mface_refusal *refusal)
{
    const struct mface_option *row =
        mface_option_find(mface_settings_rows, mface_settings_n_rows, key);
    char why[320], range[256];
    if (!row)
        return refuse(refusal, key, MFACE_ERR_NOENT, "no such setting");
    if (row->fixed)
        return refuse(refusal, key, MFACE_ERR_UNSUPPORTED, "cannot change while a job runs");
    if (mface_option_parse(row, settings, text))
        return MFACE_OK;
    mface_option_print_range(row, range, sizeof range);
    snprintf(why, sizeof why, "'%.40s' is not accepted; give %.240s", text, range);
    return refuse(refusal, key, MFACE_ERR_ARG, why);
}

static void describe(const struct mface_control *control, struct mface_control_state *state)
{
    int64_t paused_us = control->paused_us;
    if (control->is_paused && control->newest)
        paused_us += mface_time_us() - control->pause_start_us;
    *state = (struct mface_control_state) {
        .settings_version = control->version,
        .first_frame = control->newest ? control->newest->first_frame : 0,
        .frames_let_in = control->n_let_in,
        .is_running = control->newest != NULL,
        .is_paused = control->is_paused,
        .paused_s = (double)paused_us / 1e6,
    };
}

static enum mface_status patch(
    struct mface_control *control, const char *const *pairs, struct mface_refusal *refusal)
{
    struct mface_settings settings = control->settings;
    for (; pairs[0]; pairs += 2)
        MFACE_TRY(set_one(&settings, pairs[0], pairs[1], refusal));
    if (memcmp(&settings, &control->settings, sizeof settings) == 0)
        return MFACE_OK;
    if (control->newest && add_version(control, &settings) != MFACE_OK)
        return refuse(refusal, "", MFACE_ERR_NOMEM, "out of memory");
    control->settings = settings;
    control->version++;
    pthread_cond_broadcast(&control->changed);
    return MFACE_OK;
}

enum mface_status mface_control_patch(struct mface_control *control, const char *const *pairs,
    struct mface_control_state *state, struct mface_refusal *refusal)
{
    pthread_mutex_lock(&control->lock);
    const enum mface_status status = patch(control, pairs, refusal);
    if (state)
        describe(control, state);
    pthread_mutex_unlock(&control->lock);
    return status;
}

enum mface_status mface_control_set_cache(struct mface_control *control, struct mface_cache *cache)
{
    pthread_mutex_lock(&control->lock);
    control->params.cache = cache;
    const enum mface_status status =
        control->newest ? add_version(control, &control->settings) : MFACE_OK;
    pthread_mutex_unlock(&control->lock);
    return status;
}

void mface_control_get_state(struct mface_control *control, struct mface_control_state *state)
{
    pthread_mutex_lock(&control->lock);
    describe(control, state);
    pthread_mutex_unlock(&control->lock);
}

/* Pause */

static void set_paused(struct mface_control *control, bool on)
{
    const int64_t now_us = mface_time_us();
    if (on && !control->is_paused)
        control->pause_start_us = now_us;
    else if (!on && control->is_paused)
        control->paused_us += now_us - control->pause_start_us;
    control->is_paused = on;
    pthread_cond_broadcast(&control->changed);
}

void mface_control_pause(struct mface_control *control, bool on)
{
    pthread_mutex_lock(&control->lock);
    set_paused(control, on);
    pthread_mutex_unlock(&control->lock);
}

static bool may_enter(const struct mface_control *control, bool may_overlap)
{
    const bool is_idle = control->n_let_in == control->n_left;
    return !control->is_paused && (may_overlap || control->settings.parallel || is_idle);
}

/* A signal handler sets `cancel` and can wake nobody: hence the polling. */
void mface_control_wait(struct mface_control *control, const atomic_bool *cancel, bool may_overlap)
{
    pthread_mutex_lock(&control->lock);
    while (!may_enter(control, may_overlap) && !atomic_load(cancel)) {
        const int64_t until_us = mface_time_us() + 1000 * CANCEL_POLL_MS;
        const struct timespec deadline = {
            .tv_sec = until_us / 1000000,
            .tv_nsec = until_us % 1000000 * 1000,
        };
        pthread_cond_timedwait(&control->changed, &control->lock, &deadline);
    }
    control->n_let_in++;
    pthread_mutex_unlock(&control->lock);
}

/* The job */

enum mface_status mface_control_begin(
    struct mface_control *control, const struct mface_engine_params *params, int precision)
{
    pthread_mutex_lock(&control->lock);
    assert(!control->newest && "one job at a time");
    control->params = *params;
    control->models = *params->models;
    control->precision = precision;
    control->n_begun = control->n_let_in = control->n_left = 0;
    control->paused_us = 0;
    control->pause_start_us = mface_time_us();
    const enum mface_status status = add_version(control, &control->settings);
    pthread_mutex_unlock(&control->lock);
    return status;
}

void mface_control_end(struct mface_control *control)
{
    pthread_mutex_lock(&control->lock);
    if (control->newest)
        set_paused(control, false);
    while (control->oldest) {
        struct version *next = control->oldest->next;
        free_version(control->oldest);
        control->oldest = next;
    }
    control->newest = NULL;
    pthread_mutex_unlock(&control->lock);
}

struct mface_engine *mface_control_enter(struct mface_control *control, int64_t frame)
{
    pthread_mutex_lock(&control->lock);
    control->n_begun = frame + 1 > control->n_begun ? frame + 1 : control->n_begun;
    struct mface_engine *engine = version_of(control, frame)->engine;
    pthread_mutex_unlock(&control->lock);
    return engine;
}

void mface_control_leave(struct mface_control *control, int64_t frame)
{
    pthread_mutex_lock(&control->lock);
    version_of(control, frame)->n_left++;
    control->n_left++;
    retire(control);
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
}

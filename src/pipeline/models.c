#include "pipeline/models.h"

#include "base/cpu.h"
#include "base/log.h"
#include "face/mark.h"
#include "pipeline/folder.h"
#include "pipeline/locate.h"

#include <string.h>

int mface_settings_n_workers(const struct mface_settings *settings)
{
    if (!settings->parallel)
        return 1;
    return settings->threads > 0 ? settings->threads : mface_cpu_count();
}

int mface_settings_n_inference_threads(const struct mface_settings *settings)
{
    return settings->parallel || settings->threads == 0 ? 1 : settings->threads;
}

/* A decoder's threads work ahead of the workers and take processors from them; one decodes 1080p at
 * 100 frames a second and more. Its output does not depend on them. */
int mface_settings_n_decode_threads(const struct mface_settings *settings)
{
    const int quarter = mface_settings_n_workers(settings) / 4;
    if (!settings->parallel)
        return 1;
    return quarter < 2 ? 2 : quarter > 8 ? 8 : quarter;
}

/* Each opens its model unless it is open already, and gives up the old one only for a new one that
 * opened: a failure changes nothing. */
static enum mface_status open_detector(struct mface_models *models, const char *name, int threads)
{
    char path[PATH_MAX];
    struct mface_detector *detector;
    MFACE_TRY(mface_model_locate(name, path, sizeof path));
    if (models->detector && threads == models->threads && strcmp(path, models->detector_path) == 0)
        return MFACE_OK;
    MFACE_TRY(mface_detector_open(path, threads, &detector));
    if (models->detector)
        mface_detector_free(&models->detector);
    models->detector = detector;
    memcpy(models->detector_path, path, sizeof path);
    return MFACE_OK;
}

static enum mface_status open_marker(struct mface_models *models, const char *name, int threads)
{
    char path[PATH_MAX];
    struct mface_marker *marker;
    MFACE_TRY(mface_model_locate(name, path, sizeof path));
    if (models->marker && threads == models->threads && strcmp(path, models->marker_path) == 0)
        return MFACE_OK;
    MFACE_TRY(mface_marker_open(path, threads, &marker));
    if (models->marker)
        mface_marker_free(&models->marker);
    models->marker = marker;
    memcpy(models->marker_path, path, sizeof path);
    return MFACE_OK;
}

/* A model that runs in bf16 because that was measured to be faster need not be opened again when
 * bf16 is asked for. */
static bool has_precision(const struct mface_models *models, int asked)
{
    return asked == models->dfm_precision ||
           asked == (int)mface_dfm_info(models->dfm)->precision_used;
}

static enum mface_status open_dfm(struct mface_models *models, const char *path,
    const struct mface_settings *settings, int threads)
{
    struct mface_dfm *dfm;
    char folder[PATH_MAX];
    if (models->dfm && threads == models->threads && strcmp(path, models->dfm_path) == 0 &&
        has_precision(models, settings->precision))
        return MFACE_OK;
    if (strlen(path) >= sizeof models->dfm_path)
        return mface_fail(MFACE_ERR_ARG, "%s: path too long", path);
    mface_folder_find(settings->cache_dir, folder);
    const struct mface_dfm_open_params params = {
        .threads = threads,
        .precision = (enum mface_dfm_precision)settings->precision,
        .folder = folder,
        .skip_source_mask = !settings->mask_source,
    };
    MFACE_TRY(mface_dfm_open(path, &params, &dfm));
    if (models->dfm)
        mface_dfm_free(&models->dfm);
    models->dfm = dfm;
    models->dfm_precision = settings->precision;
    memmove(models->dfm_path, path, strlen(path) + 1); // it may be this very string
    return MFACE_OK;
}

enum mface_status mface_models_open(
    struct mface_models *models, const char *dfm_path, const struct mface_settings *settings)
{
    const int threads = mface_settings_n_inference_threads(settings);
    MFACE_TRY(open_dfm(models, dfm_path, settings, threads));
    MFACE_TRY(open_detector(models, settings->detector, threads));
    MFACE_TRY(open_marker(models, settings->marker, threads));
    models->threads = threads;
    return MFACE_OK;
}

void mface_models_clear(struct mface_models *models)
{
    if (models->detector)
        mface_detector_free(&models->detector);
    if (models->marker)
        mface_marker_free(&models->marker);
    if (models->dfm)
        mface_dfm_free(&models->dfm);
    *models = (struct mface_models) { 0 };
}

static enum mface_status detect(void *user, const struct mface_picture *picture,
    const struct mface_detect_params *params, struct mface_box *boxes, int *n_boxes)
{
    const struct mface_models *models = user;
    return mface_detector_run(models->detector, picture, params, boxes, n_boxes);
}

static struct mface_look look_at(void *user, const struct mface_box *box)
{
    const struct mface_models *models = user;
    return mface_marker_look_at(models->marker, box);
}

static bool look_again(void *user, const struct mface_landmarks *landmarks, struct mface_look *look)
{
    const struct mface_models *models = user;
    return mface_marker_look_again(models->marker, landmarks, look);
}

static enum mface_status mark(void *user, const struct mface_picture *picture,
    const struct mface_look *look, struct mface_landmarks *landmarks)
{
    const struct mface_models *models = user;
    return mface_marker_run(models->marker, picture, look, landmarks);
}

static enum mface_status swap(
    void *user, const struct mface_dfm_params *params, const struct mface_dfm_face *faces, int n)
{
    const struct mface_models *models = user;
    return mface_dfm_run(models->dfm, params, faces, n);
}

void mface_models_describe(struct mface_models *models, struct mface_engine_models *out)
{
    *out = (struct mface_engine_models) {
        .user = models,
        .detect = detect,
        .look_at = look_at,
        .look_again = look_again,
        .mark = mark,
        .swap = swap,
        .digests = {
            [MFACE_ROLE_DETECTOR] = mface_detector_digest(models->detector),
            [MFACE_ROLE_MARKER] = mface_marker_digest(models->marker),
            [MFACE_ROLE_DFM] = mface_dfm_info(models->dfm)->digest,
        },
    };
}

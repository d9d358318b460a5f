/* The models of a session: detector, marker and DFM, opened as the settings say. */
#ifndef MFACE_PIPELINE_MODELS_H
#define MFACE_PIPELINE_MODELS_H

#include "pipeline/engine.h"
#include "pipeline/settings.h"
#include <limits.h>

/* Zeroed is "none open". */
struct mface_models {
    struct mface_detector *detector;
    struct mface_marker *marker;
    struct mface_dfm *dfm;
    char detector_path[PATH_MAX], marker_path[PATH_MAX], dfm_path[PATH_MAX];
    int threads;       // one inference may use
    int dfm_precision; // that was asked for when the DFM was opened
};

/* Frames worked on at once, and threads one inference may use. In parallel a face per processor
 * gives the most throughput. Else nothing is, unless `threads` says that inference be spread: a
 * face is there sooner then, and fewer frames are at a time. */
int mface_settings_n_workers(const struct mface_settings *settings);
int mface_settings_n_inference_threads(const struct mface_settings *settings);

/* Threads of the decoder, beside the workers: as many as keep up with them and no more. */
int mface_settings_n_decode_threads(const struct mface_settings *settings);

/* Opens what is not open yet or is to be another file, or another number of threads, now. Logs on
 * failure; what was open then stays usable. */
MFACE_NODISCARD enum mface_status mface_models_open(
    struct mface_models *models, const char *dfm_path, const struct mface_settings *settings);
void mface_models_clear(struct mface_models *models);

/* The models as the engine calls them; valid while they stay open. */
void mface_models_describe(struct mface_models *models, struct mface_engine_models *out);

#endif

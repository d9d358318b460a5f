/* What the face stages take, from the settings: the engine and `detect` read them alike. */
#ifndef MFACE_PIPELINE_PARAMS_H
#define MFACE_PIPELINE_PARAMS_H

#include "face/align.h"
#include "face/detect.h"
#include "pipeline/settings.h"

struct mface_detect_params mface_settings_detect_params(const struct mface_settings *settings);
struct mface_align_params mface_settings_align_params(const struct mface_settings *settings);

#endif

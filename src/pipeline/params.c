#include "pipeline/params.h"

struct mface_detect_params mface_settings_detect_params(const struct mface_settings *settings)
{
    return (struct mface_detect_params) {
        .window_px = settings->detector_window_px,
        .threshold = (float)settings->detector_threshold,
    };
}

struct mface_align_params mface_settings_align_params(const struct mface_settings *settings)
{
    return (struct mface_align_params) {
        .mode = (enum mface_align_mode)settings->align_mode,
        .coverage = settings->coverage,
        .resolution = settings->resolution_px,
        .x_offset = settings->align_x,
        .y_offset = settings->align_y,
        .exclude_moving_parts = settings->exclude_moving_parts,
        .head_mode = settings->head_mode,
        .freeze_z_rotation = settings->freeze_z_rotation,
    };
}

/* All settings of a run as a plain struct, and the table that declares them.
 *
 * The struct holds values; everything else about a setting (key, type, range, default, unit, help,
 * group, the stages it enters) is one row of mface_settings_rows. Colour triples are B, G, R, as
 * the pixels are. */
#ifndef MFACE_PIPELINE_SETTINGS_H
#define MFACE_PIPELINE_SETTINGS_H

#include "base/option.h"
#include <memoface/settings.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mface_latency { MFACE_LATENCY_AUTO, MFACE_LATENCY_ON, MFACE_LATENCY_OFF };
enum mface_compression_area { MFACE_COMPRESS_FACE, MFACE_COMPRESS_FRAME };

struct mface_settings {
    /* What was chosen last; their values are in the fields below. */
    int preset, use_case;                    // indices into the choices of their rows; 0: none
    char profile[MFACE_OPTION_STRING_BYTES]; // "": none

    int64_t cache_size_bytes; // 0: no cache
    int policy;               // index into mface_policy_names
    bool pre_cache, post_cache;
    int64_t auto_tune_cache_max_bytes;         // 0: what cache_size_bytes says
    int64_t disk_cache_size_bytes;             // 0: no disk tier
    char cache_dir[MFACE_OPTION_STRING_BYTES]; // as mface_folder_find() takes it

    bool parallel;
    bool auto_tune;
    int threads;   // 0: every processor
    int precision; // enum mface_dfm_precision
    int latency;   // enum mface_latency

    char detector[MFACE_OPTION_STRING_BYTES]; // a built-in name or a path
    int detector_window_px;                   // 0: the detector's own
    double detector_threshold;
    char marker[MFACE_OPTION_STRING_BYTES]; // a built-in name or a path
    int max_faces;                          // 0: all
    int sort;                               // enum mface_sort
    bool swap_all_faces;
    int face_id;      // counts in sorted order; ignored with swap_all_faces
    int detect_every; // frames, on average; 1: every frame, nothing is followed
    int smooth;       // 1: not at all

    int align_mode; // enum mface_align_mode
    double coverage;
    int resolution_px;
    double align_x, align_y;
    bool exclude_moving_parts, head_mode, freeze_z_rotation;

    double presharpen;
    double pre_gamma_bgr[3];
    double morph;
    bool two_pass;
    double post_gamma_bgr[3];
    double post_sharpen;

    bool mask_source, mask_celeb, mask_landmarks;
    int mask_erode_px, mask_blur_px;

    double face_x, face_y, face_scale;
    int color_transfer; // enum mface_color_transfer
    int interpolation;  // enum mface_interp
    double color_compression;
    int compression_area; // enum mface_compression_area
    double opacity;

    int median_percent, degrade_percent;

    char input_options[MFACE_OPTION_STRING_BYTES]; // FFmpeg's, "key=value:key=value"

    char encoder[MFACE_OPTION_STRING_BYTES];         // FFmpeg's name; "": by the container
    int encode_for;                                  // enum mface_favor
    int quality;                                     // as the encoder counts; -1: its default
    char speed[MFACE_OPTION_STRING_BYTES];           // the encoder's word; "": by encode_for
    char pixel_format[MFACE_OPTION_STRING_BYTES];    // FFmpeg's name; "": the input's
    char encoder_options[MFACE_OPTION_STRING_BYTES]; // FFmpeg's, "key=value:key=value"
};

extern const struct mface_option mface_settings_rows[];
extern const size_t mface_settings_n_rows;
extern const char *const mface_policy_names[];

/* The heading of a row's group: "Mask". Static storage. */
const char *mface_settings_group_name(const struct mface_option *row);

void mface_settings_init(struct mface_settings *settings);

#endif

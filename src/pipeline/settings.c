/* The one table of settings. Ranges and defaults are DeepFaceLive's where it has the setting
 * (apps/DeepFaceLive/backend, version of 2023); the stages named in a row are those whose keys
 * its value enters, so a row decides what a change invalidates. */
#include "pipeline/settings.h"

#include "face/align.h"
#include "face/detect.h"
#include "media/media.h"
#include "pipeline/stages.h"
#include "swap/dfm.h"
#include "swap/stages.h"

enum group { START, CACHE, SPEED, FACES, ALIGNMENT, SWAP, MASK, MERGE, FRAME, INPUT, OUTPUT };

static const char *const group_names[] = {
    [START] = "Starting points",
    [CACHE] = "Cache",
    [SPEED] = "Speed",
    [FACES] = "Faces",
    [ALIGNMENT] = "Alignment",
    [SWAP] = "Swap",
    [MASK] = "Mask",
    [MERGE] = "Merge",
    [FRAME] = "Frame",
    [INPUT] = "Input",
    [OUTPUT] = "Output",
};

static const char *const presets[] = { "none", "auto", "8gb", "16gb", "32gb", NULL };
static const char *const use_cases[] = { "none", "streaming", "recording", "batch", NULL };
static const char *const profiles[] = { "conservative", "balanced", "aggressive", NULL };
const char *const mface_policy_names[] = { "smart", "lru", "s3fifo", "sieve", NULL };
static const char *const precisions[] = {
    [MFACE_DFM_PRECISION_AUTO] = "auto",
    [MFACE_DFM_PRECISION_F32] = "f32",
    [MFACE_DFM_PRECISION_BF16] = "bf16",
    [MFACE_DFM_PRECISION_INT8] = "int8",
    NULL,
};
static const char *const latencies[] = {
    [MFACE_LATENCY_AUTO] = "auto",
    [MFACE_LATENCY_ON] = "on",
    [MFACE_LATENCY_OFF] = "off",
    NULL,
};
static const char *const sorts[] = {
    [MFACE_SORT_LARGEST] = "largest",
    [MFACE_SORT_CENTER] = "center",
    [MFACE_SORT_LEFT_RIGHT] = "left-right",
    [MFACE_SORT_RIGHT_LEFT] = "right-left",
    [MFACE_SORT_TOP_BOTTOM] = "top-bottom",
    [MFACE_SORT_BOTTOM_TOP] = "bottom-top",
    NULL,
};
static const char *const align_modes[] = {
    [MFACE_ALIGN_POINTS] = "points",
    [MFACE_ALIGN_RECT] = "rect",
    [MFACE_ALIGN_STATIC_RECT] = "static-rect",
    NULL,
};
static const char *const color_transfers[] = {
    [MFACE_COLOR_NONE] = "none",
    [MFACE_COLOR_RCT] = "rct",
    NULL,
};
static const char *const interpolations[] = {
    [MFACE_INTERP_BILINEAR] = "bilinear",
    [MFACE_INTERP_BICUBIC] = "bicubic",
    [MFACE_INTERP_LANCZOS4] = "lanczos4",
    NULL,
};
static const char *const compression_areas[] = {
    [MFACE_COMPRESS_FACE] = "face",
    [MFACE_COMPRESS_FRAME] = "frame",
    NULL,
};
static const char *const detectors[] = { "ssd", "tiny", NULL };
static const char *const markers[] = { "68", "468", NULL };
static const char *const encode_fors[] = {
    [MFACE_FAVOR_BOTH] = "both",
    [MFACE_FAVOR_SPEED] = "speed",
    [MFACE_FAVOR_QUALITY] = "quality",
    NULL,
};
static const char *const encoders[] = { "libx264", "libx265", "libvpx-vp9", "ffv1", NULL };
static const char *const speeds[] = { "ultrafast", "superfast", "veryfast", "faster", "fast",
    "medium", "slow", "slower", "veryslow", NULL };

/* The common part of a row: which key, which field, its group and the stages it enters. */
#define ROW(key_, field_, group_, stages_)                                                         \
    .key = (key_), .offset = offsetof(struct mface_settings, field_), .group = (group_),           \
    .stages = (stages_)
#define SWITCH(initial_) .type = MFACE_OPTION_BOOL, .initial = (initial_)
#define TEXT(initial_)   .type = MFACE_OPTION_STRING, .initial = (initial_)
#define WORDS(list_, initial_)                                                                     \
    .type = MFACE_OPTION_STRING, .choices = (list_), .initial = (initial_)
#define CHOICE(list_, initial_)                                                                    \
    .type = MFACE_OPTION_CHOICE, .choices = (list_), .initial = (initial_)
#define NUMBER(type_, min_, max_, step_, initial_)                                                 \
    .type = MFACE_OPTION_##type_, .min = (min_), .max = (max_), .step = (step_),                   \
    .initial = (initial_)

/* Needs another model, disk tier, output or number of threads than the job began with. */
#define FIXED .fixed = true

#define IN(stage_) MFACE_STAGE_BIT(MFACE_STAGE_##stage_)
#define MIB        1048576.0
#define TIB        (MIB * MIB)
enum { NOTHING = 0 };

// clang-format off
const struct mface_option mface_settings_rows[] = {
    { ROW("preset", preset, START, NOTHING), CHOICE(presets, "none"), FIXED,
      .help = "cache size and parallel work by the machine's memory; auto: this machine's" },
    { ROW("use-case", use_case, START, NOTHING), CHOICE(use_cases, "none"), FIXED,
      .help = "what matters: speed, quality, or efficiency" },
    { ROW("profile", profile, START, NOTHING), WORDS(profiles, ""), FIXED,
      .help = "a set of values: a built-in one, or a [section] of the configuration file" },

    { ROW("cache-size", cache_size_bytes, CACHE, NOTHING), NUMBER(SIZE, 0, TIB, MIB, "2G"), .unit = "bytes",
      .help = "memory the cache may use, everything counted; 0 turns it off" },
    { ROW("policy", policy, CACHE, NOTHING), CHOICE(mface_policy_names, "smart"), FIXED,
      .help = "which entries to evict first" },
    { ROW("pre-cache", pre_cache, CACHE, NOTHING), SWITCH("on"),
      .help = "keep pre-processed faces" },
    { ROW("post-cache", post_cache, CACHE, NOTHING), SWITCH("on"),
      .help = "keep post-processed faces" },
    { ROW("auto-tune-cache-max", auto_tune_cache_max_bytes, CACHE, NOTHING), NUMBER(SIZE, 0, TIB, MIB, "0"), .unit = "bytes",
      .help = "what auto-tune may raise cache-size to; 0: it never goes above cache-size" },
    { ROW("disk-cache-size", disk_cache_size_bytes, CACHE, NOTHING), NUMBER(SIZE, 0, 16 * TIB, MIB, "0"), .unit = "bytes", FIXED,
      .help = "disk space for results that later runs find again; 0 keeps none" },
    { ROW("cache-dir", cache_dir, CACHE, NOTHING), TEXT(""), FIXED,
      .help = "folder for what is kept between runs; empty: ~/.cache/memoface; none: nothing is" },

    { ROW("parallel", parallel, SPEED, NOTHING), SWITCH("on"),
      .help = "work on several frames at once, one a processor; output stays in order" },
    { ROW("auto-tune", auto_tune, SPEED, NOTHING), SWITCH("off"),
      .help = "act on the advice: cache size, pre-cache, parallel, detect-every; says what it did" },
    { ROW("threads", threads, SPEED, NOTHING), NUMBER(INT, 0, 1024, 1, "0"), FIXED,
      .help = "frames at once, 0: one per processor; with parallel off threads for a face, 0: one" },
    { ROW("precision", precision, SPEED, IN(SWAP)), CHOICE(precisions, "auto"), FIXED,
      .help = "arithmetic of the swap model; auto: f32 or bf16, what this machine runs faster, measured once; int8: faster still, coarser" },
    { ROW("latency", latency, SPEED, NOTHING), CHOICE(latencies, "auto"), FIXED,
      .help = "drop frames rather than fall behind; a file plays at its own speed then; auto: for devices and live streams" },

    { ROW("detector", detector, FACES, IN(DETECT)), WORDS(detectors, "ssd"), FIXED,
      .help = "face detector: a built-in one, or the path of an ONNX file" },
    { ROW("detector-window", detector_window_px, FACES, IN(DETECT)), NUMBER(INT, 0, 4096, 32, "480"), .unit = "px",
      .help = "longer side of what the detector sees; 0: its own choice" },
    { ROW("detector-threshold", detector_threshold, FACES, IN(DETECT)), NUMBER(FLOAT, 0.01, 1, 0.01, "0.5"),
      .help = "least score of a face" },
    { ROW("marker", marker, FACES, IN(MARK)), WORDS(markers, "68"), FIXED,
      .help = "face landmarks: how many (built in), or the path of an ONNX file" },
    { ROW("max-faces", max_faces, FACES, IN(SELECT)), NUMBER(INT, 0, 256, 1, "1"),
      .help = "most faces kept in a frame, in sorted order; 0: all" },
    { ROW("sort", sort, FACES, IN(SELECT)), CHOICE(sorts, "largest"),
      .help = "order of the faces in a frame" },
    { ROW("swap-all-faces", swap_all_faces, FACES, IN(SELECT)), SWITCH("off"),
      .help = "swap every face that is kept" },
    { ROW("face-id", face_id, FACES, IN(SELECT)), NUMBER(INT, 0, 999, 1, "0"),
      .help = "which of the kept faces to swap, counted from 0" },
    { ROW("detect-every", detect_every, FACES, IN(TRACK)), NUMBER(INT, 1, 1000, 1, "30"), .unit = "frames",
      .help = "how often to look for faces where known ones are followed; 1: in every frame" },
    { ROW("smooth", smooth, FACES, IN(TRACK)), NUMBER(INT, 1, 150, 1, "1"), .unit = "frames",
      .help = "calms landmarks at rest as a mean over so many frames would, without its lag; 1: not" },

    { ROW("align-mode", align_mode, ALIGNMENT, IN(ALIGN)), CHOICE(align_modes, "points"),
      .help = "what the crop follows: landmarks, the detected box, or the middle of the frame" },
    { ROW("coverage", coverage, ALIGNMENT, IN(ALIGN)), NUMBER(FLOAT, 0.1, 8, 0.1, "2.2"),
      .help = "size of the crop against the face" },
    { ROW("resolution", resolution_px, ALIGNMENT, IN(ALIGN)), NUMBER(INT, 16, 1024, 16, "224"), .unit = "px",
      .help = "side of the crop" },
    { ROW("align-x", align_x, ALIGNMENT, IN(ALIGN)), NUMBER(FLOAT, -10, 10, 0.01, "0"),
      .help = "moves the crop right, in faces" },
    { ROW("align-y", align_y, ALIGNMENT, IN(ALIGN)), NUMBER(FLOAT, -10, 10, 0.01, "0"),
      .help = "moves the crop down, in faces" },
    { ROW("exclude-moving-parts", exclude_moving_parts, ALIGNMENT, IN(ALIGN)), SWITCH("on"),
      .help = "align by the still parts of 468 landmarks only" },
    { ROW("head-mode", head_mode, ALIGNMENT, IN(ALIGN)), SWITCH("off"),
      .help = "crop the whole head, for head models" },
    { ROW("freeze-z-rotation", freeze_z_rotation, ALIGNMENT, IN(ALIGN)), SWITCH("off"),
      .help = "centre the face in the crop but do not turn it upright" },

    { ROW("presharpen", presharpen, SWAP, IN(PRE)), NUMBER(FLOAT, 0, 10, 0.1, "0"),
      .help = "sharpens the crop before the model sees it" },
    { ROW("pre-gamma-red", pre_gamma_bgr[2], SWAP, IN(PRE)), NUMBER(FLOAT, 0.01, 4, 0.01, "1"),
      .help = "gamma of red before the model; above 1 brightens" },
    { ROW("pre-gamma-green", pre_gamma_bgr[1], SWAP, IN(PRE)), NUMBER(FLOAT, 0.01, 4, 0.01, "1"),
      .help = "gamma of green before the model" },
    { ROW("pre-gamma-blue", pre_gamma_bgr[0], SWAP, IN(PRE)), NUMBER(FLOAT, 0.01, 4, 0.01, "1"),
      .help = "gamma of blue before the model" },
    { ROW("morph", morph, SWAP, IN(SWAP)), NUMBER(FLOAT, 0, 1, 0.01, "0.75"),
      .help = "how much of the other face, for models that take it" },
    { ROW("two-pass", two_pass, SWAP, IN(SWAP)), SWITCH("off"),
      .help = "feeds the swapped face through the model once more" },
    { ROW("post-gamma-red", post_gamma_bgr[2], SWAP, IN(POST)), NUMBER(FLOAT, 0.01, 4, 0.01, "1"),
      .help = "gamma of red after the model; above 1 brightens" },
    { ROW("post-gamma-green", post_gamma_bgr[1], SWAP, IN(POST)), NUMBER(FLOAT, 0.01, 4, 0.01, "1"),
      .help = "gamma of green after the model" },
    { ROW("post-gamma-blue", post_gamma_bgr[0], SWAP, IN(POST)), NUMBER(FLOAT, 0.01, 4, 0.01, "1"),
      .help = "gamma of blue after the model" },
    { ROW("post-sharpen", post_sharpen, SWAP, IN(POST)), NUMBER(FLOAT, 0, 10, 0.1, "0"),
      .help = "sharpens the swapped face" },

    { ROW("mask-source", mask_source, MASK, IN(SWAP) | IN(POST)), SWITCH("on"),
      .help = "limit the swap to the model's mask of the source face" },
    { ROW("mask-celeb", mask_celeb, MASK, IN(POST)), SWITCH("on"),
      .help = "limit the swap to the model's mask of the new face" },
    { ROW("mask-landmarks", mask_landmarks, MASK, IN(POST)), SWITCH("off"),
      .help = "limit the swap to the outline of the landmarks" },
    { ROW("mask-erode", mask_erode_px, MASK, IN(POST)), NUMBER(INT, -400, 400, 1, "5"), .unit = "px",
      .help = "shrinks the mask; negative grows it" },
    { ROW("mask-blur", mask_blur_px, MASK, IN(POST)), NUMBER(INT, 0, 400, 1, "25"), .unit = "px",
      .help = "softens the border of the mask" },

    { ROW("face-x", face_x, MERGE, IN(MERGE)), NUMBER(FLOAT, -0.5, 0.5, 0.001, "0"),
      .help = "moves the swapped face right, in crops" },
    { ROW("face-y", face_y, MERGE, IN(MERGE)), NUMBER(FLOAT, -0.5, 0.5, 0.001, "0"),
      .help = "moves the swapped face down, in crops" },
    { ROW("face-scale", face_scale, MERGE, IN(MERGE)), NUMBER(FLOAT, 0.5, 1.5, 0.01, "1"),
      .help = "size of the swapped face" },
    { ROW("color-transfer", color_transfer, MERGE, IN(POST)), CHOICE(color_transfers, "rct"),
      .help = "gives the new face the colours of the old one" },
    { ROW("interpolation", interpolation, MERGE, IN(MERGE)), CHOICE(interpolations, "bilinear"),
      .help = "how the face is sampled into the frame" },
    { ROW("color-compression", color_compression, MERGE, IN(MERGE)), NUMBER(FLOAT, 0, 127, 0.1, "1"),
      .help = "fewer colours, to match a poor camera; 0: off" },
    { ROW("color-compression-area", compression_area, MERGE, IN(MERGE)), CHOICE(compression_areas, "face"),
      .help = "where colours are compressed; frame changes every pixel" },
    { ROW("opacity", opacity, MERGE, IN(MERGE)), NUMBER(FLOAT, 0, 1, 0.01, "1"),
      .help = "how much of the swapped face shows" },

    { ROW("median", median_percent, FRAME, IN(MERGE)), NUMBER(INT, 0, 100, 1, "0"), .unit = "%",
      .help = "smooths the background by a median of 5x5" },
    { ROW("degrade", degrade_percent, FRAME, IN(MERGE)), NUMBER(INT, 0, 100, 1, "0"), .unit = "%",
      .help = "coarsens the background by shrinking and growing it" },

    { ROW("input-options", input_options, INPUT, NOTHING), TEXT(""), FIXED,
      .help = "options of the input's format as FFmpeg names them, of a camera "
              "video_size=1280x720:framerate=30" },

    { ROW("encoder", encoder, OUTPUT, NOTHING), WORDS(encoders, ""), FIXED,
      .help = "FFmpeg encoder; empty: by the container" },
    { ROW("encode-for", encode_for, OUTPUT, NOTHING), CHOICE(encode_fors, "both"), FIXED,
      .help = "what the encoder favours where speed names no preset" },
    { ROW("quality", quality, OUTPUT, NOTHING), NUMBER(INT, -1, 255, 1, "-1"), FIXED,
      .help = "constant quality as the encoder counts it (CRF), lower is better; -1: its default" },
    { ROW("speed", speed, OUTPUT, NOTHING), WORDS(speeds, ""), FIXED,
      .help = "the encoder's preset; empty: by encode-for" },
    { ROW("pixel-format", pixel_format, OUTPUT, NOTHING), TEXT(""), FIXED,
      .help = "FFmpeg's name; empty: the input's where the encoder can" },
    { ROW("encoder-options", encoder_options, OUTPUT, NOTHING), TEXT(""), FIXED,
      .help = "more of the encoder's options as FFmpeg names them, b=4M:maxrate=4M:bufsize=8M; a "
              "bitrate takes the place of constant quality" },
};
// clang-format on

const size_t mface_settings_n_rows = sizeof mface_settings_rows / sizeof mface_settings_rows[0];

const char *mface_settings_group_name(const struct mface_option *row)
{
    return group_names[row->group];
}

void mface_settings_init(struct mface_settings *settings)
{
    mface_option_set_initial(mface_settings_rows, mface_settings_n_rows, settings);
}

/* The evaluation of one frame, as the files of the engine share it. */
#ifndef MFACE_PIPELINE_EVAL_H
#define MFACE_PIPELINE_EVAL_H

#include "face/align.h"
#include "face/track.h"
#include "pipeline/demand.h"
#include "pipeline/engine.h"
#include "swap/stages.h"

/* Everything the stages take from the settings, converted once per job. */
struct mface_engine {
    const struct mface_settings *settings;
    struct mface_engine_models models;
    struct mface_cache *cache;
    struct mface_disk *disk;
    struct mface_tally *tally;
    struct mface_trace *trace; // NULL: none
    unsigned cached;           // bit set of stages whose results are kept
    struct mface_stage_bases bases;
    struct mface_detect_params detect;
    struct mface_align_params align;
    struct mface_pre_params pre;
    struct mface_dfm_params swap;
    struct mface_post_params post;
    struct mface_merge_params merge;
    struct mface_adjust_params adjust;
};

/* Records: what the small stages keep. Boxes and landmarks are stored up to their count. */
struct mface_boxes_record {
    int n;
    struct mface_box box[MFACE_FACES_MAX];
};

/* No padding: the record is hashed as bytes. */
struct mface_align_record {
    struct mface_alignment alignment;
    struct mface_key crop_key; // content of the crop
    int64_t is_usable;         // 0: the landmarks allow no alignment, the face is left alone
};

/* One face on its way. The keys of large results are known before any of them is computed. */
struct mface_face {
    struct mface_eval *eval;
    struct mface_box box;
    struct mface_landmarks landmarks;
    struct mface_align_record align;
    struct mface_key landmarks_id, align_id; // content of the records
    struct mface_key mark_key, align_key;
    struct mface_key pre_key, swap_key, post_key;
    bool made_swap, made_post; // here, not found
    bool is_wanted;            // by mface_eval_want(): to be swapped
    /* While this frame may still read them; data NULL: not at hand. */
    struct mface_result crop, swap;
};

struct mface_eval {
    struct mface_engine *engine;
    struct mface_canvas *canvas;
    struct mface_demander demander;
    enum mface_status status;    // of the steps so far
    struct mface_key detect_key; // zero: this frame was not looked through
    struct mface_key merge_key;  // zero without a face
    bool has_boxes;              // `boxes` are those of detect
    struct mface_boxes_record boxes;
    struct mface_face *faces;
    int n_faces, capacity;
    int64_t n_inferences;
    int n_hidden;    // faces that changed no sample of the frame
    bool is_placed;  // faces have keys, and merge_key is set
    bool is_written; // merge ran here, so the canvas has its result already
};

/* eval_find.c: all faces of the frame, once, into eval->boxes. */
MFACE_NODISCARD enum mface_status mface_eval_detect(struct mface_eval *eval);

/* The landmarks found by looking there, and the key they have. */
MFACE_NODISCARD enum mface_status mface_eval_mark(struct mface_eval *eval,
    const struct mface_look *look, struct mface_landmarks *landmarks, struct mface_key *key);

struct mface_key mface_landmarks_id(const struct mface_landmarks *landmarks); // by content

/* Which frames are surely looked through whole: a part of all, chosen by content. */
bool mface_eval_is_key_frame(const struct mface_eval *eval);

/* eval_follow.c: the state after this frame from the state before it. */
MFACE_NODISCARD enum mface_status mface_eval_follow(
    struct mface_eval *eval, struct mface_tracks *tracks);

/* eval_align.c: places every face; drops those that cannot be. */
MFACE_NODISCARD enum mface_status mface_eval_align(struct mface_eval *eval);

/* eval_face.c: the face's results, each demanded only if missing. Clear *out. */
MFACE_NODISCARD enum mface_status mface_face_crop(
    struct mface_face *face, struct mface_result *out);
MFACE_NODISCARD enum mface_status mface_face_pre(struct mface_face *face, struct mface_result *out);
MFACE_NODISCARD enum mface_status mface_face_post(
    struct mface_face *face, struct mface_result *out);
void mface_face_derive_keys(struct mface_face *face);

/* Drops what the face holds: its frame has what it needs. */
void mface_face_let_go(struct mface_face *face);

/* Counts as saved what the stages of the face up to `last` (pre, swap, post) cost. */
void mface_face_hide(const struct mface_face *face, enum mface_stage last);

/* A swap's result: the new face (3 bytes a pixel), its mask (1), perhaps the source's mask (1). */
struct mface_swap_planes {
    struct mface_image face, celeb_mask, source_mask; // the last without data where it is not used
};

/* eval_swap.c: the result, and views of it. Clear *out. */
MFACE_NODISCARD enum mface_status mface_face_swap(
    struct mface_face *face, struct mface_result *out);
struct mface_swap_planes mface_swap_planes_of(const struct mface_face *face, const void *data);

/* eval_merge.c: the frame, then each face: what it looks like and where it goes. */
MFACE_NODISCARD enum mface_status mface_eval_derive_merge_key(struct mface_eval *eval);

/* Writes the faces into the frame, by running merge or by applying its patch. */
MFACE_NODISCARD enum mface_status mface_eval_merge(struct mface_eval *eval);

/* Views of the packed planes a result is made of, side × side each. */
static inline struct mface_image mface_plane_u8(const void *data, int side_px, int c)
{
    return (struct mface_image) {
        .data = (void *)data,
        .stride = (ptrdiff_t)side_px * c,
        .w = side_px,
        .h = side_px,
        .c = c,
        .sample = MFACE_SAMPLE_U8,
    };
}

static inline size_t mface_area_px(int side_px)
{
    return (size_t)side_px * (size_t)side_px;
}

static inline int mface_face_side_px(const struct mface_face *face)
{
    return face->eval->engine->align.resolution;
}

#endif

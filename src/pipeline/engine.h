/* The engine: one frame through the stage graph, computing only what is demanded and missing.
 *
 * A frame's content hash is the root. From it the engine walks down small records (boxes,
 * landmarks, where the crop lies and what its pixels hash to) to the key of the merged result, and
 * demands that. A hit ends there: a repeated frame costs a few look-ups and the copy of a patch. A
 * miss demands the finished faces, which demand the swapped ones, and so on up, each only if it is
 * missing. Since a crop is known by its content, a face that did not change under a changed
 * background hits everything after `crop`.
 *
 * Faces are followed from frame to frame, so finding them depends on the frame before. A frame
 * therefore goes through in three steps: what needs no other frame (begin), finding its faces (in
 * the frames' order), and all the rest (finish). First and last steps of different frames run at
 * once. Before the last, faces of several frames may be inferred together (place, want, infer): a
 * model that is larger than the caches is then read once for all of them. */
#ifndef MFACE_PIPELINE_ENGINE_H
#define MFACE_PIPELINE_ENGINE_H

#include "face/detect.h"
#include "face/face.h"
#include "face/mark.h"
#include "face/track.h"
#include "pipeline/stages.h"
#include "pipeline/tally.h"
#include "swap/dfm.h"
#include <memoface/cache.h>
#include <memoface/disk.h>

struct mface_settings;

/* The models, as the engine calls them. All are thread-safe; statuses as in face/detect.h,
 * face/mark.h and swap/dfm.h. */
struct mface_engine_models {
    void *user;
    enum mface_status (*detect)(void *user, const struct mface_picture *picture,
        const struct mface_detect_params *params, struct mface_box *boxes, int *n_boxes);
    struct mface_look (*look_at)(void *user, const struct mface_box *box);
    bool (*look_again)(
        void *user, const struct mface_landmarks *landmarks, struct mface_look *look);
    enum mface_status (*mark)(void *user, const struct mface_picture *picture,
        const struct mface_look *look, struct mface_landmarks *landmarks);
    enum mface_status (*swap)(void *user, const struct mface_dfm_params *params,
        const struct mface_dfm_face *faces, int n);
    struct mface_key digests[MFACE_N_ROLES]; // content of the model files
};

struct mface_engine; // immutable during a job but for what it counts; thread-safe

struct mface_engine_params {
    const struct mface_settings *settings;    // borrowed until the engine is freed
    const struct mface_engine_models *models; // copied
    struct mface_cache *cache;                // borrowed; NULL: none
    struct mface_tally *tally;                // borrowed
    struct mface_disk *disk;                  // borrowed; NULL: none
    struct mface_trace *trace;                // borrowed; NULL: none
};

/* MFACE_ERR_NOMEM, logged. */
MFACE_NODISCARD enum mface_status mface_engine_create(
    const struct mface_engine_params *params, struct mface_engine **out);
void mface_engine_free(struct mface_engine **engine);

/* A frame as the engine sees it. */
struct mface_canvas {
    struct mface_picture picture; // read only until make_writable has run
    struct mface_key key;         // hash of every visible sample and the format
    bool is_alone;                // no part of a sequence: a still image
    /* Makes the pixels the caller's own and sets `picture` anew. */
    enum mface_status (*make_writable)(void *user, struct mface_picture *picture);
    void *user;
};

/* One frame on its way through the engine; may be used for one frame after another, and keeps its
 * memory then. Each step may run on another thread than the one before, one at a time. */
struct mface_eval;

MFACE_NODISCARD enum mface_status mface_eval_create(struct mface_eval **out); // logs on failure
void mface_eval_free(struct mface_eval **eval);

/* Whether faces depend on the frames before; if not, `tracks` may be NULL below. */
bool mface_engine_follows(const struct mface_engine *engine);

/* Whether a frame that equals another finds that one's results. */
bool mface_engine_reuses(const struct mface_engine *engine);

/* Takes a frame in. Both are borrowed until the frame is finished, and the canvas' key is set. */
void mface_eval_begin(
    struct mface_eval *eval, struct mface_engine *engine, struct mface_canvas *canvas);

/* Finds the frame's faces, given what is known from the frame before; *tracks becomes what this
 * frame leaves to the next. NULL: there was no frame before and comes none. A failure is kept for
 * mface_eval_finish(), and what it leaves to the next frame is nothing. */
void mface_eval_find(struct mface_eval *eval, struct mface_tracks *tracks);

/* Says where the faces go, so that their results have keys. Needs not be called before finishing; a
 * failure is kept for that. */
void mface_eval_place(struct mface_eval *eval);

/* How many of the placed faces the model would have to swap, as nothing after that is at hand. It
 * looks again each time. */
int mface_eval_want(struct mface_eval *eval);

/* Whether the model would have to swap a face for both. Reads keys only: nobody may be placing or
 * finishing either. */
bool mface_evals_want_same(const struct mface_eval *a, const struct mface_eval *b);

/* Swaps the faces wanted, at most once each, of n frames that go through one engine. What fails is
 * left to finishing, which tries again, and tells. */
void mface_evals_infer(struct mface_eval *const *evals, int n);

/* Swaps the faces found, in place. On failure of any step the frame is as it was. *n_faces is how
 * many were swapped; both outcomes are tallied. */
MFACE_NODISCARD enum mface_status mface_eval_finish(struct mface_eval *eval, int *n_faces);

/* All three steps for one frame on its own. */
MFACE_NODISCARD enum mface_status mface_engine_run(
    struct mface_engine *engine, struct mface_canvas *canvas, int *n_faces);

#endif

/* What opening and running a DFM share. */
#ifndef MFACE_SWAP_DFM_INTERNAL_H
#define MFACE_SWAP_DFM_INTERNAL_H

#include "onnx/onnx.h"
#include "onnx/weights.h"
#include "swap/dfm.h"
#include "swap/memory.h"
#include "swap/model_file.h"

#include <pthread.h>

/* The outputs, in the order of every DFM. */
enum { MFACE_DFM_SOURCE_MASK, MFACE_DFM_CELEB_FACE, MFACE_DFM_CELEB_MASK, MFACE_DFM_N_OUTPUTS };

/* The model compiled for one morph value. */
struct mface_dfm_variant {
    struct mface_dfm_variant *next;
    float morph;
    bool has_source_mask;
    struct mface_plan *plan;
    int n_users;
    uint64_t used_at; // tick of the last use
};

/* Memory of one call, kept for the next: float images of the model's size. */
struct mface_dfm_scratch {
    struct mface_dfm_scratch *next;
    float *face, *celeb_face; // N × H × W × 3; exchanged between passes
    float *celeb_mask, *source_mask;
};

struct mface_dfm {
    char *path;
    int threads;
    char *folder; // "": none
    bool skip_source_mask;
    enum mface_precision precision;
    struct mface_weights *weights; // of all variants
    pthread_t saver;               // writes them to the folder
    bool is_saving;
    struct mface_model_file file;
    struct mface_onnx *onnx;
    struct mface_dfm_info info;
    size_t face_input, morph_input; // indices among the inputs; morph_input of no account without

    pthread_mutex_t lock; // guards what follows
    struct mface_dfm_variant *variants;
    int n_variants;
    uint64_t tick;
    struct mface_dfm_scratch *scratch; // free ones
};

/* Compiles the model for one morph value, apart from the variants. Logs on failure. */
MFACE_NODISCARD enum mface_status mface_dfm_compile(const struct mface_dfm *dfm, float morph,
    bool has_source_mask, enum mface_precision precision, struct mface_weights *weights,
    struct mface_plan **out);

/* Sets precision and info from what was asked for; measures if need be. Expects info.digest. Logs
 * on failure. */
MFACE_NODISCARD enum mface_status mface_dfm_choose_precision(
    struct mface_dfm *dfm, enum mface_dfm_precision asked);

/* Whether the model's faces and masks in bf16 are as good as those in f32 to the eye. Takes the
 * memory of both where it has to look. Logs on failure. */
MFACE_NODISCARD enum mface_status mface_dfm_is_good_in_bf16(
    const struct mface_dfm *dfm, bool *is_good);

/* One run of a plan; outputs that are NULL are not computed further than others need. */
MFACE_NODISCARD enum mface_status mface_dfm_run_plan(const struct mface_dfm *dfm,
    struct mface_plan *plan, float morph, float *face, float *celeb_face, float *celeb_mask,
    float *source_mask);

/* DeepFaceLive's default: most likely the first asked for. */
#define MFACE_DFM_FIRST_MORPH 0.75

/* Opens the store of packed weights; expects info.digest and precision. */
MFACE_NODISCARD enum mface_status mface_dfm_open_weights(struct mface_dfm *dfm);
/* Writes what is new in it, on a thread of its own; and waits for that to end. */
void mface_dfm_begin_save(struct mface_dfm *dfm);
void mface_dfm_end_save(struct mface_dfm *dfm);

/* Borrows the variant for a morph value, with source mask or without, compiling it if need be; give
 * it back with mface_dfm_variant_put(). Logs on failure. Thread-safe. */
MFACE_NODISCARD enum mface_status mface_dfm_variant_get(
    struct mface_dfm *dfm, double morph, bool has_source_mask, struct mface_dfm_variant **out);
void mface_dfm_variant_put(struct mface_dfm *dfm, struct mface_dfm_variant *variant);

/* Frees every variant and scratch; nobody may be running. */
void mface_dfm_free_variants(struct mface_dfm *dfm);
void mface_dfm_free_scratch(struct mface_dfm *dfm);

#endif

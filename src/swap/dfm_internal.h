/* What opening and running a DFM share. */
#ifndef MFACE_SWAP_DFM_INTERNAL_H
#define MFACE_SWAP_DFM_INTERNAL_H

#include "onnx/onnx.h"
#include "swap/dfm.h"
#include "swap/model_file.h"

#include <pthread.h>

/* The outputs, in the order of every DFM. */
enum { MFACE_DFM_SOURCE_MASK, MFACE_DFM_CELEB_FACE, MFACE_DFM_CELEB_MASK, MFACE_DFM_N_OUTPUTS };

/* The model compiled for one morph value. */
struct mface_dfm_variant {
    struct mface_dfm_variant *next;
    float morph;
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

/* Borrows the variant for a morph value, compiling it if need be; give it back with
 * mface_dfm_variant_put(). Logs on failure. Thread-safe. */
MFACE_NODISCARD enum mface_status mface_dfm_variant_get(
    struct mface_dfm *dfm, double morph, struct mface_dfm_variant **out);
void mface_dfm_variant_put(struct mface_dfm *dfm, struct mface_dfm_variant *variant);

/* Frees every variant and scratch; nobody may be running. */
void mface_dfm_free_variants(struct mface_dfm *dfm);
void mface_dfm_free_scratch(struct mface_dfm *dfm);

#endif

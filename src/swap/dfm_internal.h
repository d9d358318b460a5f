/* What opening and running a DFM share. */
#ifndef MFACE_SWAP_DFM_INTERNAL_H
#define MFACE_SWAP_DFM_INTERNAL_H

#include "onnx/onnx.h"
#include "onnx/weights.h"
#include "swap/dfm.h"
#include "swap/memory.h"
#include "swap/model_file.h"

#include <pthread.h>
#include <stdatomic.h>

/* The outputs, in the order of every DFM. */
enum { MFACE_DFM_SOURCE_MASK, MFACE_DFM_CELEB_FACE, MFACE_DFM_CELEB_MASK, MFACE_DFM_N_OUTPUTS };

/* Faces in a batch. Four take five sixths of the time of four single ones on bench.dfm in f32,
 * eight four fifths, at twice the memory and delay. */
enum { MFACE_DFM_BATCH = 4 };

/* What a plan is compiled for. */
struct mface_dfm_form {
    float morph;
    bool has_source_mask;
    int n_faces;
};

/* Float images of the model's size, those of a run's faces one after another. */
struct mface_dfm_images {
    float *face, *celeb_face; // N × H × W × 3
    float *celeb_mask, *source_mask;
};

/* Memory of one run, kept for the next. */
struct mface_dfm_scratch {
    struct mface_dfm_scratch *next;
    struct mface_dfm_images images;
};

/* The model compiled for one form. */
struct mface_dfm_variant {
    struct mface_dfm_variant *next;
    struct mface_dfm_form form;
    struct mface_plan *plan;
    struct mface_dfm_scratch *scratch; // free ones
    int n_users;
    uint64_t used_at; // tick of the last use
};

struct mface_dfm {
    char *path;
    int threads;
    char *folder; // "": none
    bool skip_source_mask;
    int batch;             // asked for
    atomic_bool takes_one; // batches were tried, and the model is not made for them
    enum mface_precision precision;
    struct mface_weights *weights; // of all variants
    pthread_t saver;               // writes them to the folder
    bool is_saving;
    struct mface_model_file file;
    struct mface_onnx *onnx;
    struct mface_dfm_info info;
    size_t face_input, morph_input; // indices among the inputs; morph_input of no account without

    pthread_mutex_t lock;               // guards what follows
    struct mface_dfm_variant *variants; // and what of them changes: scratch, users, time
    int n_variants;
    uint64_t tick;
};

/* Compiles the model for one form, apart from the variants, and checks what it makes: the plan's
 * outputs are images of the form. Logs on failure; MFACE_ERR_UNSUPPORTED where they are not. */
MFACE_NODISCARD enum mface_status mface_dfm_compile(const struct mface_dfm *dfm,
    const struct mface_dfm_form *form, enum mface_precision precision,
    struct mface_weights *weights, struct mface_plan **out);

/* Sets precision and info from what was asked for; measures if need be. Expects info.digest. Logs
 * on failure. */
MFACE_NODISCARD enum mface_status mface_dfm_choose_precision(
    struct mface_dfm *dfm, enum mface_dfm_precision asked);

/* Whether the model's faces and masks in bf16 are as good as those in f32 to the eye. Takes the
 * memory of both where it has to look. Logs on failure. */
MFACE_NODISCARD enum mface_status mface_dfm_is_good_in_bf16(
    const struct mface_dfm *dfm, bool *is_good);

/* Compares a precision with f32. Takes the memory of both. Logs on failure. */
MFACE_NODISCARD enum mface_status mface_dfm_measure_quality(
    const struct mface_dfm *dfm, enum mface_precision precision, struct mface_dfm_quality *quality);

/* Views of a block of eight floats a pixel and face. */
static inline struct mface_dfm_images mface_dfm_images_at(
    const struct mface_dfm *dfm, const struct mface_dfm_form *form, float *block)
{
    const size_t n = (size_t)dfm->info.w * (size_t)dfm->info.h * (size_t)form->n_faces;
    return (struct mface_dfm_images) {
        .face = block,
        .celeb_face = block + 3 * n,
        .celeb_mask = block + 6 * n,
        .source_mask = form->has_source_mask ? block + 7 * n : NULL,
    };
}

/* One run of a plan; outputs that are NULL are not computed further than others need. */
MFACE_NODISCARD enum mface_status mface_dfm_run_plan(const struct mface_dfm *dfm,
    struct mface_plan *plan, const struct mface_dfm_form *form,
    const struct mface_dfm_images *images);

/* DeepFaceLive's default: most likely the first asked for. */
#define MFACE_DFM_FIRST_MORPH 0.75

/* Opens the store of packed weights; expects info.digest and precision. */
MFACE_NODISCARD enum mface_status mface_dfm_open_weights(struct mface_dfm *dfm);
/* Writes what is new in it, on a thread of its own; and waits for that to end. */
void mface_dfm_begin_save(struct mface_dfm *dfm);
void mface_dfm_end_save(struct mface_dfm *dfm);

/* Borrows the variant for a form, compiling it if need be; give it back with
 * mface_dfm_variant_put(). The morph value is of no account without one. Logs on failure.
 * Thread-safe. */
MFACE_NODISCARD enum mface_status mface_dfm_variant_get(
    struct mface_dfm *dfm, const struct mface_dfm_form *form, struct mface_dfm_variant **out);
void mface_dfm_variant_put(struct mface_dfm *dfm, struct mface_dfm_variant *variant);

void mface_dfm_free_variants(struct mface_dfm *dfm); // nobody may be running

/* Memory of a run of the variant, to be given back; NULL: none left, not logged. Thread-safe. */
struct mface_dfm_scratch *mface_dfm_scratch_get(
    struct mface_dfm *dfm, struct mface_dfm_variant *variant);
void mface_dfm_scratch_put(
    struct mface_dfm *dfm, struct mface_dfm_variant *variant, struct mface_dfm_scratch *scratch);
void mface_dfm_scratch_free(struct mface_dfm_variant *variant); // nobody may be running

#endif

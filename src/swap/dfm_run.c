/* Running a DFM on faces: to floats of the model's size, through the plan, and back.
 *
 * As many faces as make a batch go through together, the rest one by one: a plan for each number
 * between would cost more memory than it saves time. */
#include "base/log.h"
#include "image/kernels.h"
#include "swap/dfm_internal.h"

#include <assert.h>

static struct mface_tensor tensor_of(
    const struct mface_dfm *dfm, const struct mface_dfm_form *form, float *data, int c)
{
    return (struct mface_tensor) {
        .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { form->n_faces, dfm->info.h, dfm->info.w, c } },
        .data = data,
    };
}

enum mface_status mface_dfm_run_plan(const struct mface_dfm *dfm, struct mface_plan *plan,
    const struct mface_dfm_form *form, const struct mface_dfm_images *images)
{
    float morph = form->morph;
    struct mface_tensor inputs[2];
    inputs[dfm->face_input] = tensor_of(dfm, form, images->face, 3);
    if (dfm->info.has_morph)
        inputs[dfm->morph_input] = (struct mface_tensor) {
            .dtype = MFACE_DTYPE_F32,
            .shape = { .rank = 1, .dim = { 1 } },
            .data = &morph,
        };
    const struct mface_tensor outputs[MFACE_DFM_N_OUTPUTS] = {
        [MFACE_DFM_SOURCE_MASK] = tensor_of(dfm, form, images->source_mask, 1),
        [MFACE_DFM_CELEB_FACE] = tensor_of(dfm, form, images->celeb_face, 3),
        [MFACE_DFM_CELEB_MASK] = tensor_of(dfm, form, images->celeb_mask, 1),
    };
    return mface_plan_run(plan, inputs, outputs);
}

/* The second pass takes the first one's face, and leaves its own in celeb_face again. Between
 * them the face stays in floats of the model's size (DeepFaceLive rounds it to 8 bits). */
static enum mface_status run_passes(const struct mface_dfm *dfm,
    const struct mface_dfm_variant *variant, bool two_pass, struct mface_dfm_images *images)
{
    const struct mface_dfm_form *form = &variant->form;
    if (!two_pass)
        return mface_dfm_run_plan(dfm, variant->plan, form, images);
    struct mface_dfm_images first = *images, second = *images;
    first.celeb_mask = NULL;
    MFACE_TRY(mface_dfm_run_plan(dfm, variant->plan, form, &first));
    second.face = images->celeb_face;
    second.celeb_face = images->face;
    second.source_mask = NULL;
    images->face = second.face;
    images->celeb_face = second.celeb_face;
    return mface_dfm_run_plan(dfm, variant->plan, form, &second);
}

/* Between U8 of the crop's size and floats of the model's. */
static void transfer(const struct mface_image *src, const struct mface_image *dst)
{
    if (src->w == dst->w && src->h == dst->h)
        mface_convert(src, dst);
    else
        mface_resize(src, dst, MFACE_INTERP_BILINEAR);
}

/* The `i`-th of the images that lie one after another. */
static struct mface_image image_at(const struct mface_dfm *dfm, float *images, int c, int i)
{
    const int w = dfm->info.w, h = dfm->info.h;
    return (struct mface_image) {
        .data = images + (size_t)i * (size_t)w * (size_t)h * (size_t)c,
        .stride = (ptrdiff_t)sizeof(float) * w * c,
        .w = w,
        .h = h,
        .c = c,
        .sample = MFACE_SAMPLE_F32,
    };
}

static void load(const struct mface_dfm *dfm, const struct mface_dfm_face *face,
    const struct mface_dfm_images *images, int i)
{
    assert(face->crop.c == 3 && face->crop.sample == MFACE_SAMPLE_U8);
    const struct mface_image image = image_at(dfm, images->face, 3, i);
    transfer(&face->crop, &image);
}

static void store(const struct mface_dfm *dfm, const struct mface_dfm_images *images, int i,
    const struct mface_dfm_face *face)
{
    const struct mface_image celeb_face = image_at(dfm, images->celeb_face, 3, i);
    const struct mface_image celeb_mask = image_at(dfm, images->celeb_mask, 1, i);
    transfer(&celeb_face, &face->celeb_face);
    transfer(&celeb_mask, &face->celeb_mask);
    if (face->source_mask.data) {
        const struct mface_image source_mask = image_at(dfm, images->source_mask, 1, i);
        transfer(&source_mask, &face->source_mask);
    }
}

static enum mface_status run_variant(struct mface_dfm *dfm, struct mface_dfm_variant *variant,
    bool two_pass, const struct mface_dfm_face *faces)
{
    const int n = variant->form.n_faces;
    struct mface_dfm_scratch *scratch = mface_dfm_scratch_get(dfm, variant);
    if (!scratch)
        return mface_fail_nomem(dfm->path);
    for (int i = 0; i < n; i++)
        load(dfm, &faces[i], &scratch->images, i);
    const enum mface_status status = run_passes(dfm, variant, two_pass, &scratch->images);
    for (int i = 0; i < n && status == MFACE_OK; i++)
        store(dfm, &scratch->images, i, &faces[i]);
    mface_dfm_scratch_put(dfm, variant, scratch);
    return status;
}

/* An export may say that it takes any number of faces, and yet be made for one. */
static enum mface_status get_variant(
    struct mface_dfm *dfm, struct mface_dfm_form *form, struct mface_dfm_variant **out)
{
    if (form->n_faces > 1 && mface_dfm_variant_get(dfm, form, out) == MFACE_OK)
        return MFACE_OK;
    if (form->n_faces > 1) {
        atomic_store(&dfm->takes_one, true);
        mface_log(MFACE_LOG_WARN, "%s: goes on with one face at a time", dfm->path);
    }
    form->n_faces = 1;
    return mface_dfm_variant_get(dfm, form, out);
}

/* Runs the first of `n` faces, or as many as make a batch. */
static enum mface_status run_some(struct mface_dfm *dfm, const struct mface_dfm_params *params,
    const struct mface_dfm_face *faces, int n, int *n_run)
{
    const int batch = atomic_load(&dfm->takes_one) ? 1 : dfm->info.batch;
    struct mface_dfm_form form = {
        .morph = (float)params->morph,
        .has_source_mask = faces->source_mask.data != NULL,
        .n_faces = n < batch ? 1 : batch,
    };
    struct mface_dfm_variant *variant;
    MFACE_TRY(get_variant(dfm, &form, &variant));
    *n_run = form.n_faces;
    const enum mface_status status = run_variant(dfm, variant, params->two_pass, faces);
    mface_dfm_variant_put(dfm, variant);
    return status;
}

enum mface_status mface_dfm_run(struct mface_dfm *dfm, const struct mface_dfm_params *params,
    const struct mface_dfm_face *faces, int n)
{
    for (int i = 0, n_run; i < n; i += n_run)
        MFACE_TRY(run_some(dfm, params, faces + i, n - i, &n_run));
    return MFACE_OK;
}

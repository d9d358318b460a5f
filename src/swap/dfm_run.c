/* Running a DFM on one face: to floats of the model's size, through the plan, and back. */
#include "base/log.h"
#include "base/mem.h"
#include "image/kernels.h"
#include "swap/dfm_internal.h"

#include <assert.h>

/* One block for all four images; each starts on a cache line. */
static struct mface_dfm_scratch *create_scratch(const struct mface_dfm_info *info)
{
    const size_t n_pixels = (size_t)info->w * (size_t)info->h;
    const size_t mask_bytes = mface_align_up(n_pixels * sizeof(float), MFACE_ALIGN);
    const size_t face_bytes = mface_align_up(n_pixels * 3 * sizeof(float), MFACE_ALIGN);
    const size_t head_bytes = mface_align_up(sizeof(struct mface_dfm_scratch), MFACE_ALIGN);
    uint8_t *block = mface_mem_alloc(head_bytes + 2 * face_bytes + 2 * mask_bytes);
    if (!block)
        return NULL;
    struct mface_dfm_scratch *scratch = (void *)block;
    scratch->face = (void *)(block + head_bytes);
    scratch->celeb_face = (void *)(block + head_bytes + face_bytes);
    scratch->celeb_mask = (void *)(block + head_bytes + 2 * face_bytes);
    scratch->source_mask = (void *)(block + head_bytes + 2 * face_bytes + mask_bytes);
    return scratch;
}

static struct mface_dfm_scratch *get_scratch(struct mface_dfm *dfm)
{
    pthread_mutex_lock(&dfm->lock);
    struct mface_dfm_scratch *scratch = dfm->scratch;
    if (scratch)
        dfm->scratch = scratch->next;
    pthread_mutex_unlock(&dfm->lock);
    return scratch ? scratch : create_scratch(&dfm->info);
}

static void put_scratch(struct mface_dfm *dfm, struct mface_dfm_scratch *scratch)
{
    pthread_mutex_lock(&dfm->lock);
    scratch->next = dfm->scratch;
    dfm->scratch = scratch;
    pthread_mutex_unlock(&dfm->lock);
}

void mface_dfm_free_scratch(struct mface_dfm *dfm)
{
    while (dfm->scratch) {
        struct mface_dfm_scratch *scratch = dfm->scratch;
        dfm->scratch = scratch->next;
        mface_mem_free(scratch);
    }
}

static struct mface_tensor tensor_of(const struct mface_dfm *dfm, float *data, int c)
{
    return (struct mface_tensor) {
        .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, dfm->info.h, dfm->info.w, c } },
        .data = data,
    };
}

enum mface_status mface_dfm_run_plan(const struct mface_dfm *dfm, struct mface_plan *plan,
    float morph, float *face, float *celeb_face, float *celeb_mask, float *source_mask)
{
    struct mface_tensor inputs[2];
    inputs[dfm->face_input] = tensor_of(dfm, face, 3);
    if (dfm->info.has_morph)
        inputs[dfm->morph_input] = (struct mface_tensor) {
            .dtype = MFACE_DTYPE_F32,
            .shape = { .rank = 1, .dim = { 1 } },
            .data = &morph,
        };
    const struct mface_tensor outputs[MFACE_DFM_N_OUTPUTS] = {
        [MFACE_DFM_SOURCE_MASK] = tensor_of(dfm, source_mask, 1),
        [MFACE_DFM_CELEB_FACE] = tensor_of(dfm, celeb_face, 3),
        [MFACE_DFM_CELEB_MASK] = tensor_of(dfm, celeb_mask, 1),
    };
    return mface_plan_run(plan, inputs, outputs);
}

static enum mface_status run_pass(const struct mface_dfm *dfm,
    const struct mface_dfm_variant *variant, float *face, float *celeb_face, float *celeb_mask,
    float *source_mask)
{
    return mface_dfm_run_plan(
        dfm, variant->plan, variant->morph, face, celeb_face, celeb_mask, source_mask);
}

/* The second pass takes the first one's face, and leaves its own in celeb_face again. Between
 * them the face stays in floats of the model's size (DeepFaceLive rounds it to 8 bits). */
static enum mface_status run_passes(const struct mface_dfm *dfm,
    const struct mface_dfm_variant *variant, bool two_pass, bool want_source_mask,
    struct mface_dfm_scratch *s)
{
    float *source_mask = want_source_mask ? s->source_mask : NULL;
    if (!two_pass)
        return run_pass(dfm, variant, s->face, s->celeb_face, s->celeb_mask, source_mask);
    MFACE_TRY(run_pass(dfm, variant, s->face, s->celeb_face, NULL, source_mask));
    float *first_face = s->celeb_face;
    s->celeb_face = s->face;
    s->face = first_face;
    return run_pass(dfm, variant, s->face, s->celeb_face, s->celeb_mask, NULL);
}

static struct mface_image model_image(const struct mface_dfm *dfm, float *data, int c)
{
    return (struct mface_image) {
        .data = data,
        .stride = (ptrdiff_t)sizeof(float) * dfm->info.w * c,
        .w = dfm->info.w,
        .h = dfm->info.h,
        .c = c,
        .sample = MFACE_SAMPLE_F32,
    };
}

/* Between U8 of the crop's size and floats of the model's. */
static void transfer(const struct mface_image *src, const struct mface_image *dst)
{
    if (src->w == dst->w && src->h == dst->h)
        mface_convert(src, dst);
    else
        mface_resize(src, dst, MFACE_INTERP_BILINEAR);
}

static void store(const struct mface_dfm *dfm, float *data, int c, const struct mface_image *out)
{
    const struct mface_image image = model_image(dfm, data, c);
    transfer(&image, out);
}

enum mface_status mface_dfm_run(struct mface_dfm *dfm, const struct mface_dfm_params *params,
    const struct mface_image *crop, const struct mface_image *celeb_face,
    const struct mface_image *celeb_mask, const struct mface_image *source_mask)
{
    assert(crop->c == 3 && crop->sample == MFACE_SAMPLE_U8);
    struct mface_dfm_scratch *scratch = get_scratch(dfm);
    if (!scratch)
        return mface_fail_nomem(dfm->path);
    struct mface_dfm_variant *variant;
    enum mface_status status =
        mface_dfm_variant_get(dfm, params->morph, source_mask != NULL, &variant);
    if (status == MFACE_OK) {
        const struct mface_image face = model_image(dfm, scratch->face, 3);
        transfer(crop, &face);
        status = run_passes(dfm, variant, params->two_pass, source_mask != NULL, scratch);
        mface_dfm_variant_put(dfm, variant);
    }
    if (status == MFACE_OK) {
        store(dfm, scratch->celeb_face, 3, celeb_face);
        store(dfm, scratch->celeb_mask, 1, celeb_mask);
        if (source_mask)
            store(dfm, scratch->source_mask, 1, source_mask);
    }
    put_scratch(dfm, scratch);
    return status;
}

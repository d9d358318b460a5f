/* Compiled variants of a DFM.
 *
 * AMP models slice two inter codes by int(inter_dims × morph), so the morph value decides shapes
 * and is compiled in; so are whether the source mask is wanted, and the number of faces. A few
 * variants are kept. They share the packed weights, none of which depends on any of that, so one
 * costs its activations, its kernels' code and some 100 ms of compiling. The least recently used of
 * those nobody runs goes first; one that is in use stays, even if that is one too many. Compiling
 * holds the lock: whoever wants the same variant waits for it and finds it. */
#include "base/log.h"
#include "base/mem.h"
#include "swap/dfm_internal.h"

enum { KEPT_VARIANTS = 6 };

static const char *const output_words[] = { "source mask", "celeb face", "celeb mask" };
static const int output_channels[] = { 1, 3, 1 };

/* DeepFaceLab's exports leave dimensions of the outputs open: now they are known. */
static enum mface_status check_output(
    const struct mface_dfm *dfm, const struct mface_plan *plan, int n_faces, size_t i)
{
    const struct mface_value_info *output = mface_plan_output(plan, i);
    const int64_t *dim = output->shape.dim;
    if (output->dtype == MFACE_DTYPE_NONE)
        return MFACE_OK; // not wanted
    if (output->dtype != MFACE_DTYPE_F32)
        return mface_fail(MFACE_ERR_UNSUPPORTED, "%s: not a DFM: its %s is of type %s, not f32",
            dfm->path, output_words[i], mface_dtype_name(output->dtype));
    if (output->shape.rank != 4 || dim[0] != n_faces || dim[1] != dfm->info.h ||
        dim[2] != dfm->info.w || dim[3] != output_channels[i])
        return mface_fail(MFACE_ERR_UNSUPPORTED,
            "%s: not a DFM: output %zu ('%s') is not a %s of %d×%d×%d×%d", dfm->path, i,
            output->name, output_words[i], n_faces, dfm->info.h, dfm->info.w, output_channels[i]);
    return MFACE_OK;
}

static enum mface_status check_outputs(
    const struct mface_dfm *dfm, const struct mface_plan *plan, int n_faces)
{
    for (size_t i = 0; i < MFACE_DFM_N_OUTPUTS; i++)
        MFACE_TRY(check_output(dfm, plan, n_faces, i));
    return MFACE_OK;
}

enum mface_status mface_dfm_compile(const struct mface_dfm *dfm, const struct mface_dfm_form *form,
    enum mface_precision precision, struct mface_weights *weights, struct mface_plan **out)
{
    float morph = form->morph;
    const bool wanted[MFACE_DFM_N_OUTPUTS] = { [MFACE_DFM_SOURCE_MASK] = form->has_source_mask,
        [MFACE_DFM_CELEB_FACE] = true,
        [MFACE_DFM_CELEB_MASK] = true };
    struct mface_tensor inputs[2];
    inputs[dfm->face_input] = (struct mface_tensor) {
        .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { form->n_faces, dfm->info.h, dfm->info.w, 3 } },
    };
    if (dfm->info.has_morph)
        inputs[dfm->morph_input] = (struct mface_tensor) {
            .dtype = MFACE_DTYPE_F32,
            .shape = { .rank = 1, .dim = { 1 } },
            .data = &morph,
        };
    const struct mface_plan_params params = {
        .inputs = inputs,
        .n_inputs = dfm->info.has_morph ? 2 : 1,
        .threads = dfm->threads,
        .precision = precision,
        .wanted = wanted,
        .weights = weights,
    };
    MFACE_TRY(mface_plan_create(dfm->onnx, &params, out));
    const enum mface_status status = check_outputs(dfm, *out, form->n_faces);
    if (status != MFACE_OK)
        mface_plan_free(out);
    return status;
}

static void free_variant(struct mface_dfm *dfm, struct mface_dfm_variant **link)
{
    struct mface_dfm_variant *variant = *link;
    *link = variant->next;
    dfm->n_variants--;
    mface_dfm_scratch_free(variant);
    mface_plan_free(&variant->plan);
    mface_mem_free(variant);
}

/* The link to the least recently used variant that nobody uses, or NULL. */
static struct mface_dfm_variant **find_idle(struct mface_dfm *dfm)
{
    struct mface_dfm_variant **idle = NULL;
    for (struct mface_dfm_variant **link = &dfm->variants; *link; link = &(*link)->next)
        if ((*link)->n_users == 0 && (!idle || (*link)->used_at < (*idle)->used_at))
            idle = link;
    return idle;
}

/* Leaves at most n variants, as far as their users allow. */
static void shrink(struct mface_dfm *dfm, int n)
{
    struct mface_dfm_variant **idle;
    while (dfm->n_variants > n && (idle = find_idle(dfm)) != NULL)
        free_variant(dfm, idle);
}

static bool is_form(const struct mface_dfm_form *a, const struct mface_dfm_form *b)
{
    return a->morph == b->morph && a->has_source_mask == b->has_source_mask &&
           a->n_faces == b->n_faces;
}

static struct mface_dfm_variant *find(
    const struct mface_dfm *dfm, const struct mface_dfm_form *form)
{
    struct mface_dfm_variant *variant = dfm->variants;
    while (variant && !is_form(&variant->form, form))
        variant = variant->next;
    return variant;
}

static enum mface_status add(
    struct mface_dfm *dfm, const struct mface_dfm_form *form, struct mface_dfm_variant **out)
{
    struct mface_dfm_variant *variant = mface_mem_calloc(1, sizeof *variant);
    if (!variant)
        return mface_fail_nomem(dfm->path);
    shrink(dfm, KEPT_VARIANTS - 1);
    const enum mface_status status =
        mface_dfm_compile(dfm, form, dfm->precision, dfm->weights, &variant->plan);
    if (status != MFACE_OK) {
        mface_mem_free(variant);
        return status;
    }
    variant->form = *form;
    variant->next = dfm->variants;
    dfm->variants = variant;
    dfm->n_variants++;
    *out = variant;
    return MFACE_OK;
}

enum mface_status mface_dfm_variant_get(
    struct mface_dfm *dfm, const struct mface_dfm_form *wanted, struct mface_dfm_variant **out)
{
    struct mface_dfm_form form = *wanted;
    if (!dfm->info.has_morph)
        form.morph = 0;
    pthread_mutex_lock(&dfm->lock);
    struct mface_dfm_variant *variant = find(dfm, &form);
    const enum mface_status status = variant ? MFACE_OK : add(dfm, &form, &variant);
    if (status == MFACE_OK) {
        variant->n_users++;
        variant->used_at = ++dfm->tick;
        *out = variant;
    }
    pthread_mutex_unlock(&dfm->lock);
    return status;
}

void mface_dfm_variant_put(struct mface_dfm *dfm, struct mface_dfm_variant *variant)
{
    pthread_mutex_lock(&dfm->lock);
    variant->n_users--;
    shrink(dfm, KEPT_VARIANTS);
    pthread_mutex_unlock(&dfm->lock);
}

void mface_dfm_free_variants(struct mface_dfm *dfm)
{
    while (dfm->variants)
        free_variant(dfm, &dfm->variants);
}

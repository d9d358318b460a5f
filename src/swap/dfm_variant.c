/* Compiled variants of a DFM.
 *
 * AMP models slice two inter codes by int(inter_dims × morph), so the morph value decides shapes
 * and is compiled in. A few values are kept (each holds all weights, some 400 MB): the least
 * recently used of those nobody runs goes first; one that is in use stays, even if that is one too
 * many. Compiling holds the lock: whoever wants the same value waits for it and finds it. */
#include "base/log.h"
#include "base/mem.h"
#include "swap/dfm_internal.h"

enum { KEPT_VARIANTS = 2 };

static enum mface_status compile(struct mface_dfm *dfm, float morph, struct mface_plan **out)
{
    struct mface_tensor inputs[2];
    inputs[dfm->face_input] = (struct mface_tensor) {
        .dtype = MFACE_DTYPE_F32,
        .shape = { .rank = 4, .dim = { 1, dfm->info.h, dfm->info.w, 3 } },
    };
    if (dfm->info.has_morph)
        inputs[dfm->morph_input] = (struct mface_tensor) {
            .dtype = MFACE_DTYPE_F32,
            .shape = { .rank = 1, .dim = { 1 } },
            .data = &morph,
        };
    const struct mface_plan_params params = {
        .inputs = inputs, .n_inputs = dfm->info.has_morph ? 2 : 1, .threads = dfm->threads
    };
    return mface_plan_create(dfm->onnx, &params, out);
}

static void free_variant(struct mface_dfm *dfm, struct mface_dfm_variant **link)
{
    struct mface_dfm_variant *variant = *link;
    *link = variant->next;
    dfm->n_variants--;
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

static struct mface_dfm_variant *find(const struct mface_dfm *dfm, float morph)
{
    struct mface_dfm_variant *variant = dfm->variants;
    while (variant && variant->morph != morph)
        variant = variant->next;
    return variant;
}

static enum mface_status add(struct mface_dfm *dfm, float morph, struct mface_dfm_variant **out)
{
    struct mface_dfm_variant *variant = mface_mem_calloc(1, sizeof *variant);
    if (!variant)
        return mface_fail_nomem(dfm->path);
    shrink(dfm, KEPT_VARIANTS - 1);
    const enum mface_status status = compile(dfm, morph, &variant->plan);
    if (status != MFACE_OK) {
        mface_mem_free(variant);
        return status;
    }
    variant->morph = morph;
    variant->next = dfm->variants;
    dfm->variants = variant;
    dfm->n_variants++;
    *out = variant;
    return MFACE_OK;
}

enum mface_status mface_dfm_variant_get(
    struct mface_dfm *dfm, double morph, struct mface_dfm_variant **out)
{
    const float value = dfm->info.has_morph ? (float)morph : 0;
    pthread_mutex_lock(&dfm->lock);
    struct mface_dfm_variant *variant = find(dfm, value);
    const enum mface_status status = variant ? MFACE_OK : add(dfm, value, &variant);
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

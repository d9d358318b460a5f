/* The float images of a DFM's runs: as many blocks as there were runs at once. */
#include "base/mem.h"
#include "swap/dfm_internal.h"

static struct mface_dfm_scratch *create(
    const struct mface_dfm *dfm, const struct mface_dfm_form *form)
{
    const size_t n_values = (size_t)dfm->info.w * (size_t)dfm->info.h * (size_t)form->n_faces * 8;
    const size_t head_bytes = mface_align_up(sizeof(struct mface_dfm_scratch), MFACE_ALIGN);
    uint8_t *block = mface_mem_alloc(head_bytes + n_values * sizeof(float));
    if (!block)
        return NULL;
    struct mface_dfm_scratch *scratch = (void *)block;
    scratch->images = mface_dfm_images_at(dfm, form, (void *)(block + head_bytes));
    return scratch;
}

struct mface_dfm_scratch *mface_dfm_scratch_get(
    struct mface_dfm *dfm, struct mface_dfm_variant *variant)
{
    pthread_mutex_lock(&dfm->lock);
    struct mface_dfm_scratch *scratch = variant->scratch;
    if (scratch)
        variant->scratch = scratch->next;
    pthread_mutex_unlock(&dfm->lock);
    return scratch ? scratch : create(dfm, &variant->form);
}

void mface_dfm_scratch_put(
    struct mface_dfm *dfm, struct mface_dfm_variant *variant, struct mface_dfm_scratch *scratch)
{
    pthread_mutex_lock(&dfm->lock);
    scratch->next = variant->scratch;
    variant->scratch = scratch;
    pthread_mutex_unlock(&dfm->lock);
}

void mface_dfm_scratch_free(struct mface_dfm_variant *variant)
{
    while (variant->scratch) {
        struct mface_dfm_scratch *scratch = variant->scratch;
        variant->scratch = scratch->next;
        mface_mem_free(scratch);
    }
}

/* Keeping a DFM's packed weights from one start to the next. */
#include "base/hash.h"
#include "base/log.h"
#include "swap/dfm_internal.h"
#include "swap/memory.h"

/* A dozen models of half a gigabyte each. */
static const size_t kept_bytes_max = (size_t)6 << 30;

static struct mface_key identity_of(const struct mface_dfm *dfm)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_key(&hasher, dfm->info.digest);
    mface_hasher_add_key(&hasher, mface_onnx_runtime_key());
    mface_hasher_add_u64(&hasher, (uint64_t)dfm->precision);
    mface_hasher_add_u64(&hasher, (uint64_t)dfm->threads); // the layouts may differ
    return mface_hasher_finish(&hasher);
}

enum mface_status mface_dfm_open_weights(struct mface_dfm *dfm)
{
    char path[PATH_MAX];
    const struct mface_key identity = identity_of(dfm);
    const bool has_path = mface_memory_path(dfm->folder, "weights", identity, path);
    return mface_weights_create(has_path ? path : NULL, identity, &dfm->weights);
}

static void *save(void *arg)
{
    struct mface_dfm *dfm = arg;
    char path[PATH_MAX];
    if (mface_weights_save(dfm->weights) != MFACE_OK)
        mface_log(MFACE_LOG_INFO,
            "%s: packed weights could not be kept: the next start will pack "
            "them again",
            dfm->path);
    if (mface_memory_path(dfm->folder, "weights", identity_of(dfm), path))
        mface_memory_trim(dfm->folder, kept_bytes_max, path);
    return NULL;
}

void mface_dfm_begin_save(struct mface_dfm *dfm)
{
    dfm->is_saving = *dfm->folder && pthread_create(&dfm->saver, NULL, save, dfm) == 0;
}

/* Variants compiled since may have packed more. */
void mface_dfm_end_save(struct mface_dfm *dfm)
{
    if (!dfm->is_saving)
        return;
    pthread_join(dfm->saver, NULL);
    dfm->is_saving = false;
    save(dfm);
}

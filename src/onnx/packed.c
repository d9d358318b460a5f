#include "onnx/packed.h"

#include "base/mem.h"
#include "onnx/parallel.h"

#include <stdatomic.h>

struct fill {
    const struct mface_packing *packing;
    void *packed;
    atomic_bool *failed;
};

static void fill_range(const void *user, int64_t first, int64_t end)
{
    const struct fill *fill = user;
    const struct mface_packing *packing = fill->packing;
    void *buffer = mface_mem_alloc(packing->buffer_bytes);
    if (!buffer)
        atomic_store(fill->failed, true);
    for (int64_t i = first; i < end && buffer; i++)
        packing->pack(packing->user, i, buffer, fill->packed);
    mface_mem_free(buffer);
}

static void *pack_anew(const struct mface_packing *packing, size_t bytes)
{
    atomic_bool failed = false;
    void *packed = mface_mem_alloc_huge(bytes);
    const struct fill fill = { packing, packed, &failed };
    if (packed)
        mface_parallel(packing->threads, packing->n, packing->work, fill_range, &fill);
    if (!failed)
        return packed;
    mface_mem_free(packed);
    return NULL;
}

enum mface_status mface_pack(const struct mface_constant *from, struct mface_key layout,
    size_t bytes, const struct mface_packing *packing, struct mface_packed *out)
{
    *out = (struct mface_packed) { .bytes = bytes,
        .data = mface_weights_find(&from->source, layout, bytes) };
    if (out->data)
        return MFACE_OK;
    void *packed = pack_anew(packing, bytes);
    if (!packed)
        return MFACE_ERR_NOMEM;
    out->data = packed;
    out->is_owned = !mface_weights_give(&from->source, layout, packed, bytes);
    return MFACE_OK;
}

void mface_packed_clear(struct mface_packed *packed)
{
    if (packed->is_owned)
        mface_mem_free((void *)packed->data);
    *packed = (struct mface_packed) { 0 };
}

/* A kernel from the inside: what dnnl.c shares with the files that describe one operation each. */
#ifndef MFACE_ONNX_DNNL_KERNEL_H
#define MFACE_ONNX_DNNL_KERNEL_H

#include "onnx/dnnl.h"

#include <dnnl.h>
#include <pthread.h>

enum mface_dnnl_slot_index {
    MFACE_SLOT_SRC,
    MFACE_SLOT_WEIGHTS,
    MFACE_SLOT_BIAS,
    MFACE_SLOT_DST,
    MFACE_SLOT_N
};

struct mface_dnnl_slot {
    bool used;
    dnnl_memory_desc_t plain, wanted;
    dnnl_primitive_t reorder; // NULL: plain is what is wanted
    const void *packed;       // constant, in the wanted layout
    bool owns_packed;         // else it is the store's
    size_t offset;            // in scratch, of the wanted layout
};

struct mface_dnnl {
    dnnl_primitive_t primitive;
    struct mface_dnnl_slot slot[MFACE_SLOT_N];
    dnnl_memory_desc_t pad; // oneDNN's own scratchpad, shared by primitive and reorders
    size_t pad_bytes, scratch_bytes, weight_bytes;
    int64_t n_runs;       // of the primitive in one of the kernel, source and result moving on
    bool on_one_thread;   // or sums would be split by the number of threads
    pthread_mutex_t lock; // guards `idle`
    struct mface_dnnl_context *idle;
};

/* Ours for theirs. */
enum mface_status mface_dnnl_status(dnnl_status_t status);

#define MFACE_TRY_DNNL(call)                                                                       \
    do {                                                                                           \
        const dnnl_status_t try_status_ = (call);                                                  \
        if (try_status_ != dnnl_success)                                                           \
            return mface_dnnl_status(try_status_);                                                 \
    } while (0)

/* An empty kernel, with the engine started. The caller sets `used` and `plain` of its slots and
 * calls mface_dnnl_complete(); it frees the kernel when either fails. */
MFACE_NODISCARD enum mface_status mface_dnnl_begin(struct mface_dnnl **out);

/* Completes a kernel whose plain layouts are set, from the operation's description. `constant`:
 * per slot, in the plain layout; without data where there is none. */
MFACE_NODISCARD enum mface_status mface_dnnl_complete(struct mface_dnnl *kernel,
    const_dnnl_op_desc_t op, const_dnnl_primitive_attr_t attr,
    const struct mface_constant constant[MFACE_SLOT_N]);

/* dnnl_pack.c: brings the constants into the layouts that the primitive wants. */
MFACE_NODISCARD enum mface_status mface_dnnl_pack(
    struct mface_dnnl *kernel, const struct mface_constant constant[MFACE_SLOT_N]);

/* The engine all kernels live on; after mface_dnnl_begin(). */
dnnl_engine_t mface_dnnl_engine(void);

/* A reorder with scratch of ours. *pad_bytes grows to what it needs of it. */
dnnl_status_t mface_dnnl_reorder_create(const dnnl_memory_desc_t *from,
    const dnnl_memory_desc_t *to, size_t *pad_bytes, dnnl_primitive_t *out);

/* A dense f32 layout of a tensor whose dimensions swap_a and swap_b lie swapped in memory; equal
 * ones: row-major. */
dnnl_status_t mface_dnnl_plain_md(
    dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims, int swap_a, int swap_b);

/* A dense f32 layout of a tensor N×C×… whose channels lie last. */
dnnl_status_t mface_dnnl_last_md(dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims);

/* The same layout of another type: a dense one of two-byte elements has the same strides. */
static inline void mface_dnnl_set_bf16(dnnl_memory_desc_t *md, bool bf16)
{
    md->data_type = bf16 ? dnnl_bf16 : dnnl_f32;
}

/* Leaves the layout of a tensor of the same dimensions to oneDNN. */
dnnl_status_t mface_dnnl_any_md(
    dnnl_memory_desc_t *md, const dnnl_memory_desc_t *like, dnnl_data_type_t type);

/* Scratch of our own, a scale, the sum with the destination's content and an activation. Destroy
 * *attr whatever the result. */
dnnl_status_t mface_dnnl_create_attr(enum mface_activation activation, float alpha, float beta,
    float scale, bool sum, dnnl_primitive_attr_t *attr);

#endif

/* Each argument of a kernel is a slot: the plain layout the caller has, the layout the primitive
 * wants, and a reorder between them where they differ. Constant slots are packed once
 * (dnnl_pack.c).
 *
 * oneDNN binds addresses to memory objects, which therefore cannot be shared by threads; a run
 * takes a context (the objects and a stream) from a free list that grows to the number of threads
 * that run the kernel at once. */
#include "onnx/dnnl_kernel.h"

#include "base/mem.h"

#include <omp.h>

static const int slot_arg[MFACE_SLOT_N] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS,
    DNNL_ARG_DST };

struct mface_dnnl_context {
    struct mface_dnnl_context *next;
    dnnl_stream_t stream;
    dnnl_memory_t plain[MFACE_SLOT_N], wanted[MFACE_SLOT_N], pad;
};

static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;

static void create_engine(void)
{
    engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
}

dnnl_engine_t mface_dnnl_engine(void)
{
    return engine;
}

enum mface_status mface_dnnl_status(dnnl_status_t status)
{
    switch (status) {
    case dnnl_success:
        return MFACE_OK;
    case dnnl_out_of_memory:
        return MFACE_ERR_NOMEM;
    case dnnl_unimplemented:
    case dnnl_invalid_arguments:
        return MFACE_ERR_UNSUPPORTED;
    default:
        return MFACE_ERR_INTERNAL;
    }
}

static void free_context(struct mface_dnnl_context *context)
{
    for (int i = 0; i < MFACE_SLOT_N; i++) {
        dnnl_memory_destroy(context->plain[i]);
        dnnl_memory_destroy(context->wanted[i]);
    }
    dnnl_memory_destroy(context->pad);
    dnnl_stream_destroy(context->stream);
    mface_mem_free(context);
}

static dnnl_status_t fill_context(
    const struct mface_dnnl *kernel, struct mface_dnnl_context *context)
{
    dnnl_status_t status = dnnl_stream_create(&context->stream, engine, dnnl_stream_default_flags);
    for (int i = 0; i < MFACE_SLOT_N && status == dnnl_success; i++) {
        const struct mface_dnnl_slot *slot = &kernel->slot[i];
        if (!slot->used)
            continue;
        status = dnnl_memory_create(&context->plain[i], &slot->plain, engine, DNNL_MEMORY_NONE);
        if (status == dnnl_success)
            status =
                dnnl_memory_create(&context->wanted[i], &slot->wanted, engine, DNNL_MEMORY_NONE);
    }
    if (status == dnnl_success)
        status = dnnl_memory_create(&context->pad, &kernel->pad, engine, DNNL_MEMORY_NONE);
    return status;
}

static enum mface_status create_context(
    const struct mface_dnnl *kernel, struct mface_dnnl_context **out)
{
    struct mface_dnnl_context *context = mface_mem_calloc(1, sizeof *context);
    if (!context)
        return MFACE_ERR_NOMEM;
    const dnnl_status_t status = fill_context(kernel, context);
    if (status != dnnl_success) {
        free_context(context);
        return mface_dnnl_status(status);
    }
    *out = context;
    return MFACE_OK;
}

static enum mface_status take_context(struct mface_dnnl *kernel, struct mface_dnnl_context **out)
{
    pthread_mutex_lock(&kernel->lock);
    struct mface_dnnl_context *context = kernel->idle;
    if (context)
        kernel->idle = context->next;
    pthread_mutex_unlock(&kernel->lock);
    *out = context;
    return context ? MFACE_OK : create_context(kernel, out);
}

static void put_context(struct mface_dnnl *kernel, struct mface_dnnl_context *context)
{
    pthread_mutex_lock(&kernel->lock);
    context->next = kernel->idle;
    kernel->idle = context;
    pthread_mutex_unlock(&kernel->lock);
}

static dnnl_status_t reorder(
    const struct mface_dnnl_slot *slot, const struct mface_dnnl_context *context, int i, bool in)
{
    const dnnl_exec_arg_t args[] = {
        { DNNL_ARG_FROM, in ? context->plain[i] : context->wanted[i] },
        { DNNL_ARG_TO, in ? context->wanted[i] : context->plain[i] },
        { DNNL_ARG_SCRATCHPAD, context->pad },
    };
    return dnnl_primitive_execute(slot->reorder, context->stream, 3, args);
}

/* Points the memory objects of slot i at the caller's data and at scratch. */
static dnnl_status_t bind_slot(const struct mface_dnnl_slot *slot,
    struct mface_dnnl_context *context, int i, const void *data, char *scratch)
{
    if (slot->packed)
        return dnnl_memory_set_data_handle(context->wanted[i], (void *)slot->packed);
    if (!slot->reorder)
        return dnnl_memory_set_data_handle(context->wanted[i], (void *)data);
    const dnnl_status_t status = dnnl_memory_set_data_handle(context->plain[i], (void *)data);
    return status == dnnl_success
               ? dnnl_memory_set_data_handle(context->wanted[i], scratch + slot->offset)
               : status;
}

static dnnl_status_t run(const struct mface_dnnl *kernel, struct mface_dnnl_context *context,
    const void *const data[MFACE_SLOT_N], char *scratch)
{
    dnnl_exec_arg_t args[MFACE_SLOT_N + 1];
    int n_args = 0;
    dnnl_status_t status = dnnl_memory_set_data_handle(context->pad, scratch);
    for (int i = 0; i < MFACE_SLOT_N && status == dnnl_success; i++) {
        const struct mface_dnnl_slot *slot = &kernel->slot[i];
        if (!slot->used)
            continue;
        status = bind_slot(slot, context, i, data[i], scratch);
        if (status == dnnl_success && i != MFACE_SLOT_DST && slot->reorder && !slot->packed)
            status = reorder(slot, context, i, true);
        args[n_args++] = (dnnl_exec_arg_t) { slot_arg[i], context->wanted[i] };
    }
    args[n_args++] = (dnnl_exec_arg_t) { DNNL_ARG_SCRATCHPAD, context->pad };
    if (status == dnnl_success)
        status = dnnl_primitive_execute(kernel->primitive, context->stream, n_args, args);
    if (status == dnnl_success && kernel->slot[MFACE_SLOT_DST].reorder)
        status = reorder(&kernel->slot[MFACE_SLOT_DST], context, MFACE_SLOT_DST, false);
    return status == dnnl_success ? dnnl_stream_wait(context->stream) : status;
}

static dnnl_status_t run_each(const struct mface_dnnl *kernel, struct mface_dnnl_context *context,
    const void *data[MFACE_SLOT_N], char *scratch)
{
    const struct mface_dnnl_slot *slot = kernel->slot;
    const size_t src_bytes = dnnl_memory_desc_get_size(&slot[MFACE_SLOT_SRC].plain);
    const size_t dst_bytes = dnnl_memory_desc_get_size(&slot[MFACE_SLOT_DST].plain);
    dnnl_status_t status = dnnl_success;
    for (int64_t i = 0; i < kernel->n_runs && status == dnnl_success; i++) {
        status = run(kernel, context, data, scratch);
        data[MFACE_SLOT_SRC] = (const char *)data[MFACE_SLOT_SRC] + src_bytes;
        data[MFACE_SLOT_DST] = (const char *)data[MFACE_SLOT_DST] + dst_bytes;
    }
    return status;
}

enum mface_status mface_dnnl_run(struct mface_dnnl *kernel, const void *src, const float *weights,
    const float *bias, void *dst, void *scratch)
{
    const void *data[MFACE_SLOT_N] = { src, weights, bias, dst };
    struct mface_dnnl_context *context;
    const enum mface_status status = take_context(kernel, &context);
    if (status != MFACE_OK)
        return status;
    const int threads = omp_get_max_threads();
    if (kernel->on_one_thread)
        omp_set_num_threads(1);
    const dnnl_status_t result = run_each(kernel, context, data, scratch);
    omp_set_num_threads(threads);
    put_context(kernel, context);
    return mface_dnnl_status(result);
}

void mface_dnnl_free(struct mface_dnnl **kernel_ptr)
{
    struct mface_dnnl *kernel = *kernel_ptr;
    if (!kernel)
        return;
    while (kernel->idle) {
        struct mface_dnnl_context *context = kernel->idle;
        kernel->idle = context->next;
        free_context(context);
    }
    for (int i = 0; i < MFACE_SLOT_N; i++) {
        dnnl_primitive_destroy(kernel->slot[i].reorder);
        if (kernel->slot[i].owns_packed)
            mface_mem_free((void *)kernel->slot[i].packed);
    }
    dnnl_primitive_destroy(kernel->primitive);
    pthread_mutex_destroy(&kernel->lock);
    mface_mem_free(kernel);
    *kernel_ptr = NULL;
}

size_t mface_dnnl_scratch_bytes(const struct mface_dnnl *kernel)
{
    return kernel->scratch_bytes;
}

size_t mface_dnnl_weight_bytes(const struct mface_dnnl *kernel)
{
    return kernel->weight_bytes;
}

/* The shared scratchpad is as large as the hungriest primitive's. */
static void grow_pad(const_dnnl_primitive_desc_t desc, size_t *pad_bytes)
{
    const dnnl_memory_desc_t *pad = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
    const size_t bytes = pad ? dnnl_memory_desc_get_size(pad) : 0;
    if (bytes > *pad_bytes)
        *pad_bytes = bytes;
}

dnnl_status_t mface_dnnl_reorder_create(const dnnl_memory_desc_t *from,
    const dnnl_memory_desc_t *to, size_t *pad_bytes, dnnl_primitive_t *out)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&desc, from, engine, to, engine, attr);
    if (status == dnnl_success) {
        grow_pad(desc, pad_bytes);
        status = dnnl_primitive_create(out, desc);
    }
    dnnl_primitive_desc_destroy(desc);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

/* Between the plain layout of an argument that varies and the one the primitive wants. */
static dnnl_status_t create_reorder(struct mface_dnnl *kernel, int i)
{
    struct mface_dnnl_slot *slot = &kernel->slot[i];
    return i == MFACE_SLOT_DST ? mface_dnnl_reorder_create(&slot->wanted, &slot->plain,
                                     &kernel->pad_bytes, &slot->reorder)
                               : mface_dnnl_reorder_create(&slot->plain, &slot->wanted,
                                     &kernel->pad_bytes, &slot->reorder);
}

/* Takes the wanted layouts from the primitive and creates the reorders they need. */
static dnnl_status_t create_reorders(struct mface_dnnl *kernel, const_dnnl_primitive_desc_t desc,
    const struct mface_constant constant[MFACE_SLOT_N])
{
    for (int i = 0; i < MFACE_SLOT_N; i++) {
        struct mface_dnnl_slot *slot = &kernel->slot[i];
        if (!slot->used)
            continue;
        slot->wanted = *dnnl_primitive_desc_query_md(desc, dnnl_query_exec_arg_md, slot_arg[i]);
        if (constant[i].data || dnnl_memory_desc_equal(&slot->plain, &slot->wanted))
            continue;
        const dnnl_status_t status = create_reorder(kernel, i);
        if (status != dnnl_success)
            return status;
    }
    return dnnl_success;
}

/* Lays out scratch: oneDNN's pad first, then the reordered arguments. */
static void lay_out_scratch(struct mface_dnnl *kernel)
{
    size_t at = mface_align_up(kernel->pad_bytes, MFACE_ALIGN);
    for (int i = 0; i < MFACE_SLOT_N; i++) {
        struct mface_dnnl_slot *slot = &kernel->slot[i];
        if (!slot->used || !slot->reorder)
            continue;
        slot->offset = at;
        at += mface_align_up(dnnl_memory_desc_get_size(&slot->wanted), MFACE_ALIGN);
    }
    kernel->scratch_bytes = at;
}

enum mface_status mface_dnnl_complete(struct mface_dnnl *kernel, const_dnnl_op_desc_t op,
    const_dnnl_primitive_attr_t attr, const struct mface_constant constant[MFACE_SLOT_N])
{
    dnnl_primitive_desc_t desc = NULL;
    MFACE_TRY_DNNL(dnnl_primitive_desc_create(&desc, op, attr, engine, NULL));
    grow_pad(desc, &kernel->pad_bytes);
    dnnl_status_t status = dnnl_primitive_create(&kernel->primitive, desc);
    if (status == dnnl_success)
        status = create_reorders(kernel, desc, constant);
    dnnl_primitive_desc_destroy(desc);
    MFACE_TRY_DNNL(status);
    const dnnl_dims_t pad_dims = { (dnnl_dim_t)(kernel->pad_bytes ? kernel->pad_bytes : 1) };
    MFACE_TRY_DNNL(dnnl_memory_desc_init_by_tag(&kernel->pad, 1, pad_dims, dnnl_u8, dnnl_a));
    lay_out_scratch(kernel);
    return mface_dnnl_pack(kernel, constant);
}

enum mface_status mface_dnnl_begin(struct mface_dnnl **out)
{
    pthread_once(&engine_once, create_engine);
    MFACE_TRY_DNNL(engine_status);
    *out = mface_mem_calloc(1, sizeof **out);
    if (!*out)
        return MFACE_ERR_NOMEM;
    (*out)->n_runs = 1;
    pthread_mutex_init(&(*out)->lock, NULL);
    return MFACE_OK;
}

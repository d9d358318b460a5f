/* Each argument of a kernel is a slot: the plain layout the caller has, the layout the primitive
 * wants, and a reorder between them where they differ. Constant slots are reordered once into
 * memory of the kernel.
 *
 * oneDNN binds addresses to memory objects, which therefore cannot be shared by threads; a run
 * takes a context (the objects and a stream) from a free list that grows to the number of threads
 * that run the kernel at once. */
#include "onnx/dnnl.h"

#include "base/mem.h"
#include <dnnl.h>
#include <pthread.h>
#include <string.h>

enum slot_index { SRC, WEIGHTS, BIAS, DST, N_SLOTS };

static const int slot_arg[N_SLOTS] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS,
    DNNL_ARG_DST };

struct slot {
    bool used;
    dnnl_memory_desc_t plain, wanted;
    dnnl_primitive_t reorder; // NULL: plain is what is wanted
    void *packed;             // constant, in the wanted layout
    size_t offset;            // in scratch, of the wanted layout
};

struct context {
    struct context *next;
    dnnl_stream_t stream;
    dnnl_memory_t plain[N_SLOTS], wanted[N_SLOTS], pad;
};

struct mface_dnnl {
    dnnl_primitive_t primitive;
    struct slot slot[N_SLOTS];
    dnnl_memory_desc_t pad; // oneDNN's own scratchpad, shared by primitive and reorders
    size_t pad_bytes, scratch_bytes, weight_bytes;
    pthread_mutex_t lock; // guards `idle`
    struct context *idle;
};

static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;

static void create_engine(void)
{
    engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
}

static enum mface_status from_dnnl(dnnl_status_t status)
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

#define TRY_DNNL(call)                                                                             \
    do {                                                                                           \
        const dnnl_status_t try_status_ = (call);                                                  \
        if (try_status_ != dnnl_success)                                                           \
            return from_dnnl(try_status_);                                                         \
    } while (0)

static void free_context(struct context *context)
{
    for (int i = 0; i < N_SLOTS; i++) {
        dnnl_memory_destroy(context->plain[i]);
        dnnl_memory_destroy(context->wanted[i]);
    }
    dnnl_memory_destroy(context->pad);
    dnnl_stream_destroy(context->stream);
    mface_mem_free(context);
}

static dnnl_status_t fill_context(const struct mface_dnnl *kernel, struct context *context)
{
    dnnl_status_t status = dnnl_stream_create(&context->stream, engine, dnnl_stream_default_flags);
    for (int i = 0; i < N_SLOTS && status == dnnl_success; i++) {
        const struct slot *slot = &kernel->slot[i];
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

static enum mface_status create_context(const struct mface_dnnl *kernel, struct context **out)
{
    struct context *context = mface_mem_calloc(1, sizeof *context);
    if (!context)
        return MFACE_ERR_NOMEM;
    const dnnl_status_t status = fill_context(kernel, context);
    if (status != dnnl_success) {
        free_context(context);
        return from_dnnl(status);
    }
    *out = context;
    return MFACE_OK;
}

static enum mface_status take_context(struct mface_dnnl *kernel, struct context **out)
{
    pthread_mutex_lock(&kernel->lock);
    struct context *context = kernel->idle;
    if (context)
        kernel->idle = context->next;
    pthread_mutex_unlock(&kernel->lock);
    *out = context;
    return context ? MFACE_OK : create_context(kernel, out);
}

static void put_context(struct mface_dnnl *kernel, struct context *context)
{
    pthread_mutex_lock(&kernel->lock);
    context->next = kernel->idle;
    kernel->idle = context;
    pthread_mutex_unlock(&kernel->lock);
}

static dnnl_status_t reorder(const struct slot *slot, const struct context *context, int i, bool in)
{
    const dnnl_exec_arg_t args[] = {
        { DNNL_ARG_FROM, in ? context->plain[i] : context->wanted[i] },
        { DNNL_ARG_TO, in ? context->wanted[i] : context->plain[i] },
        { DNNL_ARG_SCRATCHPAD, context->pad },
    };
    return dnnl_primitive_execute(slot->reorder, context->stream, 3, args);
}

/* Points the memory objects of slot i at the caller's data and at scratch. */
static dnnl_status_t bind_slot(
    const struct slot *slot, struct context *context, int i, const void *data, char *scratch)
{
    if (slot->packed)
        return dnnl_memory_set_data_handle(context->wanted[i], slot->packed);
    if (!slot->reorder)
        return dnnl_memory_set_data_handle(context->wanted[i], (void *)data);
    const dnnl_status_t status = dnnl_memory_set_data_handle(context->plain[i], (void *)data);
    return status == dnnl_success
               ? dnnl_memory_set_data_handle(context->wanted[i], scratch + slot->offset)
               : status;
}

static dnnl_status_t run(const struct mface_dnnl *kernel, struct context *context,
    const void *const data[N_SLOTS], char *scratch)
{
    dnnl_exec_arg_t args[N_SLOTS + 1];
    int n_args = 0;
    dnnl_status_t status = dnnl_memory_set_data_handle(context->pad, scratch);
    for (int i = 0; i < N_SLOTS && status == dnnl_success; i++) {
        const struct slot *slot = &kernel->slot[i];
        if (!slot->used)
            continue;
        status = bind_slot(slot, context, i, data[i], scratch);
        if (status == dnnl_success && i != DST && slot->reorder && !slot->packed)
            status = reorder(slot, context, i, true);
        args[n_args++] = (dnnl_exec_arg_t) { slot_arg[i], context->wanted[i] };
    }
    args[n_args++] = (dnnl_exec_arg_t) { DNNL_ARG_SCRATCHPAD, context->pad };
    if (status == dnnl_success)
        status = dnnl_primitive_execute(kernel->primitive, context->stream, n_args, args);
    if (status == dnnl_success && kernel->slot[DST].reorder)
        status = reorder(&kernel->slot[DST], context, DST, false);
    return status == dnnl_success ? dnnl_stream_wait(context->stream) : status;
}

enum mface_status mface_dnnl_run(struct mface_dnnl *kernel, const float *src, const float *weights,
    const float *bias, float *dst, void *scratch)
{
    const void *const data[N_SLOTS] = { src, weights, bias, dst };
    struct context *context;
    const enum mface_status status = take_context(kernel, &context);
    if (status != MFACE_OK)
        return status;
    const dnnl_status_t result = run(kernel, context, data, scratch);
    put_context(kernel, context);
    return from_dnnl(result);
}

void mface_dnnl_free(struct mface_dnnl **kernel_ptr)
{
    struct mface_dnnl *kernel = *kernel_ptr;
    if (!kernel)
        return;
    while (kernel->idle) {
        struct context *context = kernel->idle;
        kernel->idle = context->next;
        free_context(context);
    }
    for (int i = 0; i < N_SLOTS; i++) {
        dnnl_primitive_destroy(kernel->slot[i].reorder);
        mface_mem_free(kernel->slot[i].packed);
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
static void grow_pad(struct mface_dnnl *kernel, const_dnnl_primitive_desc_t desc)
{
    const dnnl_memory_desc_t *pad = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
    const size_t bytes = pad ? dnnl_memory_desc_get_size(pad) : 0;
    if (bytes > kernel->pad_bytes)
        kernel->pad_bytes = bytes;
}

static dnnl_status_t create_reorder(struct mface_dnnl *kernel, struct slot *slot, bool in)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&desc, in ? &slot->plain : &slot->wanted,
            engine, in ? &slot->wanted : &slot->plain, engine, attr);
    if (status == dnnl_success) {
        grow_pad(kernel, desc);
        status = dnnl_primitive_create(&slot->reorder, desc);
    }
    dnnl_primitive_desc_destroy(desc);
    dnnl_primitive_attr_destroy(attr);
    return status;
}

/* Takes the wanted layouts from the primitive and creates the reorders they need. */
static dnnl_status_t create_reorders(struct mface_dnnl *kernel, const_dnnl_primitive_desc_t desc)
{
    for (int i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &kernel->slot[i];
        if (!slot->used)
            continue;
        slot->wanted = *dnnl_primitive_desc_query_md(desc, dnnl_query_exec_arg_md, slot_arg[i]);
        if (dnnl_memory_desc_equal(&slot->plain, &slot->wanted))
            continue;
        const dnnl_status_t status = create_reorder(kernel, slot, i != DST);
        if (status != dnnl_success)
            return status;
    }
    return dnnl_success;
}

/* Lays out scratch: oneDNN's pad first, then the reordered arguments. */
static void lay_out_scratch(struct mface_dnnl *kernel, const void *const constant[N_SLOTS])
{
    size_t at = mface_align_up(kernel->pad_bytes, MFACE_ALIGN);
    for (int i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &kernel->slot[i];
        if (!slot->used || !slot->reorder || constant[i])
            continue;
        slot->offset = at;
        at += mface_align_up(dnnl_memory_desc_get_size(&slot->wanted), MFACE_ALIGN);
    }
    kernel->scratch_bytes = at;
}

static enum mface_status pack(
    struct mface_dnnl *kernel, struct context *context, int i, const void *data, char *scratch)
{
    struct slot *slot = &kernel->slot[i];
    const size_t bytes = dnnl_memory_desc_get_size(&slot->wanted);
    void *packed = mface_mem_alloc(bytes);
    if (!packed)
        return MFACE_ERR_NOMEM;
    kernel->weight_bytes += bytes;
    slot->packed = packed;
    if (!slot->reorder) {
        memcpy(packed, data, bytes);
        return MFACE_OK;
    }
    TRY_DNNL(dnnl_memory_set_data_handle(context->pad, scratch));
    TRY_DNNL(dnnl_memory_set_data_handle(context->plain[i], (void *)data));
    TRY_DNNL(dnnl_memory_set_data_handle(context->wanted[i], packed));
    TRY_DNNL(reorder(slot, context, i, true));
    TRY_DNNL(dnnl_stream_wait(context->stream));
    return MFACE_OK;
}

static enum mface_status pack_constants(
    struct mface_dnnl *kernel, const void *const constant[N_SLOTS])
{
    struct context *context;
    const enum mface_status status = take_context(kernel, &context);
    if (status != MFACE_OK)
        return status;
    char *scratch = mface_mem_alloc(kernel->scratch_bytes);
    enum mface_status result = scratch ? MFACE_OK : MFACE_ERR_NOMEM;
    for (int i = 0; i < N_SLOTS && result == MFACE_OK; i++)
        if (kernel->slot[i].used && constant[i])
            result = pack(kernel, context, i, constant[i], scratch);
    mface_mem_free(scratch);
    put_context(kernel, context);
    return result;
}

/* Completes a kernel whose plain layouts are set, from the operation's description. */
static enum mface_status complete(struct mface_dnnl *kernel, const_dnnl_op_desc_t op,
    const_dnnl_primitive_attr_t attr, const void *const constant[N_SLOTS])
{
    dnnl_primitive_desc_t desc = NULL;
    TRY_DNNL(dnnl_primitive_desc_create(&desc, op, attr, engine, NULL));
    grow_pad(kernel, desc);
    dnnl_status_t status = dnnl_primitive_create(&kernel->primitive, desc);
    if (status == dnnl_success)
        status = create_reorders(kernel, desc);
    dnnl_primitive_desc_destroy(desc);
    TRY_DNNL(status);
    const dnnl_dims_t pad_dims = { (dnnl_dim_t)(kernel->pad_bytes ? kernel->pad_bytes : 1) };
    TRY_DNNL(dnnl_memory_desc_init_by_tag(&kernel->pad, 1, pad_dims, dnnl_u8, dnnl_a));
    lay_out_scratch(kernel, constant);
    return pack_constants(kernel, constant);
}

static enum mface_status create_kernel(struct mface_dnnl **out)
{
    pthread_once(&engine_once, create_engine);
    TRY_DNNL(engine_status);
    *out = mface_mem_calloc(1, sizeof **out);
    if (!*out)
        return MFACE_ERR_NOMEM;
    pthread_mutex_init(&(*out)->lock, NULL);
    return MFACE_OK;
}

/* Row-major strides; with `swap`, of a tensor whose last two dimensions lie swapped in memory. */
static dnnl_status_t plain_md(
    dnnl_memory_desc_t *md, int rank, const dnnl_dims_t dims, int swap_a, int swap_b)
{
    int order[DNNL_MAX_NDIMS]; // of dimensions in memory, outermost first
    dnnl_dims_t stride = { 0 };
    for (int i = 0; i < rank; i++)
        order[i] = i;
    order[swap_a] = swap_b;
    order[swap_b] = swap_a;
    dnnl_dim_t step = 1;
    for (int i = rank - 1; i >= 0; i--) {
        stride[order[i]] = step;
        step *= dims[order[i]];
    }
    return dnnl_memory_desc_init_by_strides(md, rank, dims, dnnl_f32, stride);
}

static dnnl_status_t any_md(dnnl_memory_desc_t *md, const dnnl_memory_desc_t *like)
{
    return dnnl_memory_desc_init_by_tag(md, like->ndims, like->dims, dnnl_f32, dnnl_format_tag_any);
}

static dnnl_status_t create_attr(enum mface_activation activation, float alpha, float beta,
    float scale, dnnl_primitive_attr_t *attr)
{
    static const dnnl_alg_kind_t alg[] = {
        [MFACE_ACTIVATION_RELU] = dnnl_eltwise_relu,
        [MFACE_ACTIVATION_SIGMOID] = dnnl_eltwise_logistic,
        [MFACE_ACTIVATION_TANH] = dnnl_eltwise_tanh,
        [MFACE_ACTIVATION_CLIP] = dnnl_eltwise_clip,
    };
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success && scale != 1.0f)
        status = dnnl_primitive_attr_set_output_scales(*attr, 1, 0, &scale);
    if (status != dnnl_success || activation == MFACE_ACTIVATION_NONE)
        return status;
    status = dnnl_post_ops_create(&ops);
    if (status == dnnl_success)
        status = dnnl_post_ops_append_eltwise(ops, 1.0f, alg[activation], alpha, beta);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return status;
}

static dnnl_status_t conv_slots(struct mface_dnnl *kernel, const struct mface_dnnl_conv *conv)
{
    const int n = conv->n_spatial;
    dnnl_dims_t src = { conv->batch, conv->in_channels }, dst = { conv->batch, conv->out_channels };
    dnnl_dims_t weights = { conv->groups, conv->out_channels / conv->groups,
        conv->in_channels / conv->groups };
    const dnnl_dims_t bias = { conv->out_channels };
    for (int i = 0; i < n; i++) {
        src[2 + i] = conv->in[i];
        dst[2 + i] = conv->out[i];
        weights[3 + i] = conv->kernel[i];
    }
    struct slot *slot = kernel->slot;
    slot[SRC].used = slot[WEIGHTS].used = slot[DST].used = true;
    slot[BIAS].used = conv->has_bias;
    const bool grouped = conv->groups > 1; // ungrouped weights have no group dimension
    const int first = grouped ? 0 : 1, out_dim = grouped ? 1 : 0;
    const int in_dim = out_dim + 1;
    dnnl_status_t status = plain_md(&slot[SRC].plain, 2 + n, src, 0, 0);
    if (status == dnnl_success)
        status = plain_md(&slot[DST].plain, 2 + n, dst, 0, 0);
    if (status == dnnl_success)
        status = plain_md(&slot[WEIGHTS].plain, 3 + n - first, weights + first,
            conv->transposed ? out_dim : 0, conv->transposed ? in_dim : 0);
    if (status == dnnl_success)
        status = plain_md(&slot[BIAS].plain, 1, bias, 0, 0);
    return status;
}

struct conv_layouts {
    dnnl_memory_desc_t src, weights, dst;
};

/* oneDNN declares these as arrays of its own maximum rank. */
struct conv_geometry {
    dnnl_dims_t stride, dilation, pad_begin, pad_end;
};

static void conv_geometry(const struct mface_dnnl_conv *conv, struct conv_geometry *geometry)
{
    for (int i = 0; i < conv->n_spatial; i++) {
        geometry->stride[i] = conv->stride[i];
        geometry->dilation[i] = conv->dilation[i] - 1;
        geometry->pad_begin[i] = conv->pad_begin[i];
        geometry->pad_end[i] = conv->pad_end[i];
    }
}

static dnnl_status_t any_layouts(const struct slot *slot, struct conv_layouts *any)
{
    dnnl_status_t status = any_md(&any->src, &slot[SRC].plain);
    if (status == dnnl_success)
        status = any_md(&any->weights, &slot[WEIGHTS].plain);
    return status == dnnl_success ? any_md(&any->dst, &slot[DST].plain) : status;
}

static enum mface_status conv_complete(
    struct mface_dnnl *kernel, const struct mface_dnnl_conv *conv, const_dnnl_primitive_attr_t attr)
{
    struct conv_layouts any;
    struct conv_geometry at;
    union {
        dnnl_convolution_desc_t conv;
        dnnl_deconvolution_desc_t deconv;
    } op;
    conv_geometry(conv, &at);
    TRY_DNNL(any_layouts(kernel->slot, &any));
    const dnnl_memory_desc_t *bias = conv->has_bias ? &kernel->slot[BIAS].plain : NULL;
    if (conv->transposed)
        TRY_DNNL(dnnl_dilated_deconvolution_forward_desc_init(&op.deconv, dnnl_forward_inference,
            dnnl_deconvolution_direct, &any.src, &any.weights, bias, &any.dst, at.stride,
            at.dilation, at.pad_begin, at.pad_end));
    else
        TRY_DNNL(dnnl_dilated_convolution_forward_desc_init(&op.conv, dnnl_forward_inference,
            dnnl_convolution_direct, &any.src, &any.weights, bias, &any.dst, at.stride, at.dilation,
            at.pad_begin, at.pad_end));
    const void *const constant[N_SLOTS] = { [WEIGHTS] = conv->weights, [BIAS] = conv->bias };
    return complete(kernel, &op, attr, constant);
}

enum mface_status mface_dnnl_conv_create(
    const struct mface_dnnl_conv *conv, struct mface_dnnl **out)
{
    *out = NULL;
    enum mface_status status = create_kernel(out);
    if (status != MFACE_OK)
        return status;
    dnnl_primitive_attr_t attr = NULL;
    status = from_dnnl(create_attr(conv->activation, conv->alpha, conv->beta, 1.0f, &attr));
    if (status == MFACE_OK)
        status = from_dnnl(conv_slots(*out, conv));
    if (status == MFACE_OK)
        status = conv_complete(*out, conv, attr);
    dnnl_primitive_attr_destroy(attr);
    if (status != MFACE_OK)
        mface_dnnl_free(out);
    return status;
}

static dnnl_status_t matmul_slots(struct mface_dnnl *kernel, const struct mface_dnnl_matmul *matmul)
{
    const int rank = matmul->rank, row = rank - 2, column = rank - 1;
    dnnl_dims_t a, b, dst, bias;
    for (int i = 0; i < rank; i++) {
        a[i] = matmul->a[i];
        b[i] = matmul->b[i];
        dst[i] = i == column ? b[i] : i == row || b[i] == 1 ? a[i] : b[i];
        bias[i] = i == column ? b[i] : 1;
    }
    struct slot *slot = kernel->slot;
    slot[SRC].used = slot[WEIGHTS].used = slot[DST].used = true;
    slot[BIAS].used = matmul->has_bias;
    const bool at = matmul->a_transposed, bt = matmul->b_transposed;
    dnnl_status_t status = plain_md(&slot[SRC].plain, rank, a, at ? row : 0, at ? column : 0);
    if (status == dnnl_success)
        status = plain_md(&slot[WEIGHTS].plain, rank, b, bt ? row : 0, bt ? column : 0);
    if (status == dnnl_success)
        status = plain_md(&slot[DST].plain, rank, dst, 0, 0);
    return status == dnnl_success ? plain_md(&slot[BIAS].plain, rank, bias, 0, 0) : status;
}

static enum mface_status matmul_complete(struct mface_dnnl *kernel,
    const struct mface_dnnl_matmul *matmul, const_dnnl_primitive_attr_t attr)
{
    const struct slot *slot = kernel->slot;
    dnnl_memory_desc_t weights = slot[WEIGHTS].plain;
    if (matmul->weights)
        TRY_DNNL(any_md(&weights, &slot[WEIGHTS].plain));
    dnnl_matmul_desc_t op;
    TRY_DNNL(dnnl_matmul_desc_init(&op, &slot[SRC].plain, &weights,
        matmul->has_bias ? &slot[BIAS].plain : NULL, &slot[DST].plain));
    const void *const constant[N_SLOTS] = { [WEIGHTS] = matmul->weights, [BIAS] = matmul->bias };
    return complete(kernel, &op, attr, constant);
}

enum mface_status mface_dnnl_matmul_create(
    const struct mface_dnnl_matmul *matmul, struct mface_dnnl **out)
{
    *out = NULL;
    enum mface_status status = create_kernel(out);
    if (status != MFACE_OK)
        return status;
    dnnl_primitive_attr_t attr = NULL;
    status = from_dnnl(create_attr(MFACE_ACTIVATION_NONE, 0.0f, 0.0f, matmul->scale, &attr));
    if (status == MFACE_OK)
        status = from_dnnl(matmul_slots(*out, matmul));
    if (status == MFACE_OK)
        status = matmul_complete(*out, matmul, attr);
    dnnl_primitive_attr_destroy(attr);
    if (status != MFACE_OK)
        mface_dnnl_free(out);
    return status;
}

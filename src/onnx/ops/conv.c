/* Conv and ConvTranspose over one to three spatial dimensions, on oneDNN, or by kernels of our own
 * where those are faster: in bf16 in tiles, in f32 by Winograd's algorithm, in int8 always.
 * Constant weights and bias are packed when the plan is made. */
#include "onnx/amx.h"
#include "onnx/dnnl.h"
#include "onnx/int8.h"
#include "onnx/ops/foldable.h"
#include "onnx/ops/window.h"
#include "onnx/wino.h"

#include <assert.h>
#include <string.h>

struct state {
    /* One of them. */
    struct mface_amx_conv *tiles;
    struct mface_wino_conv *wino;
    struct mface_int8_conv *int8;
    struct mface_dnnl *kernel;
};

static enum mface_status check(const struct mface_step *step)
{
    for (int i = 0; i < 3; i++)
        if (mface_op_has_in(step, i))
            MFACE_TRY(mface_op_check_dtype(step, i, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    const struct mface_shape *x = &step->in[0].shape, *w = &step->in[1].shape;
    if (x->rank < 3 || x->rank != w->rank)
        return mface_op_fail(
            step, MFACE_ERR_FORMAT, "input and weights have ranks %d and %d", x->rank, w->rank);
    return MFACE_OK;
}

/* Describes the operation, apart from its weights. */
static enum mface_status describe(
    const struct mface_step *step, bool transposed, struct mface_dnnl_conv *conv)
{
    MFACE_TRY(check(step));
    const struct mface_shape *x = &step->in[0].shape, *w = &step->in[1].shape;
    struct mface_window window;
    if (transposed)
        MFACE_TRY(mface_window_init_transposed(step, w->dim + 2, &window));
    else
        MFACE_TRY(mface_window_init(step, w->dim + 2, &window));
    const int64_t groups = mface_op_attr_int(step, "group", 1);
    const int64_t in_channels = x->dim[1];
    int64_t all_groups; // channels, of those a group's weights have second
    if (groups < 1 || in_channels % groups || w->dim[0] % groups ||
        __builtin_mul_overflow(w->dim[1], groups, &all_groups) ||
        (transposed ? w->dim[0] : all_groups) != in_channels)
        return mface_op_fail(step, MFACE_ERR_FORMAT,
            "weights and %lld groups do not fit %lld channels", (long long)groups,
            (long long)in_channels);
    *conv = (struct mface_dnnl_conv) {
        .transposed = transposed,
        .n_spatial = window.n,
        .batch = x->dim[0],
        .in_channels = in_channels,
        .out_channels = transposed ? all_groups : w->dim[0],
        .groups = groups,
        .has_bias = mface_op_has_in(step, 2),
        .activation = step->fusion.activation,
        .alpha = step->fusion.alpha,
        .beta = step->fusion.beta,
    };
    const size_t bytes = (size_t)window.n * sizeof(int64_t);
    memcpy(conv->in, window.in, bytes);
    memcpy(conv->out, window.out, bytes);
    memcpy(conv->kernel, window.kernel, bytes);
    memcpy(conv->stride, window.stride, bytes);
    memcpy(conv->dilation, window.dilation, bytes);
    memcpy(conv->pad_begin, window.pad_begin, bytes);
    memcpy(conv->pad_end, window.pad_end, bytes);
    if (conv->has_bias && mface_shape_count(&step->in[2].shape) != conv->out_channels)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the bias has a wrong shape");
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step, bool transposed)
{
    struct mface_dnnl_conv conv;
    MFACE_TRY(describe(step, transposed, &conv));
    struct mface_shape *shape = &step->out[0].shape;
    *shape = (struct mface_shape) { .rank = 2 + conv.n_spatial };
    shape->dim[0] = conv.batch;
    shape->dim[1] = conv.out_channels;
    memcpy(shape->dim + 2, conv.out, (size_t)conv.n_spatial * sizeof(int64_t));
    step->out[0].dtype = MFACE_DTYPE_F32;
    return MFACE_OK;
}

static enum mface_status infer_conv(struct mface_step *step)
{
    return infer(step, false);
}

static enum mface_status infer_transposed(struct mface_step *step)
{
    return infer(step, true);
}

static int64_t count_flops(const struct mface_step *step, const struct mface_dnnl_conv *conv)
{
    /* Every weight meets every position of the output, or of the input when transposed. */
    int64_t positions = conv->batch;
    for (int i = 0; i < conv->n_spatial; i++)
        positions *= conv->transposed ? conv->in[i] : conv->out[i];
    const int copies = step->fusion.copies ? step->fusion.copies : 1;
    return 2 * positions * (mface_shape_count(&step->in[1].shape) / copies);
}

/* The same for a step that passes may have rewritten. */
static enum mface_status describe_rewritten(
    const struct mface_step *step, bool transposed, struct mface_dnnl_conv *conv)
{
    struct mface_step original = *step;
    struct mface_tensor in[3] = { step->in[0], step->in[1], step->in[2] };
    original.in = in;
    if (step->fusion.copies)
        in[1].shape.dim[1] /= step->fusion.copies;
    in[0].dtype = MFACE_DTYPE_F32;
    if (step->fusion.channels_last)
        in[0].shape = mface_shape_channels_first(&step->in[0].shape);
    return describe(&original, transposed, conv);
}

static enum mface_status create_tiles(
    struct mface_step *step, const struct mface_dnnl_conv *conv, struct state *state)
{
    if (mface_amx_conv_create(conv, step->threads, &state->tiles) != MFACE_OK)
        return mface_op_nomem(step);
    step->scratch_bytes = mface_amx_conv_scratch_bytes(state->tiles);
    step->weight_bytes = (int64_t)mface_amx_conv_weight_bytes(state->tiles);
    return MFACE_OK;
}

static enum mface_status create_wino(
    struct mface_step *step, const struct mface_dnnl_conv *conv, struct state *state)
{
    if (mface_wino_conv_create(conv, step->threads, &state->wino) != MFACE_OK)
        return mface_op_nomem(step);
    step->scratch_bytes = mface_wino_conv_scratch_bytes(state->wino);
    step->weight_bytes = (int64_t)mface_wino_conv_weight_bytes(state->wino);
    return MFACE_OK;
}

static enum mface_status create_int8(
    struct mface_step *step, const struct mface_dnnl_conv *conv, struct state *state)
{
    if (mface_int8_conv_create(conv, step->threads, &state->int8) != MFACE_OK)
        return mface_op_nomem(step);
    step->scratch_bytes = mface_int8_conv_scratch_bytes(state->int8);
    step->weight_bytes = (int64_t)mface_int8_conv_weight_bytes(state->int8);
    return MFACE_OK;
}

static enum mface_status create_dnnl(
    struct mface_step *step, const struct mface_dnnl_conv *conv, struct state *state)
{
    assert(!conv->to_space);
    const enum mface_status status = mface_dnnl_conv_create(conv, &state->kernel);
    if (status != MFACE_OK)
        return mface_op_fail(step, status, "oneDNN has no kernel for these shapes in %s here",
            conv->src_bf16 ? "bf16" : "f32");
    step->scratch_bytes = mface_dnnl_scratch_bytes(state->kernel);
    step->weight_bytes = (int64_t)mface_dnnl_weight_bytes(state->kernel);
    return MFACE_OK;
}

/* What will compute it. */
typedef enum mface_status (*create_fn)(
    struct mface_step *step, const struct mface_dnnl_conv *conv, struct state *state);

static create_fn choose_kernel(const struct mface_step *step, const struct mface_dnnl_conv *conv)
{
    if (step->fusion.int8 && mface_int8_conv_fits(conv) && mface_int8_conv_pays(conv))
        return create_int8;
    if (mface_amx_conv_fits(conv) && mface_amx_conv_pays(conv) && mface_amx_is_available())
        return create_tiles;
    if (mface_wino_conv_fits(conv) && mface_wino_conv_pays(conv) && mface_wino_version())
        return create_wino;
    return create_dnnl;
}

/* Describes what kernels are made from. */
static enum mface_status describe_kernel(
    const struct mface_step *step, bool transposed, struct mface_dnnl_conv *conv)
{
    MFACE_TRY(describe_rewritten(step, transposed, conv));
    conv->channels_last = step->fusion.channels_last;
    conv->src_bf16 = step->in[0].dtype == MFACE_DTYPE_BF16;
    conv->dst_bf16 = step->out[0].dtype == MFACE_DTYPE_BF16;
    conv->sum = step->fusion.sum;
    conv->to_space = step->fusion.to_space;
    conv->weights = mface_op_packable(step, 1);
    conv->weights.copies = step->fusion.copies;
    if (step->fusion.scale)
        mface_constant_set_scale(&conv->weights, step->fusion.scale, conv->out_channels,
            mface_shape_count(&step->in[1].shape) /
                (conv->weights.copies ? conv->weights.copies : 1));
    conv->bias = conv->has_bias ? step->in[2].data : NULL;
    return MFACE_OK;
}

enum mface_status mface_conv_reaches_space(const struct mface_step *conv, bool *reaches)
{
    struct mface_dnnl_conv description;
    MFACE_TRY(describe_kernel(conv, false, &description));
    *reaches = description.channels_last && !description.sum &&
               choose_kernel(conv, &description) != create_dnnl;
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step, bool transposed)
{
    struct mface_dnnl_conv conv;
    MFACE_TRY(describe_kernel(step, transposed, &conv));
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    if (!mface_shape_count(&step->out[0].shape))
        return MFACE_OK;
    MFACE_TRY(choose_kernel(step, &conv)(step, &conv, state));
    step->flops = count_flops(step, &conv);
    step->in_unused = (conv.weights.data ? 1u << 1 : 0) | (conv.bias ? 1u << 2 : 0);
    return MFACE_OK;
}

static enum mface_status prepare_conv(struct mface_step *step)
{
    return prepare(step, false);
}

static enum mface_status prepare_transposed(struct mface_step *step)
{
    return prepare(step, true);
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    if (step->fusion.sum && args->in[3].data != args->out[0].data)
        memcpy(args->out[0].data, args->in[3].data, mface_tensor_bytes(&step->out[0]));
    if (state->tiles) {
        mface_amx_conv_run(state->tiles, args->in[0].data, args->out[0].data, args->scratch);
        return MFACE_OK;
    }
    if (state->wino) {
        mface_wino_conv_run(state->wino, args->in[0].data, args->out[0].data, args->scratch);
        return MFACE_OK;
    }
    if (state->int8) {
        mface_int8_conv_run(state->int8, args->in[0].data, args->out[0].data, args->scratch);
        return MFACE_OK;
    }
    const enum mface_status status = mface_dnnl_run(state->kernel, args->in[0].data,
        args->in[1].data, args->in[2].data, args->out[0].data, args->scratch);
    return status == MFACE_OK ? MFACE_OK : mface_op_fail(step, status, "oneDNN failed");
}

static void release(struct mface_step *step)
{
    struct state *state = step->state;
    if (!state)
        return;
    mface_amx_conv_free(&state->tiles);
    mface_wino_conv_free(&state->wino);
    mface_int8_conv_free(&state->int8);
    mface_dnnl_free(&state->kernel);
}

const struct mface_op mface_op_conv = {
    .name = "Conv",
    .in_min = 2,
    .in_max = 3,
    .flags = MFACE_OP_PACKS,
    .infer = infer_conv,
    .prepare = prepare_conv,
    .run = run,
    .release = release,
};

const struct mface_op mface_op_conv_transpose = {
    .name = "ConvTranspose",
    .in_min = 2,
    .in_max = 3,
    .flags = MFACE_OP_PACKS,
    .infer = infer_transposed,
    .prepare = prepare_transposed,
    .run = run,
    .release = release,
};

/* Convolutions of one tensor whose results are concatenated along the channels are one convolution,
 * as DeepFaceLab's option d ends: four of three output channels each, one for each pixel of a 2×2
 * block. Every kernel computes channels by the vector and reads its whole input for them, so four
 * take four times as long as one.
 *
 * Smaller windows lie in the middle of the largest, between zeros. Weights are put together in
 * memory: where this pays they are few. */
#include "onnx/passes.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/ops/foldable.h"
#include "onnx/ops/window.h"

/* What channels are computed by, at the least. */
enum { VECTOR = 16 };

struct siblings {
    struct mface_plan *plan;
    struct mface_step **maker, *concat;
    struct mface_step *host;    // has the largest window, and becomes all of them
    struct mface_shape weights; // of all
    bool has_bias;
};

static struct mface_step *sibling(const struct siblings *all, int i)
{
    return all->maker[all->concat->core->in[i]];
}

static bool is_const(const struct siblings *all, const struct mface_step *step, int i)
{
    return all->plan->values[step->core->in[i]].storage == MFACE_STORAGE_CONST;
}

/* As large a result as the input is, each pixel from those around it. */
static bool is_centred(const struct mface_window *window)
{
    for (int i = 0; i < window->n; i++)
        if (window->kernel[i] % 2 == 0 || window->stride[i] != 1 || window->dilation[i] != 1 ||
            window->pad_begin[i] != window->kernel[i] / 2 ||
            window->pad_end[i] != window->kernel[i] / 2)
            return false;
    return true;
}

/* Can the step be part of another? */
static enum mface_status check_step(
    const struct siblings *all, const struct mface_step *step, bool *good)
{
    *good = step && step->op == &mface_op_conv && step->in[0].shape.rank == 4 &&
            all->plan->values[step->core->out[0]].n_uses == 1 && is_const(all, step, 1) &&
            (!mface_op_has_in(step, 2) || is_const(all, step, 2)) && !step->fusion.sum &&
            !step->fusion.copies && !step->fusion.scale && mface_op_attr_int(step, "group", 1) == 1;
    if (!*good)
        return MFACE_OK;
    struct mface_window window;
    MFACE_TRY(mface_window_init(step, step->in[1].shape.dim + 2, &window));
    *good = is_centred(&window);
    return MFACE_OK;
}

static bool are_alike(const struct mface_step *a, const struct mface_step *b)
{
    return a->core->in[0] == b->core->in[0] && a->fusion.activation == b->fusion.activation &&
           a->fusion.alpha == b->fusion.alpha && a->fusion.beta == b->fusion.beta;
}

static bool covers(const struct mface_shape *a, const struct mface_shape *b)
{
    return a->dim[2] >= b->dim[2] && a->dim[3] >= b->dim[3];
}

/* What a convolution costs, for each pixel and input channel. */
static int64_t count_products(const struct mface_shape *weights)
{
    return (weights->dim[0] + VECTOR - 1) / VECTOR * weights->dim[2] * weights->dim[3];
}

/* Sets the host, the shape of the weights, and whether there is a bias. */
static void choose_host(struct siblings *all)
{
    all->host = sibling(all, 0);
    for (int i = 0; i < all->concat->n_in; i++) {
        struct mface_step *step = sibling(all, i);
        all->has_bias |= mface_op_has_in(step, 2);
        if (covers(&step->in[1].shape, &all->host->in[1].shape))
            all->host = step;
    }
    all->weights = all->host->in[1].shape;
    all->weights.dim[0] = all->concat->out[0].shape.dim[1];
}

/* Is every window inside of the host's, and is one convolution less work? */
static bool pays(const struct siblings *all)
{
    int64_t n_products = 0;
    for (int i = 0; i < all->concat->n_in; i++) {
        const struct mface_shape *weights = &sibling(all, i)->in[1].shape;
        if (!covers(&all->weights, weights))
            return false;
        n_products += count_products(weights);
    }
    return mface_shape_valid(&all->weights) && mface_shape_count(&all->weights) &&
           count_products(&all->weights) < n_products;
}

static enum mface_status find(struct siblings *all, bool *found)
{
    struct mface_step *concat = all->concat;
    int axis;
    *found = false;
    if (concat->op != &mface_op_concat || concat->n_in < 2 || concat->in[0].shape.rank != 4)
        return MFACE_OK;
    MFACE_TRY(mface_op_axis(concat, mface_op_attr_int(concat, "axis", 1), 4, &axis));
    *found = axis == 1;
    for (int i = 0; i < concat->n_in && *found; i++) {
        MFACE_TRY(check_step(all, sibling(all, i), found));
        *found = *found && are_alike(sibling(all, i), sibling(all, 0));
    }
    if (!*found)
        return MFACE_OK;
    choose_host(all);
    *found = pays(all);
    return MFACE_OK;
}

/* Weights of one output channel, into the middle of the host's window. */
static void embed(
    const struct mface_shape *from, const float *weights, const struct mface_shape *to, float *out)
{
    const int64_t height = from->dim[2], width = from->dim[3];
    const int64_t top = (to->dim[2] - height) / 2, left = (to->dim[3] - width) / 2;
    for (int64_t c = 0; c < from->dim[1]; c++)
        for (int64_t y = 0; y < height; y++)
            for (int64_t x = 0; x < width; x++)
                out[(c * to->dim[2] + top + y) * to->dim[3] + left + x] =
                    weights[(c * height + y) * width + x];
}

/* `buffer`: the weights of one output channel. Returns how many channels there were. */
static int64_t put_weights(
    const struct siblings *all, const struct mface_step *step, float *buffer, float *out)
{
    const struct mface_constant weights = mface_op_packable(step, 1);
    const struct mface_shape *shape = &step->in[1].shape;
    const int64_t n = mface_shape_count_range(shape, 1, 4);
    const int64_t step_values = mface_shape_count_range(&all->weights, 1, 4);
    for (int64_t o = 0; o < shape->dim[0]; o++, out += step_values) {
        mface_constant_read(&weights, o, 1, n, buffer);
        embed(shape, buffer, &all->weights, out);
    }
    mface_constant_forget(&weights, 0, shape->dim[0], n);
    return shape->dim[0];
}

static enum mface_status fill_weights(const struct siblings *all, float *out)
{
    const int64_t n = mface_shape_count_range(&all->weights, 1, 4);
    float *buffer = mface_mem_alloc((size_t)n * sizeof *buffer);
    if (!buffer)
        return mface_fail_nomem(all->plan->onnx->name);
    for (int i = 0; i < all->concat->n_in; i++)
        out += n * put_weights(all, sibling(all, i), buffer, out);
    mface_mem_free(buffer);
    return MFACE_OK;
}

static void fill_bias(const struct siblings *all, float *out)
{
    for (int i = 0; i < all->concat->n_in; i++) {
        const struct mface_step *step = sibling(all, i);
        const int64_t n = step->in[1].shape.dim[0];
        if (mface_op_has_in(step, 2)) {
            const struct mface_constant bias = mface_op_packable(step, 2);
            mface_constant_read(&bias, 0, 1, n, out);
        }
        out += n;
    }
}

/* A constant of the plan, zeros to begin with; -1: no memory. */
static int add_constant(struct mface_plan *plan, const struct mface_shape *shape)
{
    const size_t n = (size_t)mface_shape_count(shape);
    const struct mface_tensor tensor = { MFACE_DTYPE_F32, *shape,
        mface_mem_calloc(n, sizeof(float)) };
    const int index = tensor.data ? mface_plan_add_value(plan, &tensor) : -1;
    if (index < 0) {
        mface_mem_free(tensor.data);
        return -1;
    }
    plan->values[index].storage = MFACE_STORAGE_CONST;
    plan->values[index].stored = MFACE_DTYPE_F32;
    plan->values[index].owned = true;
    return index;
}

static void set_input(const struct siblings *all, int i, int value)
{
    all->host->core->in[i] = value;
    all->host->in[i] = all->plan->values[value].tensor;
    if (all->host->n_in <= i)
        all->host->n_in = i + 1;
}

/* The host makes what the concatenation made; nobody reads the others any more. */
static void take_over(const struct siblings *all)
{
    struct mface_step *host = all->host, *concat = all->concat;
    const int gone = host->core->out[0], value = concat->core->out[0];
    host->core->out[0] = value;
    host->out[0] = concat->out[0];
    concat->core->out[0] = gone;
    for (int i = 0; i < concat->n_in; i++)
        concat->core->in[i] = -1;
    all->maker[value] = host;
}

static enum mface_status merge(const struct siblings *all)
{
    struct mface_plan *plan = all->plan;
    const struct mface_shape bias_shape = { .rank = 1, .dim = { all->weights.dim[0] } };
    const int weights = add_constant(plan, &all->weights), bias = add_constant(plan, &bias_shape);
    if (weights < 0 || bias < 0)
        return mface_fail_nomem(plan->onnx->name);
    MFACE_TRY(fill_weights(all, plan->values[weights].tensor.data));
    fill_bias(all, plan->values[bias].tensor.data);
    set_input(all, 1, weights);
    if (all->has_bias)
        set_input(all, 2, bias);
    take_over(all);
    return MFACE_OK;
}

static enum mface_status visit(
    struct mface_plan *plan, struct mface_step **maker, struct mface_step *step)
{
    struct siblings all = { .plan = plan, .maker = maker, .concat = step };
    bool found;
    MFACE_TRY(find(&all, &found));
    if (!found)
        return MFACE_OK;
    const size_t n_values = (size_t)(mface_shape_count(&all.weights) + all.weights.dim[0]);
    return mface_plan_reserve(plan, n_values * sizeof(float)) ? merge(&all) : MFACE_OK;
}

enum mface_status mface_pass_merge_siblings(struct mface_plan *plan)
{
    return mface_pass_visit(plan, visit);
}

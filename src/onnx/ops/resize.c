/* Resize, Upsample: separable resampling, one axis after another.
 *
 * What each output element of an axis is made of is tabulated when the plan is made
 * (resize_taps.h). A run resamples the axes that change from the first to the last, each pass into
 * the other half of the scratch memory, the last one into the output. */
#include "onnx/ops/resize_taps.h"

#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"
#include "onnx/ops/resize_sizes.h"
#include "onnx/parallel.h"

#include <string.h>

struct pass {
    int64_t outer, n_in, n_out, inner;
    struct mface_resize_taps *taps;
};

struct state {
    int n_passes, n_taps;
    float extrapolation;
    size_t half_bytes; // of the scratch memory
    struct pass passes[MFACE_TENSOR_RANK_MAX];
    struct mface_resize_taps taps[];
};

static int find_word(const char *word, const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

/* What all axes share, from attributes. */
static enum mface_status read_method(const struct mface_step *step, struct mface_resize_axis *axis)
{
    static const char *const coords[MFACE_RESIZE_N_COORDS] = { "half_pixel", "pytorch_half_pixel",
        "align_corners", "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize",
        "half_pixel_symmetric" };
    static const char *const modes[MFACE_RESIZE_N_MODES] = { "nearest", "linear", "cubic" };
    static const char *const rounds[MFACE_RESIZE_N_ROUNDS] = { "round_prefer_floor",
        "round_prefer_ceil", "floor", "ceil" };
    const bool old = step->opset < 11; // one way only: from the corner, rounded down
    const char *coord =
        old ? "asymmetric"
            : mface_op_attr_str(step, "coordinate_transformation_mode", "half_pixel");
    const char *mode = mface_op_attr_str(step, "mode", "nearest");
    const char *round =
        old ? "floor" : mface_op_attr_str(step, "nearest_mode", "round_prefer_floor");
    const int i_coord = find_word(coord, coords, MFACE_RESIZE_N_COORDS);
    const int i_mode = find_word(mode, modes, MFACE_RESIZE_N_MODES);
    const int i_round = find_word(round, rounds, MFACE_RESIZE_N_ROUNDS);
    if (i_coord < 0 || i_mode < 0 || i_round < 0)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "%s, %s, %s", coord, mode, round);
    if (mface_op_attr_int(step, "antialias", 0))
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "antialias");
    *axis = (struct mface_resize_axis) {
        .coord = (enum mface_resize_coord)i_coord,
        .mode = (enum mface_resize_mode)i_mode,
        .round = (enum mface_resize_round)i_round,
        .exclude_outside =
            i_mode == MFACE_RESIZE_CUBIC && mface_op_attr_int(step, "exclude_outside", 0),
        .cubic_a = mface_op_attr_float(step, "cubic_coeff_a", -0.75f),
    };
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    struct mface_resize_axis method;
    struct mface_resize_sizes sizes;
    MFACE_TRY(read_method(step, &method));
    const bool nearest = method.mode == MFACE_RESIZE_NEAREST;
    MFACE_TRY(mface_op_check_dtype(
        step, 0, nearest ? MFACE_DTYPES_ANY : MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    const bool crop = method.coord == MFACE_RESIZE_TF_CROP_AND_RESIZE;
    if (crop)
        MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    MFACE_TRY(mface_resize_sizes_read(step, crop, &sizes));
    step->out[0].dtype = step->in[0].dtype;
    step->out[0].shape = sizes.shape;
    return MFACE_OK;
}

/* Whether an axis changes at all: then it needs a pass. */
static bool needs_pass(const struct mface_resize_axis *axis)
{
    const bool crop = axis->coord == MFACE_RESIZE_TF_CROP_AND_RESIZE;
    return axis->n_in != axis->n_out || axis->scale != 1 ||
           (crop && (axis->roi_start != 0 || axis->roi_end != 1));
}

/* Adds the pass that resamples axis i; `shape` is the tensor's before and, on return, after it. */
static void add_pass(struct state *state, const struct mface_resize_axis *axis, int i,
    struct mface_shape *shape, struct mface_resize_taps *taps)
{
    state->passes[state->n_passes++] = (struct pass) {
        .outer = mface_shape_count_range(shape, 0, i),
        .n_in = axis->n_in,
        .n_out = axis->n_out,
        .inner = mface_shape_count_range(shape, i + 1, shape->rank),
        .taps = taps,
    };
    mface_resize_taps_init(axis, taps);
    shape->dim[i] = axis->n_out;
}

/* Describes the passes over all axes; `axis` comes with what they share. */
static enum mface_status plan_passes(const struct mface_step *step, struct mface_resize_axis axis,
    const struct mface_resize_sizes *sizes, struct state *state)
{
    struct mface_shape shape = step->in[0].shape;
    struct mface_resize_taps *taps = state->taps;
    const size_t element_bytes = mface_dtype_bytes(step->in[0].dtype);
    for (int i = 0; i < shape.rank; i++) {
        axis.n_in = shape.dim[i];
        axis.n_out = sizes->shape.dim[i];
        axis.scale = sizes->scale[i];
        axis.roi_start = sizes->roi_start[i];
        axis.roi_end = sizes->roi_end[i];
        if (!needs_pass(&axis))
            continue;
        add_pass(state, &axis, i, &shape, taps);
        if (!mface_shape_valid(&shape)) // though input and output are
            return mface_op_fail(step, MFACE_ERR_FORMAT, "a size between two axes is too large");
        taps += axis.n_out;
        const size_t bytes = (size_t)mface_shape_count(&shape) * element_bytes;
        state->half_bytes = bytes > state->half_bytes ? bytes : state->half_bytes;
    }
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    struct mface_resize_axis axis;
    struct mface_resize_sizes sizes;
    MFACE_TRY(read_method(step, &axis));
    const bool crop = axis.coord == MFACE_RESIZE_TF_CROP_AND_RESIZE;
    MFACE_TRY(mface_resize_sizes_read(step, crop, &sizes));
    if (mface_shape_count(&sizes.shape) == 0)
        return MFACE_OK; // nothing to run
    size_t n_taps = 0;
    for (int i = 0; i < sizes.shape.rank; i++)
        n_taps += (size_t)sizes.shape.dim[i];
    const size_t taps_bytes = n_taps * sizeof(struct mface_resize_taps);
    struct state *state = mface_op_state(step, sizeof *state + taps_bytes);
    if (!state)
        return mface_op_nomem(step);
    state->n_taps = mface_resize_n_taps(axis.mode);
    state->extrapolation = mface_op_attr_float(step, "extrapolation_value", 0);
    MFACE_TRY(plan_passes(step, axis, &sizes, state));
    step->scratch_bytes = state->n_passes > 1 ? 2 * state->half_bytes : 0;
    return MFACE_OK;
}

static void blend(const struct state *state, const struct pass *pass,
    const struct mface_resize_taps *taps, const float *x, float *y)
{
    const int64_t n = pass->inner;
    for (int64_t i = 0; i < n; i++)
        y[i] = taps->outside ? state->extrapolation : taps->weight[0] * x[taps->index[0] * n + i];
    for (int k = 1; k < state->n_taps && !taps->outside; k++) {
        const float *from = x + taps->index[k] * n, weight = taps->weight[k];
        for (int64_t i = 0; i < n; i++)
            y[i] += weight * from[i];
    }
}

/* One pass over one tensor. */
struct pass_run {
    const struct state *state;
    const struct pass *pass;
    size_t row; // bytes
    const char *x;
    char *y;
};

static void run_rows(const void *user, int64_t first, int64_t end)
{
    const struct pass_run *run = user;
    const struct state *state = run->state;
    const struct pass *pass = run->pass;
    const size_t row = run->row;
    for (int64_t i = first; i < end; i++) {
        const struct mface_resize_taps *taps = &pass->taps[i % pass->n_out];
        const char *from = run->x + (size_t)(i / pass->n_out * pass->n_in) * row;
        char *to = run->y + (size_t)i * row;
        if (state->n_taps == 1 && !taps->outside)
            memcpy(to, from + (size_t)taps->index[0] * row, row);
        else
            blend(state, pass, taps, (const float *)from, (float *)to);
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct state *state = step->state;
    const char *x = args->in[0].data;
    char *const half[2] = { args->scratch, (char *)args->scratch + state->half_bytes };
    for (int i = 0; i < state->n_passes; i++) {
        char *y = i + 1 == state->n_passes ? args->out[0].data : half[i & 1];
        const struct pass *pass = &state->passes[i];
        const size_t row = (size_t)pass->inner * mface_dtype_bytes(step->in[0].dtype);
        const struct pass_run pass_run = { state, pass, row, x, y };
        const int64_t n = pass->outer * pass->n_out;
        mface_parallel(step->threads, n, 2 * n * pass->inner, run_rows, &pass_run);
        x = y;
    }
    if (state->n_passes == 0)
        memcpy(args->out[0].data, x, mface_tensor_bytes(&args->in[0]));
    return MFACE_OK;
}

const struct mface_op mface_op_resize = {
    .name = "Resize",
    .opset_min = 10,
    .in_min = 1,
    .in_max = 4,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};

const struct mface_op mface_op_upsample = {
    .name = "Upsample",
    .opset_min = 7,
    .opset_max = 9,
    .in_min = 1,
    .in_max = 2,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};

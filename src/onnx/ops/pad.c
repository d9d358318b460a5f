/* Pad: constant, reflect or edge; a negative pad crops. Amounts are attributes up to opset 10,
 * constant inputs after.
 *
 * Each axis gets a table from output index to input index, -1 for the constant; rows are copied
 * with the middle stretch, where input and output run in step, in one piece. */
#include "onnx/ops/foldable.h"

#include "base/mem.h"
#include "onnx/parallel.h"
#include <string.h>

enum mode { CONSTANT, REFLECT, EDGE, N_MODES };

struct amounts {
    enum mode mode;
    int64_t begin[MFACE_TENSOR_RANK_MAX], end[MFACE_TENSOR_RANK_MAX];
};

struct state {
    int64_t *map[MFACE_TENSOR_RANK_MAX]; // into `maps`
    int64_t *maps;
    int64_t middle_first, middle_last; // of the last axis: outputs in step with the input
    union {
        uint64_t bits;
        float f32;
    } value; // of the attribute; 0 otherwise
};

static const int64_t PAD_MAX = INT64_C(1) << 32; // keeps sums of extents far from overflow

static enum mface_status read_mode(const struct mface_step *step, enum mode *mode)
{
    static const char *const names[N_MODES] = { "constant", "reflect", "edge" };
    const char *text = mface_op_attr_str(step, "mode", names[CONSTANT]);
    int i = 0;
    while (i < N_MODES && strcmp(text, names[i]) != 0)
        i++;
    *mode = (enum mode)i;
    if (i == N_MODES)
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "mode '%s' is not supported", text);
    return MFACE_OK;
}

static enum mface_status read_pads(
    const struct mface_step *step, int64_t pads[2 * MFACE_TENSOR_RANK_MAX], int *n)
{
    if (step->opset >= 11)
        return mface_op_const_ints(step, 1, pads, 2 * MFACE_TENSOR_RANK_MAX, n);
    const int64_t *values;
    const size_t n_values = mface_op_attr_ints(step, "pads", &values);
    if (n_values > 2 * MFACE_TENSOR_RANK_MAX)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "pads has too many values");
    for (size_t i = 0; i < n_values; i++)
        pads[i] = values[i];
    *n = (int)n_values;
    return MFACE_OK;
}

static enum mface_status read_amounts(const struct mface_step *step, struct amounts *amounts)
{
    const int rank = step->in[0].shape.rank;
    int64_t pads[2 * MFACE_TENSOR_RANK_MAX], axes[MFACE_TENSOR_RANK_MAX];
    int n, n_axes;
    *amounts = (struct amounts) { 0 };
    MFACE_TRY(read_mode(step, &amounts->mode));
    MFACE_TRY(read_pads(step, pads, &n));
    MFACE_TRY(mface_op_const_ints(step, 3, axes, MFACE_TENSOR_RANK_MAX, &n_axes));
    const bool has_axes = mface_op_has_in(step, 3);
    if (!has_axes)
        n_axes = rank;
    if (n != 2 * n_axes)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "%d pads for %d axes", n, n_axes);
    for (int i = 0; i < n_axes; i++) {
        int axis = i;
        if (has_axes)
            MFACE_TRY(mface_op_axis(step, axes[i], rank, &axis));
        if (pads[i] < -PAD_MAX || pads[i] > PAD_MAX || pads[n_axes + i] < -PAD_MAX ||
            pads[n_axes + i] > PAD_MAX)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "pads are out of range");
        amounts->begin[axis] = pads[i];
        amounts->end[axis] = pads[n_axes + i];
    }
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    struct amounts amounts;
    MFACE_TRY(read_amounts(step, &amounts));
    MFACE_TRY(mface_op_infer_same(step));
    for (int i = 0; i < step->in[0].shape.rank; i++) {
        const int64_t in = step->in[0].shape.dim[i];
        step->out[0].shape.dim[i] += amounts.begin[i] + amounts.end[i];
        const bool too_far = amounts.begin[i] >= in || amounts.end[i] >= in;
        if ((amounts.mode == REFLECT && too_far && in > 0) || (amounts.mode != CONSTANT && !in))
            return mface_op_fail(step, MFACE_ERR_FORMAT, "nothing to pad axis %d from", i);
    }
    if (mface_op_has_in(step, 2) && step->in[2].dtype != step->in[0].dtype)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "the value is of another type than the input");
    return MFACE_OK;
}

static bool pads_with_zero(const struct mface_step *step)
{
    if (step->opset < 11)
        return mface_op_attr_float(step, "value", 0.0f) == 0.0f;
    if (!mface_op_has_in(step, 2) || !mface_shape_count(&step->in[2].shape))
        return true;
    return step->in[2].data && *(const float *)step->in[2].data == 0.0f;
}

bool mface_pad_as_fusion(const struct mface_step *step, struct mface_fusion *fusion)
{
    struct amounts amounts;
    const int rank = step->in[0].shape.rank;
    if (step->in[0].dtype != MFACE_DTYPE_F32 || rank < 3 || rank > 2 + MFACE_FUSION_SPATIAL_MAX ||
        read_amounts(step, &amounts) != MFACE_OK || amounts.mode != CONSTANT ||
        !pads_with_zero(step))
        return false;
    for (int i = 0; i < rank; i++)
        if (amounts.begin[i] < 0 || amounts.end[i] < 0 ||
            (i < 2 && amounts.begin[i] + amounts.end[i] > 0))
            return false;
    for (int i = 2; i < rank; i++) {
        fusion->pad_begin[i - 2] = amounts.begin[i];
        fusion->pad_end[i - 2] = amounts.end[i];
    }
    return true;
}

static int64_t source_index(enum mode mode, int64_t i, int64_t n)
{
    if (i >= 0 && i < n)
        return i;
    if (mode == CONSTANT)
        return -1;
    if (mode == EDGE)
        return i < 0 ? 0 : n - 1;
    return i < 0 ? -i : 2 * (n - 1) - i;
}

static void find_middle(const struct mface_step *step, struct state *state, int64_t begin)
{
    const int last = step->in[0].shape.rank - 1;
    const int64_t in = step->in[0].shape.dim[last], out = step->out[0].shape.dim[last];
    state->middle_first = begin > 0 ? begin : 0;
    state->middle_last = in + begin < out ? in + begin : out;
    if (state->middle_first > out)
        state->middle_first = out;
    if (state->middle_last < state->middle_first)
        state->middle_last = state->middle_first;
}

static enum mface_status prepare(struct mface_step *step)
{
    struct amounts amounts;
    MFACE_TRY(read_amounts(step, &amounts));
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    const struct mface_shape *in = &step->in[0].shape, *out = &step->out[0].shape;
    size_t total = 0;
    if (!mface_shape_count(out))
        return MFACE_OK;
    for (int i = 0; i < out->rank; i++)
        total += (size_t)out->dim[i];
    state->maps = mface_mem_calloc(total, sizeof *state->maps);
    if (!state->maps)
        return mface_op_nomem(step);
    int64_t *map = state->maps;
    for (int i = 0; i < out->rank; map += out->dim[i++]) {
        state->map[i] = map;
        for (int64_t k = 0; k < out->dim[i]; k++)
            map[k] = source_index(amounts.mode, k - amounts.begin[i], in->dim[i]);
    }
    if (out->rank)
        find_middle(step, state, amounts.begin[out->rank - 1]);
    if (step->opset < 11 && step->in[0].dtype == MFACE_DTYPE_F32)
        state->value.f32 = mface_op_attr_float(step, "value", 0.0f);
    return MFACE_OK;
}

static void fill(char *to, int64_t n, const void *value, size_t bytes)
{
    static const char zero[sizeof(uint64_t)];
    if (memcmp(value, zero, bytes) == 0) {
        memset(to, 0, (size_t)n * bytes);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * bytes, value, bytes);
}

/* Outputs first ≤ i < last of a row, one by one. */
static void copy_edge(const int64_t *map, int64_t first, int64_t last, const char *from, char *to,
    const void *value, size_t bytes)
{
    for (int64_t i = first; i < last; i++)
        memcpy(to + (size_t)i * bytes, map[i] < 0 ? value : from + (size_t)map[i] * bytes, bytes);
}

static void copy_row(const struct mface_step *step, const char *from, char *to, const void *value)
{
    const struct state *state = step->state;
    const int last = step->out[0].shape.rank - 1;
    const size_t bytes = mface_dtype_bytes(step->out[0].dtype);
    const int64_t *map = state->map[last], n = step->out[0].shape.dim[last];
    const int64_t middle = state->middle_last - state->middle_first;
    copy_edge(map, 0, state->middle_first, from, to, value, bytes);
    if (middle)
        memcpy(to + (size_t)state->middle_first * bytes,
            from + (size_t)map[state->middle_first] * bytes, (size_t)middle * bytes);
    copy_edge(map, state->middle_last, n, from, to, value, bytes);
}

/* Index of the input row an output row comes from; -1 for the constant. */
static int64_t source_row(const struct mface_step *step, int64_t row)
{
    const struct state *state = step->state;
    const struct mface_shape *in = &step->in[0].shape, *out = &step->out[0].shape;
    int64_t source = 0, rows = 1;
    for (int i = out->rank - 2; i >= 0; i--) {
        const int64_t at = state->map[i][row % out->dim[i]];
        if (at < 0)
            return -1;
        source += at * rows;
        rows *= in->dim[i];
        row /= out->dim[i];
    }
    return source;
}

static void run_rows(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const struct state *state = step->state;
    const struct mface_shape *in = &step->in[0].shape, *out = &step->out[0].shape;
    const size_t bytes = mface_dtype_bytes(step->out[0].dtype);
    const int64_t in_row = in->dim[in->rank - 1], out_row = out->dim[out->rank - 1];
    const void *value = mface_op_has_in(step, 2) && mface_shape_count(&step->in[2].shape)
                            ? args->in[2].data
                            : &state->value;
    for (int64_t r = first; r < end; r++) {
        const int64_t source = source_row(step, r);
        char *to = (char *)args->out[0].data + (size_t)(r * out_row) * bytes;
        if (source < 0)
            fill(to, out_row, value, bytes);
        else
            copy_row(step, (const char *)args->in[0].data + (size_t)(source * in_row) * bytes, to,
                value);
    }
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    const struct mface_shape *out = &step->out[0].shape;
    if (!out->rank) {
        memcpy(args->out[0].data, args->in[0].data, mface_tensor_bytes(&step->out[0]));
        return MFACE_OK;
    }
    const int64_t rows = mface_shape_count_range(out, 0, out->rank - 1);
    mface_op_parallel(step, args, rows, mface_shape_count(out), run_rows);
    return MFACE_OK;
}

static void release(struct mface_step *step)
{
    struct state *state = step->state;
    if (state)
        mface_mem_free(state->maps);
}

const struct mface_op mface_op_pad = {
    .name = "Pad",
    .opset_min = 2,
    .in_min = 1,
    .in_max = 4,
    .infer = infer,
    .prepare = prepare,
    .run = run,
    .release = release,
};

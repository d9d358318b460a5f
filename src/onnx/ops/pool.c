/* MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool.
 *
 * Plain loops over planes: pooling is a sliver of any network's time, and ONNX's rules (ceil_mode,
 * count_include_pad, indices of the maxima) are easier kept here than in a library. Planes are
 * always three-dimensional; missing dimensions are of extent 1 in front. */
#include "onnx/ops/window.h"

#include "base/mem.h"
#include "onnx/parallel.h"
#include <math.h>
#include <string.h>

/* Of one window along one dimension: kernel taps that fall inside the input. */
struct taps {
    int64_t first, last; // taps first ≤ k < last
    int64_t start;       // input index of tap 0; may be negative
    int64_t n_padded;    // taps inside input and declared padding
};

enum { ALL = MFACE_WINDOW_RANK_MAX };

struct state {
    struct mface_window w;  // with n = 3
    struct taps *taps[ALL]; // per output index; into one block that taps[0] begins
    bool include_pad;
    bool column_major; // of the indices
};

/* Moves the dimensions to the end and fills those in front. */
static void widen(struct mface_window *w)
{
    int64_t *const lists[] = { w->in, w->out, w->kernel, w->stride, w->dilation, w->pad_begin,
        w->pad_end };
    static const int64_t neutral[] = { 1, 1, 1, 1, 1, 0, 0 };
    const int missing = ALL - w->n;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        memmove(lists[i] + missing, lists[i], (size_t)w->n * sizeof(int64_t));
        for (int k = 0; k < missing; k++)
            lists[i][k] = neutral[i];
    }
    w->n = ALL;
}

static enum mface_status infer(struct mface_step *step)
{
    struct mface_window w;
    MFACE_TRY(mface_window_init(step, NULL, &w));
    step->out[0].dtype = step->in[0].dtype;
    mface_window_shape(step, &w, step->in[0].shape.dim[1], &step->out[0].shape);
    return MFACE_OK;
}

static enum mface_status infer_average(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
    return infer(step);
}

static enum mface_status infer_max(struct mface_step *step)
{
    MFACE_TRY(mface_op_check_dtype(
        step, 0, MFACE_DTYPE_BIT(MFACE_DTYPE_F32) | MFACE_DTYPE_BIT(MFACE_DTYPE_U8)));
    MFACE_TRY(infer(step));
    if (step->n_out > 1) {
        step->out[1].dtype = MFACE_DTYPE_I64;
        step->out[1].shape = step->out[0].shape;
    }
    return MFACE_OK;
}

/* With the padding counted, a window counts what it covers of input and declared padding, but not
 * what ceil_mode makes it reach beyond. */
static int64_t count_taps(const struct mface_window *w, int i, int64_t out)
{
    const int64_t start = out * w->stride[i] - w->pad_begin[i];
    const int64_t room = w->in[i] + w->pad_end[i] - start;
    const int64_t n = (room + w->dilation[i] - 1) / w->dilation[i];
    return n < w->kernel[i] ? n : w->kernel[i];
}

static struct taps find_taps(const struct mface_window *w, int i, int64_t out)
{
    struct taps taps = { .start = out * w->stride[i] - w->pad_begin[i] };
    if (taps.start < 0)
        taps.first = (-taps.start + w->dilation[i] - 1) / w->dilation[i];
    taps.last = (w->in[i] - taps.start + w->dilation[i] - 1) / w->dilation[i];
    if (taps.last > w->kernel[i])
        taps.last = w->kernel[i];
    taps.n_padded = count_taps(w, i, out);
    return taps;
}

/* Taps are tabulated once: they cost divisions, and a plane asks for each of them often. */
static enum mface_status build_taps(struct mface_step *step, struct state *state)
{
    const struct mface_window *w = &state->w;
    struct taps *taps = mface_mem_calloc((size_t)(w->out[0] + w->out[1] + w->out[2]), sizeof *taps);
    if (!taps)
        return mface_op_nomem(step);
    for (int i = 0; i < ALL; taps += w->out[i++]) {
        state->taps[i] = taps;
        for (int64_t out = 0; out < w->out[i]; out++) {
            taps[out] = find_taps(w, i, out);
            if (taps[out].first >= taps[out].last)
                return mface_op_fail(
                    step, MFACE_ERR_UNSUPPORTED, "a window lies in the padding alone");
        }
    }
    return MFACE_OK;
}

static void release(struct mface_step *step)
{
    struct state *state = step->state;
    if (state)
        mface_mem_free(state->taps[0]);
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    MFACE_TRY(mface_window_init(step, NULL, &state->w));
    step->flops = mface_window_flops(step, &state->w);
    widen(&state->w);
    state->include_pad = mface_op_attr_int(step, "count_include_pad", 0) != 0;
    state->column_major = mface_op_attr_int(step, "storage_order", 0) != 0;
    return build_taps(step, state);
}

/* Steps to the next output position of a plane, in row-major order. */
static void next_position(const struct mface_window *w, int64_t at[ALL])
{
    for (int i = ALL - 1; i >= 0 && ++at[i] == w->out[i]; i--)
        at[i] = 0;
}

#define FOR_TAPS(w, t, k0, k1, k2, index)                                                          \
    for (int64_t k0 = t[0].first; k0 < t[0].last; k0++)                                            \
        for (int64_t k1 = t[1].first; k1 < t[1].last; k1++)                                        \
            for (int64_t k2 = t[2].first, index = ((t[0].start + k0 * w->dilation[0]) * w->in[1] + \
                                                      t[1].start + k1 * w->dilation[1]) *          \
                                                      w->in[2] +                                   \
                                                  t[2].start + k2 * w->dilation[2];                \
                 k2 < t[2].last; k2++, index += w->dilation[2])

#define TAPS_AT(state, at)                                                                         \
    {                                                                                              \
        state->taps[0][at[0]], state->taps[1][at[1]], state->taps[2][at[2]]                        \
    }

/* Outputs of a row for which tap k of the last dimension falls inside the input. */
struct span {
    int64_t first, last; // first ≤ x < last
};

static struct span find_span(const struct mface_window *w, int64_t k)
{
    const int64_t in = w->in[ALL - 1], stride = w->stride[ALL - 1];
    const int64_t shift = w->pad_begin[ALL - 1] - k * w->dilation[ALL - 1];
    struct span span = { .first = shift > 0 ? (shift + stride - 1) / stride : 0,
        .last = in + shift > 0 ? (in - 1 + shift) / stride + 1 : 0 };
    if (span.last > w->out[ALL - 1])
        span.last = w->out[ALL - 1];
    return span;
}

/* Most taps of such a window lie in the padding: each output looks at its own few instead. */
static bool is_sparse(const struct mface_window *w)
{
    return w->kernel[ALL - 1] > w->in[ALL - 1];
}

/* Without indices, rows of input are folded into rows of output tap by tap: no branches inside. */
#define DEFINE_MAX_PLANE(type, name, lowest)                                                       \
    static void max_row_##name(const struct state *state, const type *x, type *y)                  \
    {                                                                                              \
        const struct mface_window *w = &state->w;                                                  \
        const int64_t stride = w->stride[ALL - 1], dilation = w->dilation[ALL - 1];                \
        const int64_t n_taps = is_sparse(w) ? 0 : w->kernel[ALL - 1];                              \
        for (int64_t k = 0; k < n_taps; k++) {                                                     \
            const struct span span = find_span(w, k);                                              \
            const int64_t shift = k * dilation - w->pad_begin[ALL - 1];                            \
            for (int64_t o = span.first; o < span.last; o++) {                                     \
                const type value = x[o * stride + shift];                                          \
                y[o] = value > y[o] ? value : y[o];                                                \
            }                                                                                      \
        }                                                                                          \
        for (int64_t o = 0; is_sparse(w) && o < w->out[ALL - 1]; o++) {                            \
            const struct taps *t = &state->taps[ALL - 1][o];                                       \
            for (int64_t k = t->first; k < t->last; k++) {                                         \
                const type value = x[t->start + k * dilation];                                     \
                y[o] = value > y[o] ? value : y[o];                                                \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void max_plane_##name(const struct state *state, const void *plane, void *result)       \
    {                                                                                              \
        const struct mface_window *w = &state->w;                                                  \
        const int64_t rows = w->out[0] * w->out[1], n = w->out[2];                                 \
        for (int64_t r = 0; r < rows; r++) {                                                       \
            const struct taps *t0 = &state->taps[0][r / w->out[1]];                                \
            const struct taps *t1 = &state->taps[1][r % w->out[1]];                                \
            type *y = (type *)result + r * n;                                                      \
            for (int64_t o = 0; o < n; o++)                                                        \
                y[o] = lowest;                                                                     \
            for (int64_t k0 = t0->first; k0 < t0->last; k0++)                                      \
                for (int64_t k1 = t1->first; k1 < t1->last; k1++)                                  \
                    max_row_##name(state,                                                          \
                        (const type *)plane + ((t0->start + k0 * w->dilation[0]) * w->in[1] +      \
                                                  t1->start + k1 * w->dilation[1]) *               \
                                                  w->in[2],                                        \
                        y);                                                                        \
        }                                                                                          \
    }                                                                                              \
    static void max_index_plane_##name(                                                            \
        const struct state *state, const void *plane, int64_t *indices)                            \
    {                                                                                              \
        const struct mface_window *w = &state->w;                                                  \
        const type *x = plane;                                                                     \
        int64_t at[ALL] = { 0 }, n = w->out[0] * w->out[1] * w->out[2];                            \
        for (int64_t o = 0; o < n; o++, next_position(w, at)) {                                    \
            const struct taps t[ALL] = TAPS_AT(state, at);                                         \
            int64_t best = -1;                                                                     \
            FOR_TAPS(w, t, k0, k1, k2, i)                                                          \
            if (best < 0 || x[i] > x[best])                                                        \
                best = i;                                                                          \
            indices[o] = best;                                                                     \
        }                                                                                          \
    }

DEFINE_MAX_PLANE(float, f32, -INFINITY)
DEFINE_MAX_PLANE(uint8_t, u8, 0)

/* From row-major to column-major within the plane, and to the place in the whole tensor. */
static void finish_indices(const struct state *state, int64_t plane, int64_t *indices)
{
    const struct mface_window *w = &state->w;
    const int64_t n = w->out[0] * w->out[1] * w->out[2];
    const int64_t d0 = w->in[0], d1 = w->in[1], d2 = w->in[2];
    for (int64_t o = 0; o < n; o++) {
        const int64_t i = indices[o], z = i / (d1 * d2), y = i / d2 % d1, x = i % d2;
        indices[o] = (state->column_major ? (x * d1 + y) * d0 + z : i) + plane * d0 * d1 * d2;
    }
}

struct planes {
    int64_t in_bytes, out_bytes, out_elements;
};

static struct planes count_planes(const struct mface_step *step)
{
    const struct mface_window *w = &((const struct state *)step->state)->w;
    const int64_t element = (int64_t)mface_dtype_bytes(step->in[0].dtype);
    const int64_t out = w->out[0] * w->out[1] * w->out[2];
    return (struct planes) { .in_bytes = w->in[0] * w->in[1] * w->in[2] * element,
        .out_bytes = out * element,
        .out_elements = out };
}

static void max_planes(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const struct state *state = step->state;
    const struct planes p = count_planes(step);
    const bool bytes = step->in[0].dtype == MFACE_DTYPE_U8;
    int64_t *all = step->n_out > 1 ? args->out[1].data : NULL;
    char *values = args->out[0].data;
    for (int64_t i = first; i < end; i++) {
        const char *in = (const char *)args->in[0].data + i * p.in_bytes;
        if (values)
            (bytes ? max_plane_u8 : max_plane_f32)(state, in, values + i * p.out_bytes);
        if (!all)
            continue;
        int64_t *indices = all + i * p.out_elements;
        (bytes ? max_index_plane_u8 : max_index_plane_f32)(state, in, indices);
        finish_indices(state, i, indices);
    }
}

static void run_planes(
    const struct mface_step *step, const struct mface_op_args *args, mface_op_range *range)
{
    const struct mface_shape *in = &step->in[0].shape;
    mface_op_parallel(step, args, in->dim[0] * in->dim[1], mface_shape_count(in), range);
}

static enum mface_status run_max(const struct mface_step *step, const struct mface_op_args *args)
{
    run_planes(step, args, max_planes);
    return MFACE_OK;
}

static void average_plane(const struct state *state, const float *x, float *y)
{
    const struct mface_window *w = &state->w;
    int64_t at[ALL] = { 0 }, n = w->out[0] * w->out[1] * w->out[2];
    for (int64_t o = 0; o < n; o++, next_position(w, at)) {
        struct taps t[ALL];
        int64_t count = 1;
        for (int i = 0; i < ALL; i++) {
            t[i] = state->taps[i][at[i]];
            count *= state->include_pad ? t[i].n_padded : t[i].last - t[i].first;
        }
        float sum = 0.0f;
        FOR_TAPS(w, t, k0, k1, k2, i)
        sum += x[i];
        y[o] = sum / (float)count;
    }
}

static void average_planes(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    const struct state *state = step->state;
    const struct planes p = count_planes(step);
    for (int64_t i = first; i < end; i++)
        average_plane(state, (const float *)((const char *)args->in[0].data + i * p.in_bytes),
            (float *)((char *)args->out[0].data + i * p.out_bytes));
}

static enum mface_status run_average(
    const struct mface_step *step, const struct mface_op_args *args)
{
    run_planes(step, args, average_planes);
    return MFACE_OK;
}

const struct mface_op mface_op_max_pool = {
    .name = "MaxPool",
    .in_min = 1,
    .in_max = 1,
    .out_max = 2,
    .infer = infer_max,
    .prepare = prepare,
    .run = run_max,
    .release = release,
};

const struct mface_op mface_op_average_pool = {
    .name = "AveragePool",
    .in_min = 1,
    .in_max = 1,
    .infer = infer_average,
    .prepare = prepare,
    .run = run_average,
    .release = release,
};

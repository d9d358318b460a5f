/* MaxPool and AveragePool of N×H×W×C, as passes make them of the plain operators: a window is a
 * walk over pixels, each a vector of channels. */
#include "base/mem.h"
#include "onnx/ops/internal.h"
#include "onnx/ops/window.h"
#include "onnx/parallel.h"

#include <math.h>

/* Taps of one window along one dimension that fall inside the input. */
struct taps {
    int64_t start, first, last; // input index of tap 0; taps first ≤ k < last
    int64_t n_padded;           // taps inside input and declared padding
};

struct state {
    struct mface_window w; // two dimensions
    bool include_pad;
    struct taps *columns; // per column of the output: they cost divisions
};

static struct taps find_taps(const struct mface_window *w, int i, int64_t out)
{
    struct taps t = { .start = out * w->stride[i] - w->pad_begin[i] };
    const int64_t dilation = w->dilation[i];
    if (t.start < 0)
        t.first = (-t.start + dilation - 1) / dilation;
    t.last = (w->in[i] - t.start + dilation - 1) / dilation;
    t.last = t.last < w->kernel[i] ? t.last : w->kernel[i];
    t.n_padded = (w->in[i] + w->pad_end[i] - t.start + dilation - 1) / dilation;
    t.n_padded = t.n_padded < w->kernel[i] ? t.n_padded : w->kernel[i];
    return t;
}

static enum mface_status prepare(struct mface_step *step)
{
    struct state *state = mface_op_state(step, sizeof *state);
    if (!state)
        return mface_op_nomem(step);
    struct mface_step plain = *step;
    struct mface_tensor in = step->in[0];
    in.shape = mface_shape_channels_first(&step->in[0].shape);
    plain.in = &in;
    state->include_pad = mface_op_attr_int(step, "count_include_pad", 0) != 0;
    MFACE_TRY(mface_window_init(&plain, NULL, &state->w));
    step->flops = mface_window_flops(step, &state->w);
    state->columns = mface_mem_calloc((size_t)state->w.out[1], sizeof *state->columns);
    if (!state->columns)
        return mface_op_nomem(step);
    for (int64_t out = 0; out < state->w.out[1]; out++)
        state->columns[out] = find_taps(&state->w, 1, out);
    for (int i = 0; i < 2; i++)
        for (int64_t out = 0; out < state->w.out[i]; out++) {
            const struct taps taps = find_taps(&state->w, i, out);
            if (taps.first >= taps.last)
                return mface_op_fail(
                    step, MFACE_ERR_UNSUPPORTED, "a window lies in the padding alone");
        }
    return MFACE_OK;
}

static void release(struct mface_step *step)
{
    struct state *state = step->state;
    if (state)
        mface_mem_free(state->columns);
}

static const float *pixel_at(const struct mface_window *w, const float *x, const struct taps *ty,
    const struct taps *tx, int64_t ky, int64_t kx, int64_t channels)
{
    const int64_t row = ty->start + ky * w->dilation[0], column = tx->start + kx * w->dilation[1];
    return x + (row * w->in[1] + column) * channels;
}

/* Most windows are 2×2 or have a row of two left: one pass, no result to read back. */
static void max_of_four(int64_t channels, const float *const p[4], float *restrict y)
{
    const float *a = p[0], *b = p[1], *c = p[2], *d = p[3];
    for (int64_t i = 0; i < channels; i++) {
        const float ab = a[i] > b[i] ? a[i] : b[i], cd = c[i] > d[i] ? c[i] : d[i];
        y[i] = ab > cd ? ab : cd;
    }
}

static void max_pixel(const struct state *state, const float *x, const struct taps *ty,
    const struct taps *tx, int64_t channels, float *restrict y)
{
    if (ty->last - ty->first == 2 && tx->last - tx->first == 2) {
        const float *p[4];
        for (int k = 0; k < 4; k++)
            p[k] = pixel_at(&state->w, x, ty, tx, ty->first + k / 2, tx->first + k % 2, channels);
        max_of_four(channels, p, y);
        return;
    }
    for (int64_t c = 0; c < channels; c++)
        y[c] = -INFINITY;
    for (int64_t ky = ty->first; ky < ty->last; ky++)
        for (int64_t kx = tx->first; kx < tx->last; kx++) {
            const float *p = pixel_at(&state->w, x, ty, tx, ky, kx, channels);
            for (int64_t c = 0; c < channels; c++)
                y[c] = p[c] > y[c] ? p[c] : y[c];
        }
}

static void average_pixel(const struct state *state, const float *x, const struct taps *ty,
    const struct taps *tx, int64_t channels, float *y)
{
    const int64_t inside = (ty->last - ty->first) * (tx->last - tx->first);
    const int64_t count = state->include_pad ? ty->n_padded * tx->n_padded : inside;
    for (int64_t c = 0; c < channels; c++)
        y[c] = 0.0f;
    for (int64_t ky = ty->first; ky < ty->last; ky++)
        for (int64_t kx = tx->first; kx < tx->last; kx++) {
            const float *p = pixel_at(&state->w, x, ty, tx, ky, kx, channels);
            for (int64_t c = 0; c < channels; c++)
                y[c] += p[c];
        }
    for (int64_t c = 0; c < channels; c++)
        y[c] /= (float)count;
}

static void pool_row(const struct mface_step *step, const float *x, int64_t row, float *y,
    void (*pixel)(const struct state *, const float *, const struct taps *, const struct taps *,
        int64_t, float *))
{
    const struct state *state = step->state;
    const int64_t channels = step->in[0].shape.dim[3];
    const struct taps ty = find_taps(&state->w, 0, row);
    for (int64_t column = 0; column < state->w.out[1]; column++) {
        pixel(state, x, &ty, &state->columns[column], channels, y + column * channels);
    }
}

static void pool_rows(const struct mface_step *step, const struct mface_op_args *args,
    int64_t first, int64_t end,
    void (*pixel)(const struct state *, const float *, const struct taps *, const struct taps *,
        int64_t, float *))
{
    const int64_t n_rows = ((const struct state *)step->state)->w.out[0]; // of an image
    const struct mface_shape *in = &step->in[0].shape, *out = &step->out[0].shape;
    const int64_t in_image = mface_shape_count_range(in, 1, 4);
    const int64_t out_row = out->dim[2] * out->dim[3];
    for (int64_t r = first; r < end; r++)
        pool_row(step, (const float *)args->in[0].data + r / n_rows * in_image, r % n_rows,
            (float *)args->out[0].data + r * out_row, pixel);
}

static void max_rows(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    pool_rows(step, args, first, end, max_pixel);
}

static void average_rows(
    const struct mface_step *step, const struct mface_op_args *args, int64_t first, int64_t end)
{
    pool_rows(step, args, first, end, average_pixel);
}

static void pool(
    const struct mface_step *step, const struct mface_op_args *args, mface_op_range *range)
{
    const struct mface_shape *in = &step->in[0].shape, *out = &step->out[0].shape;
    mface_op_parallel(step, args, out->dim[0] * out->dim[1], mface_shape_count(in), range);
}

static enum mface_status run_max(const struct mface_step *step, const struct mface_op_args *args)
{
    pool(step, args, max_rows);
    return MFACE_OK;
}

static enum mface_status run_average(
    const struct mface_step *step, const struct mface_op_args *args)
{
    pool(step, args, average_rows);
    return MFACE_OK;
}

const struct mface_op mface_op_max_pool_last = {
    .name = "MaxPool",
    .in_min = 1,
    .in_max = 1,
    .prepare = prepare,
    .run = run_max,
    .release = release,
};

const struct mface_op mface_op_average_pool_last = {
    .name = "AveragePool",
    .in_min = 1,
    .in_max = 1,
    .prepare = prepare,
    .run = run_average,
    .release = release,
};

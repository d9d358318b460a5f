/* Output size of a window: floor((in + pads − ((kernel − 1)·dilation + 1)) / stride) + 1, with ceil
 * where ceil_mode asks for it (then a window may not start in the padding at the end). SAME_*
 * paddings make the output ceil(in / stride) and put the odd one of the padding at the end (UPPER)
 * or the beginning (LOWER). Source: ONNX operator specifications of Conv, ConvTranspose, MaxPool.
 */
#include "onnx/ops/window.h"

#include <string.h>

/* No real model comes near; keeps the arithmetic below far from overflow. */
enum { EXTENT_MAX = 1 << 24 };

static enum mface_status read_list(const struct mface_step *step, const char *name, int n,
    int64_t fallback, int64_t min, int64_t *out)
{
    const int64_t *values;
    const size_t n_values = mface_op_attr_ints(step, name, &values);
    for (int i = 0; i < n; i++)
        out[i] = fallback;
    if (!n_values)
        return MFACE_OK;
    if (n_values != (size_t)n)
        return mface_op_fail(
            step, MFACE_ERR_FORMAT, "attribute %s has %zu values, not %d", name, n_values, n);
    for (int i = 0; i < n; i++) {
        out[i] = values[i];
        if (values[i] < min || values[i] > EXTENT_MAX)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "attribute %s is out of range", name);
    }
    return MFACE_OK;
}

static enum mface_status read_kernel(
    const struct mface_step *step, const int64_t *kernel, struct mface_window *w)
{
    MFACE_TRY(read_list(step, "kernel_shape", w->n, 0, 1, w->kernel));
    for (int i = 0; i < w->n; i++) {
        if (kernel && w->kernel[i] && w->kernel[i] != kernel[i])
            return mface_op_fail(
                step, MFACE_ERR_FORMAT, "kernel_shape differs from the shape of the weights");
        if (kernel)
            w->kernel[i] = kernel[i];
        if (w->kernel[i] < 1 || w->kernel[i] > EXTENT_MAX)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "the kernel has no or a wrong shape");
    }
    return MFACE_OK;
}

static enum mface_status read_window(
    const struct mface_step *step, const int64_t *kernel, struct mface_window *w)
{
    const struct mface_shape *in = &step->in[0].shape;
    memset(w, 0, sizeof *w);
    w->n = in->rank - 2;
    if (w->n < 1 || w->n > MFACE_WINDOW_RANK_MAX)
        return mface_op_fail(
            step, MFACE_ERR_UNSUPPORTED, "input of rank %d is not supported", in->rank);
    for (int i = 0; i < w->n; i++) {
        w->in[i] = in->dim[2 + i];
        if (w->in[i] > EXTENT_MAX)
            return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "input is too large");
    }
    MFACE_TRY(read_kernel(step, kernel, w));
    MFACE_TRY(read_list(step, "strides", w->n, 1, 1, w->stride));
    return read_list(step, "dilations", w->n, 1, 1, w->dilation);
}

static enum mface_status read_pads(const struct mface_step *step, struct mface_window *w)
{
    int64_t pads[2 * MFACE_WINDOW_RANK_MAX];
    MFACE_TRY(read_list(step, "pads", 2 * w->n, 0, 0, pads));
    for (int i = 0; i < w->n; i++) {
        w->pad_begin[i] = pads[i] + step->fusion.pad_begin[i];
        w->pad_end[i] = pads[w->n + i] + step->fusion.pad_end[i];
    }
    return MFACE_OK;
}

static int64_t reach(const struct mface_window *w, int i)
{
    return (w->kernel[i] - 1) * w->dilation[i] + 1;
}

enum auto_pad { EXPLICIT, VALID, SAME_UPPER, SAME_LOWER, UNKNOWN };

static enum auto_pad read_auto_pad(const struct mface_step *step)
{
    static const char *const names[] = { "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER" };
    const char *text = mface_op_attr_str(step, "auto_pad", "NOTSET");
    int i = 0;
    while (i < UNKNOWN && strcmp(text, names[i]) != 0)
        i++;
    return (enum auto_pad)i;
}

static void split_pad(struct mface_window *w, int i, int64_t total, enum auto_pad mode)
{
    const int64_t small = (total > 0 ? total : 0) / 2, large = (total > 0 ? total : 0) - small;
    w->pad_begin[i] = mode == SAME_UPPER ? small : large;
    w->pad_end[i] = mode == SAME_UPPER ? large : small;
}

static void find_extent(struct mface_window *w, int i, enum auto_pad mode, bool ceil)
{
    const int64_t stride = w->stride[i];
    if (mode == SAME_UPPER || mode == SAME_LOWER) {
        w->out[i] = (w->in[i] + stride - 1) / stride;
        split_pad(w, i, (w->out[i] - 1) * stride + reach(w, i) - w->in[i], mode);
        return;
    }
    const int64_t room = w->in[i] + w->pad_begin[i] + w->pad_end[i] - reach(w, i);
    w->out[i] = room < 0 ? 0 : (room + (ceil ? stride - 1 : 0)) / stride + 1;
    if (ceil && w->out[i] > 0 && (w->out[i] - 1) * stride >= w->in[i] + w->pad_begin[i])
        w->out[i]--;
}

enum mface_status mface_window_init(
    const struct mface_step *step, const int64_t *kernel, struct mface_window *window)
{
    MFACE_TRY(read_window(step, kernel, window));
    const enum auto_pad mode = read_auto_pad(step);
    if (mode == UNKNOWN)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "auto_pad has an unknown value");
    if (mode == EXPLICIT)
        MFACE_TRY(read_pads(step, window));
    const bool ceil = mface_op_attr_int(step, "ceil_mode", 0) != 0;
    for (int i = 0; i < window->n; i++)
        find_extent(window, i, mode, ceil);
    return MFACE_OK;
}

static enum mface_status find_transposed(const struct mface_step *step, struct mface_window *w,
    enum auto_pad mode, const int64_t *extra, const int64_t *wanted)
{
    for (int i = 0; i < w->n; i++) {
        const int64_t full = (w->in[i] - 1) * w->stride[i] + reach(w, i) + extra[i];
        const bool same = mode == SAME_UPPER || mode == SAME_LOWER;
        if (wanted[i] || same) {
            w->out[i] = wanted[i] ? wanted[i] : w->in[i] * w->stride[i];
            if (mode != VALID)
                split_pad(w, i, full - w->out[i], mode == SAME_UPPER ? SAME_UPPER : SAME_LOWER);
        } else {
            w->out[i] = full - w->pad_begin[i] - w->pad_end[i];
        }
        /* oneDNN knows no output padding: a smaller, even negative, padding at the end says it. */
        w->pad_end[i] = (w->in[i] - 1) * w->stride[i] + reach(w, i) - w->pad_begin[i] - w->out[i];
        if (w->out[i] < 0 || w->in[i] < 1)
            return mface_op_fail(step, MFACE_ERR_FORMAT, "the output would have a negative size");
    }
    return MFACE_OK;
}

enum mface_status mface_window_init_transposed(
    const struct mface_step *step, const int64_t *kernel, struct mface_window *window)
{
    int64_t extra[MFACE_WINDOW_RANK_MAX], wanted[MFACE_WINDOW_RANK_MAX];
    MFACE_TRY(read_window(step, kernel, window));
    MFACE_TRY(read_list(step, "output_padding", window->n, 0, 0, extra));
    MFACE_TRY(read_list(step, "output_shape", window->n, 0, 1, wanted));
    const enum auto_pad mode = read_auto_pad(step);
    if (mode == UNKNOWN)
        return mface_op_fail(step, MFACE_ERR_FORMAT, "auto_pad has an unknown value");
    if (mode == EXPLICIT)
        MFACE_TRY(read_pads(step, window));
    return find_transposed(step, window, mode, extra, wanted);
}

void mface_window_shape(const struct mface_step *step, const struct mface_window *window,
    int64_t channels, struct mface_shape *shape)
{
    *shape = (struct mface_shape) { .rank = 2 + window->n };
    shape->dim[0] = step->in[0].shape.dim[0];
    shape->dim[1] = channels;
    memcpy(shape->dim + 2, window->out, (size_t)window->n * sizeof window->out[0]);
}

int64_t mface_window_flops(const struct mface_step *step, const struct mface_window *window)
{
    int64_t flops = mface_shape_count(&step->out[0].shape);
    for (int i = 0; i < window->n; i++) {
        const int64_t reach = window->kernel[i] < window->in[i] ? window->kernel[i] : window->in[i];
        if (__builtin_mul_overflow(flops, reach, &flops))
            return INT64_MAX;
    }
    return flops;
}

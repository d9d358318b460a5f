/* The sliding window that convolutions and poolings share: kernel, stride, dilation, padding. */
#ifndef MFACE_ONNX_OPS_WINDOW_H
#define MFACE_ONNX_OPS_WINDOW_H

#include "onnx/op.h"

enum { MFACE_WINDOW_RANK_MAX = 3 };

struct mface_window {
    int n; // spatial dimensions, 1..3
    int64_t in[MFACE_WINDOW_RANK_MAX], out[MFACE_WINDOW_RANK_MAX];
    int64_t kernel[MFACE_WINDOW_RANK_MAX], stride[MFACE_WINDOW_RANK_MAX];
    int64_t dilation[MFACE_WINDOW_RANK_MAX];
    int64_t pad_begin[MFACE_WINDOW_RANK_MAX], pad_end[MFACE_WINDOW_RANK_MAX];
};

/* Fills in everything from the attributes and the shape of input 0 (N×C×spatial). `kernel`: the
 * spatial shape of the weights, or NULL where the attribute kernel_shape is required. */
MFACE_NODISCARD enum mface_status mface_window_init(
    const struct mface_step *step, const int64_t *kernel, struct mface_window *window);

/* The same for a transposed convolution, where padding takes away and output_padding adds. */
MFACE_NODISCARD enum mface_status mface_window_init_transposed(
    const struct mface_step *step, const int64_t *kernel, struct mface_window *window);

/* N×C×out, where C is `channels`. */
void mface_window_shape(const struct mface_step *step, const struct mface_window *window,
    int64_t channels, struct mface_shape *shape);

/* Of a pool: one for each element of the input that a window covers, or INT64_MAX where those
 * cannot be counted. */
int64_t mface_window_flops(const struct mface_step *step, const struct mface_window *window);

#endif

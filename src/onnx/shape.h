/* Arithmetic on shapes and tensors. All functions are pure. */
#ifndef MFACE_ONNX_SHAPE_H
#define MFACE_ONNX_SHAPE_H

#include "onnx/onnx.h"

/* Number of elements: the product of the dimensions; 1 for a scalar. Dimensions must be ≥ 0 and
 * the shape checked by mface_shape_valid(). */
int64_t mface_shape_count(const struct mface_shape *shape);

/* The same over dimensions first ≤ i < last. */
int64_t mface_shape_count_range(const struct mface_shape *shape, int first, int last);

/* Rank in range, dimensions ≥ 0, and at most 2^44 bytes of the widest type. */
bool mface_shape_valid(const struct mface_shape *shape);

bool mface_shape_equal(const struct mface_shape *a, const struct mface_shape *b);

/* *out = a and b broadcast together by the rules of ONNX (numpy); false when they do not fit. */
bool mface_shape_broadcast(
    const struct mface_shape *a, const struct mface_shape *b, struct mface_shape *out);

/* Row-major strides in elements. With `to`, strides of `shape` read as if broadcast to `to`: rank
 * of `to`, 0 along repeated dimensions; NULL: the shape's own. */
void mface_shape_strides(const struct mface_shape *shape, const struct mface_shape *to,
    int64_t stride[MFACE_TENSOR_RANK_MAX]);

/* Writes "1x3x224x224" ("scalar" for rank 0); returns `text`. */
enum { MFACE_SHAPE_TEXT_BYTES = 24 * MFACE_TENSOR_RANK_MAX };
const char *mface_shape_print(const struct mface_shape *shape, char text[MFACE_SHAPE_TEXT_BYTES]);

/* N×spatial×C of N×C×spatial, and back; the rank is at least 2. */
struct mface_shape mface_shape_channels_last(const struct mface_shape *shape);
struct mface_shape mface_shape_channels_first(const struct mface_shape *shape);

size_t mface_tensor_bytes(const struct mface_tensor *tensor);

#endif

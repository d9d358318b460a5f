/* The size a Resize or Upsample node asks for, wherever its operator set keeps it. */
#ifndef MFACE_ONNX_OPS_RESIZE_SIZES_H
#define MFACE_ONNX_OPS_RESIZE_SIZES_H

#include "onnx/op.h"

struct mface_resize_sizes {
    struct mface_shape shape;                // of the result
    double scale[MFACE_TENSOR_RANK_MAX];     // result / input, per axis, as given
    double roi_start[MFACE_TENSOR_RANK_MAX]; // 0 where not given
    double roi_end[MFACE_TENSOR_RANK_MAX];   // 1 where not given
};

/* Reads sizes or scales, and with `crop` the region, from constant inputs or attributes. */
MFACE_NODISCARD enum mface_status mface_resize_sizes_read(
    const struct mface_step *step, bool crop, struct mface_resize_sizes *out);

#endif

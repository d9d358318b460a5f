/* Moves elements from one strided place to another, whatever their type. */
#ifndef MFACE_ONNX_OPS_COPY_H
#define MFACE_ONNX_OPS_COPY_H

#include "onnx/onnx.h"

/* One side of a copy: element (i0, i1, ...) of the space lies at data + bytes × Σ i × stride. */
struct mface_place {
    void *data;
    int64_t stride[MFACE_TENSOR_RANK_MAX]; // in elements; may be 0 or negative when reading
};

/* Copies every element of `space`, `bytes` each (1, 2, 4 or 8). The sides do not overlap. */
void mface_copy_strided(const struct mface_shape *space, const struct mface_place *from,
    const struct mface_place *to, size_t bytes);

/* to = from, broadcast to the shape of `to`. */
void mface_copy_broadcast(const struct mface_tensor *from, const struct mface_tensor *to);

#endif

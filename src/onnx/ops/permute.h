/* A strided copy: what Transpose and the depth/space operators share. */
#ifndef MFACE_ONNX_OPS_PERMUTE_H
#define MFACE_ONNX_OPS_PERMUTE_H

#include "onnx/onnx.h"

/* The destination is dense and row-major over `dim`; element i of it is read from the source at
 * the sum of index·stride, in elements. */
struct mface_permute {
    int rank; // 1..MFACE_TENSOR_RANK_MAX
    int64_t dim[MFACE_TENSOR_RANK_MAX], stride[MFACE_TENSOR_RANK_MAX];
    size_t element_bytes; // 1, 2, 4 or 8
};

/* Sets up the transposition of a dense tensor: destination dimension i is source dimension
 * perm[i]. Dimensions that stay together are merged. */
void mface_permute_init(struct mface_permute *permute, const struct mface_shape *source,
    const int *perm, size_t element_bytes);

/* Copies on up to `threads` threads. */
void mface_permute_run(
    const struct mface_permute *permute, const void *source, void *destination, int threads);

#endif

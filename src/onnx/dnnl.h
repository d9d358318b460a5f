/* The one place that knows oneDNN (2.6, C API): this header is all that others see of dnnl*.c.
 *
 * A kernel is one primitive for fixed shapes with its constant arguments packed into the layout
 * the primitive likes best. Arguments that vary are plain row-major f32, or bf16 where asked for;
 * where the primitive wants another layout, the kernel reorders through scratch. A kernel is
 * immutable: many threads may run it at once, each with scratch of its own. Failures are silent
 * here: the operator knows its name and reports. */
#ifndef MFACE_ONNX_DNNL_H
#define MFACE_ONNX_DNNL_H

#include "onnx/constant.h"
#include "onnx/fusion.h"
#include <memoface/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mface_dnnl;

enum { MFACE_DNNL_SPATIAL_MAX = 3 };

/* A convolution, or transposed convolution, over `n_spatial` 1..3 dimensions. */
struct mface_dnnl_conv {
    bool transposed;
    int n_spatial;
    int64_t batch, in_channels, out_channels, groups;
    int64_t in[MFACE_DNNL_SPATIAL_MAX], out[MFACE_DNNL_SPATIAL_MAX];
    int64_t kernel[MFACE_DNNL_SPATIAL_MAX], stride[MFACE_DNNL_SPATIAL_MAX];
    int64_t dilation[MFACE_DNNL_SPATIAL_MAX]; // 1: dense
    int64_t pad_begin[MFACE_DNNL_SPATIAL_MAX], pad_end[MFACE_DNNL_SPATIAL_MAX];
    /* Packed; without data: given at run time. O×I/groups×k… as ONNX has them, transposed
     * I×O/groups×k…. */
    struct mface_constant weights;
    bool has_bias;
    const float *bias; // constant, out_channels; NULL: given at run time
    enum mface_activation activation;
    float alpha, beta;
    bool channels_last;      // source and destination are N×spatial×C
    bool src_bf16, dst_bf16; // else f32; weights are stored as the source is
    bool sum;                // the destination's former content is added before the activation
    bool to_space;           // the destination is as in space.h; not here, nor with `sum`
};

/* The primitive is for one picture and is run for each, so that a picture's bits do not depend on
 * the batch. Constant weights that their store holds in the wanted layout are not even read.
 * MFACE_OK, MFACE_ERR_UNSUPPORTED (no such primitive), MFACE_ERR_NOMEM, MFACE_ERR_INTERNAL. */
MFACE_NODISCARD enum mface_status mface_dnnl_conv_create(
    const struct mface_dnnl_conv *conv, struct mface_dnnl **out);

enum { MFACE_DNNL_MATMUL_RANK_MAX = 8 };

/* dst = a × b (+ bias per column) in f32, over leading dimensions that broadcast. Nothing of it is
 * constant: such products are dense.h's. */
struct mface_dnnl_matmul {
    int rank; // of all three, 2..MFACE_DNNL_MATMUL_RANK_MAX
    int64_t a[MFACE_DNNL_MATMUL_RANK_MAX], b[MFACE_DNNL_MATMUL_RANK_MAX]; // as multiplied
    bool a_transposed, b_transposed; // the last two dimensions lie swapped in memory
    bool has_bias;
    float scale; // of the whole result, bias included
};

MFACE_NODISCARD enum mface_status mface_dnnl_matmul_create(
    const struct mface_dnnl_matmul *matmul, struct mface_dnnl **out);

void mface_dnnl_free(struct mface_dnnl **kernel);

size_t mface_dnnl_scratch_bytes(const struct mface_dnnl *kernel);
size_t mface_dnnl_weight_bytes(const struct mface_dnnl *kernel); // packed

/* Runs on up to omp_get_max_threads() threads, products on one. `weights` and `bias` are ignored
 * where constant. MFACE_OK, MFACE_ERR_NOMEM, MFACE_ERR_INTERNAL. */
MFACE_NODISCARD enum mface_status mface_dnnl_run(struct mface_dnnl *kernel, const void *src,
    const float *weights, const float *bias, void *dst, void *scratch);

#endif

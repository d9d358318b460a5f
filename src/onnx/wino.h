/* Convolutions of our own in f32: 3×3 with stride 1 and 5×5 with stride 2, channels last, by
 * Winograd's F(4×4, 3×3), which takes a quarter of the multiplications, or a third.
 *
 * A kernel is immutable: many threads may run it at once, each with scratch of its own. Results
 * do not depend on the number of threads, on the batch a picture is in or on the instruction set.
 * Failures are silent here: the operator knows its name and reports. */
#ifndef MFACE_ONNX_WINO_H
#define MFACE_ONNX_WINO_H

#include "onnx/dnnl.h"

struct mface_wino_conv;

/* Which results these are: 0 where they are oneDNN's, as CPU (AVX2 or AVX-512), CPU mask
 * (base/cpu.h) or ONEDNN_MAX_CPU_ISA allow nothing else. */
int mface_wino_version(void);

/* Whether there is a kernel for the convolution; the CPU apart. */
bool mface_wino_conv_fits(const struct mface_dnnl_conv *conv);

/* Whether the kernel, where it fits, beats oneDNN's: by the shape of one picture, since results
 * depend on it. */
bool mface_wino_conv_pays(const struct mface_dnnl_conv *conv);

/* For a convolution that fits, where the version is not 0. Constant weights that their store holds
 * are not even read. `threads`: to pack and run on. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_wino_conv_create(
    const struct mface_dnnl_conv *conv, int threads, struct mface_wino_conv **out);

void mface_wino_conv_free(struct mface_wino_conv **kernel);

size_t mface_wino_conv_scratch_bytes(const struct mface_wino_conv *kernel);
size_t mface_wino_conv_weight_bytes(const struct mface_wino_conv *kernel); // packed

void mface_wino_conv_run(
    const struct mface_wino_conv *kernel, const float *src, float *dst, void *scratch);

#endif

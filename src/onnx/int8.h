/* Convolutions of our own in eight-bit integers: 3×3 with stride 1 and 5×5 with stride 2, channels
 * last, f32 on either side.
 *
 * Each picture's pixels are rounded to 256 steps between their least and greatest value (and 0,
 * which padding is; a range a float cannot hold counts as nothing but 0), the weights of each
 * output channel to ±127 steps of its greatest. Products are summed up in 32 bits, so exactly, and
 * only the last steps (scale, bias, residual, activation) are f32. So results are the same bits for
 * every instruction set, number of threads and batch.
 *
 * A kernel is immutable: many threads may run it at once, each with scratch of its own. Failures
 * are silent here: the operator knows its name and reports. */
#ifndef MFACE_ONNX_INT8_H
#define MFACE_ONNX_INT8_H

#include "onnx/dnnl.h"

struct mface_int8_conv;

/* Whether this CPU multiplies bytes faster than floats, by VNNI or in tiles, and the CPU mask
 * (base/cpu.h) does not hide it; elsewhere it takes longer than f32. */
bool mface_int8_is_fast(void);

/* Whether there is a kernel for the convolution. */
bool mface_int8_conv_fits(const struct mface_dnnl_conv *conv);

/* Whether the kernel, where it fits, is worth its rounding: by the shape of one picture, the same
 * on every machine, since results depend on it. */
bool mface_int8_conv_pays(const struct mface_dnnl_conv *conv);

/* For a convolution that fits. Constant weights that their store holds are not even read.
 * `threads`: to pack and run on. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_int8_conv_create(
    const struct mface_dnnl_conv *conv, int threads, struct mface_int8_conv **out);

void mface_int8_conv_free(struct mface_int8_conv **kernel);

size_t mface_int8_conv_scratch_bytes(const struct mface_int8_conv *kernel);
size_t mface_int8_conv_weight_bytes(const struct mface_int8_conv *kernel); // packed

void mface_int8_conv_run(
    const struct mface_int8_conv *kernel, const float *src, float *dst, void *scratch);

#endif

/* Convolutions of our own for CPUs with AMX: 3×3 with stride 1 and channels last, in bf16, which
 * are most of what a DFM computes. oneDNN keeps a quarter to half of the tile unit busy with them.
 *
 * A kernel is immutable: many threads may run it at once, each with scratch of its own. Results
 * do not depend on the number of threads or on the batch a picture is in. Failures are silent
 * here: the operator knows its name and reports. */
#ifndef MFACE_ONNX_AMX_H
#define MFACE_ONNX_AMX_H

#include "onnx/dnnl.h"

struct mface_amx_conv;

/* Whether CPU and system have AMX with bf16, this process may use it, and neither CPU mask
 * (base/cpu.h) nor ONEDNN_MAX_CPU_ISA forbids it. */
bool mface_amx_is_available(void);

/* Whether there is a kernel for the convolution; AMX apart. */
bool mface_amx_conv_fits(const struct mface_dnnl_conv *conv);

/* Whether the kernel, where it fits, beats oneDNN's. */
bool mface_amx_conv_pays(const struct mface_dnnl_conv *conv);

/* For a convolution that fits, where AMX is available. Constant weights that their store holds are
 * not even read. `threads`: to pack and run on. MFACE_OK, MFACE_ERR_NOMEM. */
MFACE_NODISCARD enum mface_status mface_amx_conv_create(
    const struct mface_dnnl_conv *conv, int threads, struct mface_amx_conv **out);

void mface_amx_conv_free(struct mface_amx_conv **kernel);

size_t mface_amx_conv_scratch_bytes(const struct mface_amx_conv *kernel);
size_t mface_amx_conv_weight_bytes(const struct mface_amx_conv *kernel); // packed

void mface_amx_conv_run(
    const struct mface_amx_conv *kernel, const void *src, void *dst, void *scratch);

#endif

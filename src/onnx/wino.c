/* Which inner loops Winograd convolutions run here. */
#include "onnx/wino.h"

#include "base/cpu.h"
#include "onnx/wino_conv.h"

#include <dnnl.h>

/* Raised whenever results change. */
enum { VERSION = 2 };

#if defined(__x86_64__)
static bool allows(unsigned flag, dnnl_cpu_isa_t isa)
{
    const unsigned effective = (unsigned)dnnl_get_effective_cpu_isa();
    return (mface_cpu_flags() & flag) && (effective & (unsigned)isa) == (unsigned)isa;
}

const struct mface_wino_kernels *mface_wino_kernels(void)
{
    if (!allows(MFACE_CPU_AVX2, dnnl_cpu_isa_avx2))
        return NULL;
    return allows(MFACE_CPU_AVX512, dnnl_cpu_isa_avx512_core) ? &mface_wino_avx512
                                                              : &mface_wino_avx2;
}
#else
const struct mface_wino_kernels *mface_wino_kernels(void)
{
    return NULL;
}
#endif

int mface_wino_version(void)
{
    return mface_wino_kernels() ? VERSION : 0;
}

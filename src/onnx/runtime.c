/* What running models depends on besides the models. */
#include "base/hash.h"
#include "onnx/amx.h"
#include "onnx/onnx.h"
#include "onnx/wino.h"

#include <dnnl.h>
#include <stdio.h>

/* Raised whenever a plan packs the same constant into other bytes under the same name, or computes
 * other bits. */
enum { VERSION = 5 };

bool mface_precision_is_supported(enum mface_precision precision)
{
    /* oneDNN 2.6 has bf16 kernels from AVX-512 up; before AVX512-BF16 they are slow. */
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    const unsigned least = (unsigned)dnnl_cpu_isa_avx512_core;
    return precision != MFACE_PRECISION_BF16 || (isa & least) == least;
}

struct mface_key mface_onnx_runtime_key(void)
{
    const dnnl_version_t *version = dnnl_version();
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_u64(&hasher, VERSION);
    mface_hasher_add_u64(&hasher, (uint64_t)version->major);
    mface_hasher_add_u64(&hasher, (uint64_t)version->minor);
    mface_hasher_add_u64(&hasher, (uint64_t)version->patch);
    mface_hasher_add_str(&hasher, version->hash);
    mface_hasher_add_u64(&hasher, (uint64_t)dnnl_get_effective_cpu_isa());
    mface_hasher_add_u64(&hasher, mface_amx_is_available());
    mface_hasher_add_u64(&hasher, (uint64_t)mface_wino_version());
    return mface_hasher_finish(&hasher);
}

int mface_onnx_print_runtime(char *text, size_t text_bytes)
{
    const dnnl_version_t *version = dnnl_version();
    return snprintf(
        text, text_bytes, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
}

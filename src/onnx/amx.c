/* May tiles be used here? */
#include "onnx/amx.h"

#include "base/cpu.h"

#include <dnnl.h>
#include <pthread.h>

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

/* Linux gives a process the 8 KiB of tile registers only when it asks for them. */
static bool ask_system(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 }; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}
#else
static bool ask_system(void)
{
    return false;
}
#endif

static bool is_permitted;
static pthread_once_t permit_once = PTHREAD_ONCE_INIT;

static void permit(void)
{
    const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    const unsigned amx = (unsigned)dnnl_cpu_isa_avx512_core_amx;
    is_permitted = (isa & amx) == amx && ask_system();
}

bool mface_amx_is_available(void)
{
    const unsigned needed = MFACE_CPU_AVX512 | MFACE_CPU_AVX512_BF16 | MFACE_CPU_AMX_BF16;
    if ((mface_cpu_flags() & needed) != needed)
        return false;
    pthread_once(&permit_once, permit);
    return is_permitted;
}

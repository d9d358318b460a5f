/* Fills the tables of kernels, once, and picks the one the CPU's flags allow. */
#include "image/kernel_table.h"

#include "base/cpu.h"

#include <pthread.h>

typedef void (*fill_fn)(struct mface_kernel_table *table);

static const fill_fn fill_c[] = {
    mface_convert_fill_c,
    mface_cover_fill_c,
    mface_strip_fill_c,
    mface_gamma_fill_c,
    mface_gaussian_fill_c,
    mface_lab_fill_c,
    mface_median_fill_c,
    mface_morphology_fill_c,
    mface_resize_fill_c,
    mface_sharpen_fill_c,
    mface_warp_fill_c,
    NULL,
};

#if defined(__x86_64__)
static const fill_fn fill_avx2[] = {
    mface_convert_fill_avx2,
    mface_cover_fill_avx2,
    mface_strip_fill_avx2,
    mface_gaussian_fill_avx2,
    mface_lab_fill_avx2,
    mface_median_fill_avx2,
    mface_pack_fill_avx2,
    mface_pairs_fill_avx2,
    mface_pointwise_fill_avx2,
    mface_resample_fill_avx2,
    mface_warp_bilinear_fill_avx2,
    mface_warp_taps_fill_avx2,
    NULL,
};

static const fill_fn fill_avx512[] = {
    mface_convert_fill_avx512,
    mface_cover_fill_avx512,
    mface_strip_fill_avx512,
    mface_gaussian_fill_avx512,
    mface_lab_fill_avx512,
    mface_median_fill_avx512,
    mface_pointwise_fill_avx512,
    mface_resample_fill_avx512,
    mface_warp_taps_fill_avx512,
    NULL,
};

static const fill_fn fill_vbmi[] = {
    mface_gamma_fill_vbmi,
    NULL,
};
#else
static const fill_fn fill_avx2[] = { NULL }, fill_avx512[] = { NULL }, fill_vbmi[] = { NULL };
#endif

static const fill_fn *const fills[MFACE_N_KERNEL_LEVELS] = {
    [MFACE_KERNELS_C] = fill_c,
    [MFACE_KERNELS_AVX2] = fill_avx2,
    [MFACE_KERNELS_AVX512] = fill_avx512,
    [MFACE_KERNELS_AVX512_VBMI] = fill_vbmi,
};

static struct mface_kernel_table tables[MFACE_N_KERNEL_LEVELS];

static void fill_tables(void)
{
    for (int level = 0; level < MFACE_N_KERNEL_LEVELS; level++) {
        if (level > 0)
            tables[level] = tables[level - 1];
        for (const fill_fn *fill = fills[level]; *fill; fill++)
            (*fill)(&tables[level]);
    }
}

enum mface_kernel_level mface_kernel_level(void)
{
    const unsigned flags = mface_cpu_flags();
    if (!(flags & MFACE_CPU_AVX2))
        return MFACE_KERNELS_C;
    if (!(flags & MFACE_CPU_AVX512))
        return MFACE_KERNELS_AVX2;
    return flags & MFACE_CPU_AVX512_VBMI ? MFACE_KERNELS_AVX512_VBMI : MFACE_KERNELS_AVX512;
}

const struct mface_kernel_table *mface_kernel_table(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_tables);
    return &tables[mface_kernel_level()];
}

/* The levels of kernels, by name. */
#ifndef MFACE_TEST_KERNEL_LEVEL_H
#define MFACE_TEST_KERNEL_LEVEL_H

#include "base/cpu.h"
#include "image/kernel_table.h"

#include <stdbool.h>

static const char *const level_names[MFACE_N_KERNEL_LEVELS] = {
    [MFACE_KERNELS_C] = "c",
    [MFACE_KERNELS_AVX2] = "avx2",
    [MFACE_KERNELS_AVX512] = "avx512",
    [MFACE_KERNELS_AVX512_VBMI] = "vbmi",
};

/* Forces a level; false when this CPU lacks it. */
static inline bool level_force(int level)
{
    unsigned mask = 0;
    if (!mface_cpu_mask_of_level(level_names[level], &mask))
        return false;
    mface_cpu_set_mask(mask);
    return mface_kernel_level() == (enum mface_kernel_level)level;
}

#endif

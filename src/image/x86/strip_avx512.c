/* The kernels of strips as the compiler makes them for AVX-512. */
#include "image/strip_kernels.h"

void mface_strip_fill_avx512(struct mface_kernel_table *table)
{
    strip_fill(table);
}

/* The loops of image/lab_rows.h for this file's instruction set. */
#include "image/lab_rows.h"

void mface_lab_fill_avx512(struct mface_kernel_table *table)
{
    mface_lab_fill(table);
}

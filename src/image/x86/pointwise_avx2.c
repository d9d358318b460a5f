/* The loops of image/pointwise.h for this file's instruction set. */
#include "image/kernel_table.h"
#include "image/pointwise.h"

void mface_pointwise_fill_avx2(struct mface_kernel_table *table)
{
    table->sharpen = mface_pointwise_sharpen;
    table->sharpen_u8 = mface_pointwise_sharpen_u8;
    table->least5 = mface_pointwise_least5;
    table->weigh_rows = mface_pointwise_weigh_rows;
    table->greatest5 = mface_pointwise_greatest5;
}

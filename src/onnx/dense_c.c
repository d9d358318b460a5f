#include "onnx/dense_strip.h"

void mface_dense_strip_c(const float *x, int64_t distance, const float *weights, int64_t n,
    int n_rows, struct mface_dense_sums *sums)
{
    add_strip(x, distance, weights, n, n_rows, sums);
}

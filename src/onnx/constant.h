/* A constant on its way from the model file into a kernel: where it lies and how its rows are read,
 * so that weights go from the mapped file into their packed layout a slice at a time, and are never
 * in memory whole in any other form. */
#ifndef MFACE_ONNX_CONSTANT_H
#define MFACE_ONNX_CONSTANT_H

#include "onnx/weights.h"

struct mface_onnx;

struct mface_constant {
    const void *data; // dense; in a model file at any address. NULL: there is no constant
    bool is_half;     // f16, else f32
    /* A row is the sum of so many, one behind the other; 0 stands for 1. */
    int copies;
    const float *scale;                // NULL: none; else one factor
    int64_t values_per_scale;          // for so many values
    const struct mface_onnx *file;     // whose pages are given back; NULL: data is in memory
    struct mface_weight_source source; // what the store calls it; no store: it is kept nowhere
};

/* Multiplies each n_values / n_scales values by one of the factors as they are read; they are not
 * copied, and enter the name. After `copies` is set. */
void mface_constant_set_scale(
    struct mface_constant *constant, const float *scale, int64_t n_scales, int64_t n_values);

/* n_rows rows of row_values floats each, from `row` on, into `out`. */
void mface_constant_read(const struct mface_constant *constant, int64_t row, int64_t n_rows,
    int64_t row_values, float *out);

/* The same rows will not be read again soon. */
void mface_constant_forget(
    const struct mface_constant *constant, int64_t row, int64_t n_rows, int64_t row_values);

#endif

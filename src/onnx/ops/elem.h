/* Runs of elements, loaded from and stored to a tensor of any type.
 *
 * Operators compute in one of three types (float, double, int64_t) on contiguous runs; what is
 * stored otherwise is converted here, a run at a time, so that arithmetic is written once per
 * type of computation instead of once per type of storage. */
#ifndef MFACE_ONNX_OPS_ELEM_H
#define MFACE_ONNX_OPS_ELEM_H

#include "onnx/onnx.h"

enum { MFACE_ELEM_RUN = 256 }; // elements converted at a time: a few KB, well inside L1

/* The type to compute in: F32 for f32, F64 for f64, I64 for all integers and bool; NONE for types
 * operators do not compute in (f16 is only cast). */
enum mface_dtype mface_elem_compute_dtype(enum mface_dtype dtype);

/* Element `i` of data of that type. */
void *mface_elem_at(const void *data, enum mface_dtype dtype, int64_t i);

/* Loads n elements, `step` elements apart, from the `first`th on. f16 is not accepted. */
void mface_elem_load_f32(
    const void *data, enum mface_dtype dtype, int64_t first, int64_t step, int64_t n, float *out);
void mface_elem_load_f64(
    const void *data, enum mface_dtype dtype, int64_t first, int64_t step, int64_t n, double *out);
void mface_elem_load_i64(
    const void *data, enum mface_dtype dtype, int64_t first, int64_t step, int64_t n, int64_t *out);

/* Stores n contiguous elements from the `first`th on. Integers that do not fit wrap around;
 * floats outside an integer's range saturate, NaN becomes 0; bool becomes x ≠ 0. */
void mface_elem_store_f32(
    void *data, enum mface_dtype dtype, int64_t first, int64_t n, const float *values);
void mface_elem_store_f64(
    void *data, enum mface_dtype dtype, int64_t first, int64_t n, const double *values);
void mface_elem_store_i64(
    void *data, enum mface_dtype dtype, int64_t first, int64_t n, const int64_t *values);

/* Copies n elements of `bytes` each (1, 2, 4 or 8) whose strides are in elements. */
void mface_elem_copy(
    const void *from, int64_t from_step, void *to, int64_t to_step, int64_t n, size_t bytes);

#endif

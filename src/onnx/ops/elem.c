#include "onnx/ops/elem.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum mface_dtype mface_elem_compute_dtype(enum mface_dtype dtype)
{
    switch (dtype) {
    case MFACE_DTYPE_F32:
    case MFACE_DTYPE_F64:
        return dtype;
    case MFACE_DTYPE_U8:
    case MFACE_DTYPE_I8:
    case MFACE_DTYPE_I32:
    case MFACE_DTYPE_I64:
    case MFACE_DTYPE_BOOL:
        return MFACE_DTYPE_I64;
    default:
        return MFACE_DTYPE_NONE;
    }
}

void *mface_elem_at(const void *data, enum mface_dtype dtype, int64_t i)
{
    return (char *)data + i * (int64_t)mface_dtype_bytes(dtype);
}

/* One case of a switch over the stored type: out[i] = the element, converted. */
#define LOAD_CASE(tag, type)                                                                       \
    case tag:                                                                                      \
        for (int64_t i = 0; i < n; i++)                                                            \
            out[i] = ((const type *)data)[first + i * step];                                       \
        break;

#define LOAD_SWITCH                                                                                \
    switch (dtype) {                                                                               \
        LOAD_CASE(MFACE_DTYPE_F32, float)                                                          \
        LOAD_CASE(MFACE_DTYPE_F64, double)                                                         \
        LOAD_CASE(MFACE_DTYPE_U8, uint8_t)                                                         \
        LOAD_CASE(MFACE_DTYPE_I8, int8_t)                                                          \
        LOAD_CASE(MFACE_DTYPE_I32, int32_t)                                                        \
        LOAD_CASE(MFACE_DTYPE_I64, int64_t)                                                        \
        LOAD_CASE(MFACE_DTYPE_BOOL, uint8_t)                                                       \
    default:                                                                                       \
        assert(!"no arithmetic on this type");                                                     \
    }

void mface_elem_load_f32(
    const void *data, enum mface_dtype dtype, int64_t first, int64_t step, int64_t n, float *out)
{
    LOAD_SWITCH
}

void mface_elem_load_f64(
    const void *data, enum mface_dtype dtype, int64_t first, int64_t step, int64_t n, double *out)
{
    LOAD_SWITCH
}

static int64_t saturate(double x)
{
    if (isnan(x))
        return 0;
    if (x >= 0x1p63)
        return INT64_MAX;
    return x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

void mface_elem_load_i64(
    const void *data, enum mface_dtype dtype, int64_t first, int64_t step, int64_t n, int64_t *out)
{
    if (dtype == MFACE_DTYPE_F32 || dtype == MFACE_DTYPE_F64) {
        for (int64_t i = 0; i < n; i++) {
            double value;
            mface_elem_load_f64(data, dtype, first + i * step, 1, 1, &value);
            out[i] = saturate(value);
        }
        return;
    }
    LOAD_SWITCH
}

static double clamp(double x, double low, double high)
{
    return isnan(x) ? 0 : x < low ? low : x > high ? high : x;
}

void mface_elem_store_f64(
    void *data, enum mface_dtype dtype, int64_t first, int64_t n, const double *values)
{
    void *to = mface_elem_at(data, dtype, first);
    for (int64_t i = 0; i < n; i++) {
        const double x = values[i];
        switch (dtype) {
        case MFACE_DTYPE_F32:
            ((float *)to)[i] = (float)x;
            break;
        case MFACE_DTYPE_F64:
            ((double *)to)[i] = x;
            break;
        case MFACE_DTYPE_U8:
            ((uint8_t *)to)[i] = (uint8_t)clamp(x, 0, UINT8_MAX);
            break;
        case MFACE_DTYPE_I8:
            ((int8_t *)to)[i] = (int8_t)clamp(x, INT8_MIN, INT8_MAX);
            break;
        case MFACE_DTYPE_I32:
            ((int32_t *)to)[i] = (int32_t)clamp(x, INT32_MIN, INT32_MAX);
            break;
        case MFACE_DTYPE_I64:
            ((int64_t *)to)[i] = saturate(x);
            break;
        case MFACE_DTYPE_BOOL:
            ((uint8_t *)to)[i] = x != 0;
            break;
        default:
            assert(!"no arithmetic on this type");
        }
    }
}

void mface_elem_store_f32(
    void *data, enum mface_dtype dtype, int64_t first, int64_t n, const float *values)
{
    if (dtype == MFACE_DTYPE_F32) {
        memcpy(mface_elem_at(data, dtype, first), values, (size_t)n * sizeof *values);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        const double value = values[i];
        mface_elem_store_f64(data, dtype, first + i, 1, &value);
    }
}

void mface_elem_store_i64(
    void *data, enum mface_dtype dtype, int64_t first, int64_t n, const int64_t *values)
{
    void *to = mface_elem_at(data, dtype, first);
    for (int64_t i = 0; i < n; i++) {
        const int64_t x = values[i];
        switch (dtype) {
        case MFACE_DTYPE_F32:
            ((float *)to)[i] = (float)x;
            break;
        case MFACE_DTYPE_F64:
            ((double *)to)[i] = (double)x;
            break;
        case MFACE_DTYPE_U8:
        case MFACE_DTYPE_I8:
            ((uint8_t *)to)[i] = (uint8_t)x;
            break;
        case MFACE_DTYPE_I32:
            ((uint32_t *)to)[i] = (uint32_t)x;
            break;
        case MFACE_DTYPE_I64:
            ((int64_t *)to)[i] = x;
            break;
        case MFACE_DTYPE_BOOL:
            ((uint8_t *)to)[i] = x != 0;
            break;
        default:
            assert(!"no arithmetic on this type");
        }
    }
}

#define COPY_CASE(n_bytes, type)                                                                   \
    case n_bytes:                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                            \
            ((type *)to)[i * to_step] = ((const type *)from)[i * from_step];                       \
        break;

void mface_elem_copy(
    const void *from, int64_t from_step, void *to, int64_t to_step, int64_t n, size_t bytes)
{
    if (from_step == 1 && to_step == 1) {
        memcpy(to, from, (size_t)n * bytes);
        return;
    }
    switch (bytes) {
        COPY_CASE(1, uint8_t)
        COPY_CASE(2, uint16_t)
        COPY_CASE(4, uint32_t)
        COPY_CASE(8, uint64_t)
    default:
        assert(!"no type of this size");
    }
}

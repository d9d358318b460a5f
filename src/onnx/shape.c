#include "onnx/shape.h"

#include <stdio.h>
#include <string.h>

size_t mface_dtype_bytes(enum mface_dtype dtype)
{
    static const unsigned char bytes[] = {
        [MFACE_DTYPE_NONE] = 0,
        [MFACE_DTYPE_F32] = 4,
        [MFACE_DTYPE_F64] = 8,
        [MFACE_DTYPE_F16] = 2,
        [MFACE_DTYPE_U8] = 1,
        [MFACE_DTYPE_I8] = 1,
        [MFACE_DTYPE_I32] = 4,
        [MFACE_DTYPE_I64] = 8,
        [MFACE_DTYPE_BOOL] = 1,
        [MFACE_DTYPE_BF16] = 2,
    };
    return bytes[dtype];
}

const char *mface_dtype_name(enum mface_dtype dtype)
{
    static const char *const name[] = {
        [MFACE_DTYPE_NONE] = "none",
        [MFACE_DTYPE_F32] = "f32",
        [MFACE_DTYPE_F64] = "f64",
        [MFACE_DTYPE_F16] = "f16",
        [MFACE_DTYPE_U8] = "u8",
        [MFACE_DTYPE_I8] = "i8",
        [MFACE_DTYPE_I32] = "i32",
        [MFACE_DTYPE_I64] = "i64",
        [MFACE_DTYPE_BOOL] = "bool",
        [MFACE_DTYPE_BF16] = "bf16",
    };
    return name[dtype];
}

int64_t mface_shape_count_range(const struct mface_shape *shape, int first, int last)
{
    int64_t count = 1;
    for (int i = first; i < last; i++)
        count *= shape->dim[i];
    return count;
}

int64_t mface_shape_count(const struct mface_shape *shape)
{
    return mface_shape_count_range(shape, 0, shape->rank);
}

/* Far more than any memory, and small enough that sums over a graph cannot wrap. */
static const int64_t TENSOR_MAX_BYTES = INT64_C(1) << 44;

bool mface_shape_valid(const struct mface_shape *shape)
{
    if (shape->rank < 0 || shape->rank > MFACE_TENSOR_RANK_MAX)
        return false;
    /* Zero dimensions are left out of the product, so that parts of it cannot overflow either. */
    int64_t bytes = sizeof(int64_t);
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 0)
            return false;
        if (shape->dim[i] > 0 &&
            (__builtin_mul_overflow(bytes, shape->dim[i], &bytes) || bytes > TENSOR_MAX_BYTES))
            return false;
    }
    return true;
}

bool mface_shape_equal(const struct mface_shape *a, const struct mface_shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

bool mface_shape_broadcast(
    const struct mface_shape *a, const struct mface_shape *b, struct mface_shape *out)
{
    struct mface_shape result = { .rank = a->rank > b->rank ? a->rank : b->rank };
    for (int i = 1; i <= result.rank; i++) {
        const int64_t da = i <= a->rank ? a->dim[a->rank - i] : 1;
        const int64_t db = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (da != db && da != 1 && db != 1)
            return false;
        result.dim[result.rank - i] = da == 1 ? db : da;
    }
    *out = result;
    return true;
}

void mface_shape_strides(const struct mface_shape *shape, const struct mface_shape *to,
    int64_t stride[MFACE_TENSOR_RANK_MAX])
{
    const int rank = to ? to->rank : shape->rank;
    const int missing = rank - shape->rank;
    int64_t step = 1;
    for (int i = rank - 1; i >= 0; i--) {
        const int64_t dim = i >= missing ? shape->dim[i - missing] : 1;
        const bool repeated = to && dim == 1 && to->dim[i] != 1;
        stride[i] = repeated || i < missing ? 0 : step;
        step *= dim;
    }
}

const char *mface_shape_print(const struct mface_shape *shape, char text[MFACE_SHAPE_TEXT_BYTES])
{
    int at = snprintf(text, MFACE_SHAPE_TEXT_BYTES, "%s", shape->rank ? "" : "scalar");
    for (int i = 0; i < shape->rank; i++)
        at += snprintf(text + at, (size_t)(MFACE_SHAPE_TEXT_BYTES - at), "%s%lld", i ? "x" : "",
            (long long)shape->dim[i]);
    return text;
}

size_t mface_tensor_bytes(const struct mface_tensor *tensor)
{
    return (size_t)mface_shape_count(&tensor->shape) * mface_dtype_bytes(tensor->dtype);
}

struct mface_shape mface_shape_channels_last(const struct mface_shape *shape)
{
    struct mface_shape last = *shape;
    for (int i = 1; i < shape->rank - 1; i++)
        last.dim[i] = shape->dim[i + 1];
    last.dim[shape->rank - 1] = shape->dim[1];
    return last;
}

struct mface_shape mface_shape_channels_first(const struct mface_shape *shape)
{
    struct mface_shape first = *shape;
    for (int i = 2; i < shape->rank; i++)
        first.dim[i] = shape->dim[i - 1];
    first.dim[1] = shape->dim[shape->rank - 1];
    return first;
}

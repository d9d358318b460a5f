/* Rows of the last destination dimension are copied one by one: with memcpy where the source runs
 * along, element by element where it strides. */
#include "onnx/ops/permute.h"

#include "onnx/shape.h"
#include <string.h>

/* Elements from which a second thread pays for itself. */
enum { PARALLEL_MIN = 1 << 16 };

static void merge(struct mface_permute *p)
{
    int kept = 0;
    for (int i = 1; i < p->rank; i++) {
        if (p->stride[kept] == p->stride[i] * p->dim[i]) {
            p->dim[kept] *= p->dim[i];
            p->stride[kept] = p->stride[i];
        } else {
            kept++;
            p->dim[kept] = p->dim[i];
            p->stride[kept] = p->stride[i];
        }
    }
    p->rank = kept + 1;
}

void mface_permute_init(struct mface_permute *permute, const struct mface_shape *source,
    const int *perm, size_t element_bytes)
{
    int64_t stride[MFACE_TENSOR_RANK_MAX];
    mface_shape_strides(source, NULL, stride);
    *permute = (struct mface_permute) { .rank = 0, .element_bytes = element_bytes };
    for (int i = 0; i < source->rank; i++) {
        if (source->dim[perm[i]] == 1)
            continue;
        permute->dim[permute->rank] = source->dim[perm[i]];
        permute->stride[permute->rank++] = stride[perm[i]];
    }
    if (!permute->rank) {
        permute->dim[0] = permute->stride[0] = 1;
        permute->rank = 1;
    }
    merge(permute);
}

#define DEFINE_ROW(type, name)                                                                     \
    static void row_##name(const void *source, void *destination, int64_t n, int64_t stride)       \
    {                                                                                              \
        const type *x = source;                                                                    \
        type *y = destination;                                                                     \
        for (int64_t i = 0; i < n; i++)                                                            \
            y[i] = x[i * stride];                                                                  \
    }

DEFINE_ROW(uint8_t, 1)
DEFINE_ROW(uint16_t, 2)
DEFINE_ROW(uint32_t, 4)
DEFINE_ROW(uint64_t, 8)

static void copy_row(
    size_t element_bytes, const void *source, void *destination, int64_t n, int64_t stride)
{
    if (stride == 1)
        memcpy(destination, source, (size_t)n * element_bytes);
    else if (element_bytes == 1)
        row_1(source, destination, n, stride);
    else if (element_bytes == 2)
        row_2(source, destination, n, stride);
    else if (element_bytes == 4)
        row_4(source, destination, n, stride);
    else
        row_8(source, destination, n, stride);
}

static int64_t row_offset(const struct mface_permute *p, int64_t row)
{
    int64_t offset = 0;
    for (int i = p->rank - 2; i >= 0; i--) {
        offset += row % p->dim[i] * p->stride[i];
        row /= p->dim[i];
    }
    return offset;
}

void mface_permute_run(
    const struct mface_permute *permute, const void *source, void *destination, int threads)
{
    const int last = permute->rank - 1;
    const int64_t n = permute->dim[last], bytes = (int64_t)permute->element_bytes;
    int64_t rows = 1;
    for (int i = 0; i < last; i++)
        rows *= permute->dim[i];
#pragma omp parallel for num_threads(threads) if (rows * n > PARALLEL_MIN)
    for (int64_t r = 0; r < rows; r++)
        copy_row(permute->element_bytes, (const char *)source + row_offset(permute, r) * bytes,
            (char *)destination + r * n * bytes, n, permute->stride[last]);
}

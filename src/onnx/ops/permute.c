/* The last two dimensions of the destination are a block of rows. Where the source runs along a
 * row, rows are copied whole; where it runs along a column, a block is transposed in strips that
 * stay in the cache; else it is copied element by element. */
#include "onnx/ops/permute.h"

#include "onnx/parallel.h"
#include "onnx/shape.h"
#include <string.h>

/* Rows of a block taken at a time: a strip of them, and the source lines it needs, stay in L1. */
enum { STRIP = 32 };

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

struct block {
    int64_t rows, columns;             // of the destination, dense
    int64_t row_stride, column_stride; // of the source, in elements
};

#define DEFINE_BLOCK(type, name)                                                                   \
    static void block_##name(const struct block *b, const void *source, void *destination)         \
    {                                                                                              \
        const type *x = source;                                                                    \
        type *restrict y = destination;                                                            \
        const int64_t columns = b->columns, row = b->row_stride, column = b->column_stride;        \
        if (columns == 3 && row == 1) {                                                            \
            for (int64_t r = 0; r < b->rows; r++) {                                                \
                y[3 * r] = x[r];                                                                   \
                y[3 * r + 1] = x[r + column];                                                      \
                y[3 * r + 2] = x[r + 2 * column];                                                  \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        for (int64_t c = 0; c < columns; c++)                                                      \
            for (int64_t r = 0; r < b->rows; r++)                                                  \
                y[r * columns + c] = x[r * row + c * column];                                      \
    }

DEFINE_BLOCK(uint8_t, 1)
DEFINE_BLOCK(uint16_t, 2)
DEFINE_BLOCK(uint32_t, 4)
DEFINE_BLOCK(uint64_t, 8)

static void copy_rows(
    const struct block *b, size_t element_bytes, const char *source, char *destination)
{
    const size_t bytes = (size_t)b->columns * element_bytes;
    const int64_t stride = b->row_stride * (int64_t)element_bytes;
    for (int64_t r = 0; r < b->rows; r++)
        memcpy(destination + (size_t)r * bytes, source + r * stride, bytes);
}

static void copy_block(
    const struct block *block, size_t element_bytes, const void *source, void *destination)
{
    if (block->column_stride == 1)
        copy_rows(block, element_bytes, source, destination);
    else if (element_bytes == 1)
        block_1(block, source, destination);
    else if (element_bytes == 2)
        block_2(block, source, destination);
    else if (element_bytes == 4)
        block_4(block, source, destination);
    else
        block_8(block, source, destination);
}

/* Where block `i` of the source begins: the sum over all dimensions but the last two. */
static int64_t block_offset(const struct mface_permute *p, int64_t i)
{
    int64_t offset = 0;
    for (int d = p->rank - 3; d >= 0; d--) {
        offset += i % p->dim[d] * p->stride[d];
        i /= p->dim[d];
    }
    return offset;
}

struct copy {
    const struct mface_permute *permute;
    struct block whole;
    int64_t n_strips; // of a block
    const char *source;
    char *destination;
};

static void copy_strips(const void *user, int64_t first, int64_t end)
{
    const struct copy *copy = user;
    const struct block *whole = &copy->whole;
    const int64_t bytes = (int64_t)copy->permute->element_bytes;
    for (int64_t i = first; i < end; i++) {
        const int64_t block = i / copy->n_strips, row = i % copy->n_strips * STRIP;
        const int64_t from = block_offset(copy->permute, block) + row * whole->row_stride;
        const int64_t to = (block * whole->rows + row) * whole->columns;
        struct block strip = *whole;
        strip.rows = whole->rows - row < STRIP ? whole->rows - row : STRIP;
        copy_block(
            &strip, (size_t)bytes, copy->source + from * bytes, copy->destination + to * bytes);
    }
}

void mface_permute_run(
    const struct mface_permute *permute, const void *source, void *destination, int threads)
{
    const int last = permute->rank - 1;
    const struct block whole = { .rows = last ? permute->dim[last - 1] : 1,
        .columns = permute->dim[last],
        .row_stride = last ? permute->stride[last - 1] : 0,
        .column_stride = permute->stride[last] };
    int64_t n_blocks = 1;
    for (int i = 0; i < last - 1; i++)
        n_blocks *= permute->dim[i];
    const int64_t n_strips = (whole.rows + STRIP - 1) / STRIP;
    const struct copy copy = { permute, whole, n_strips, source, destination };
    mface_parallel(
        threads, n_blocks * n_strips, n_blocks * whole.rows * whole.columns, copy_strips, &copy);
}

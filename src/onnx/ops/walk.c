#include "onnx/ops/walk.h"

#include <assert.h>
#include <string.h>

void mface_walk_init(struct mface_walk *walk, const struct mface_shape *space)
{
    memset(walk, 0, sizeof *walk);
    walk->rank = space->rank;
    memcpy(walk->dim, space->dim, sizeof walk->dim);
}

void mface_walk_add_strided(struct mface_walk *walk, const int64_t *stride)
{
    assert(walk->n_operands < MFACE_WALK_OPERANDS_MAX);
    memcpy(walk->stride[walk->n_operands++], stride, (size_t)walk->rank * sizeof *stride);
}

void mface_walk_add_broadcast(struct mface_walk *walk, const struct mface_shape *shape)
{
    struct mface_shape space = { .rank = walk->rank };
    memcpy(space.dim, walk->dim, sizeof space.dim);
    int64_t stride[MFACE_TENSOR_RANK_MAX];
    mface_shape_strides(shape, &space, stride);
    mface_walk_add_strided(walk, stride);
}

void mface_walk_init_axes(struct mface_walk *walk, const struct mface_shape *x, unsigned axes)
{
    struct mface_shape space = { 0 };
    int64_t dense[MFACE_TENSOR_RANK_MAX], stride[MFACE_TENSOR_RANK_MAX] = { 0 };
    mface_shape_strides(x, NULL, dense);
    for (int i = 0; i < x->rank; i++) {
        if (!(axes >> i & 1))
            continue;
        stride[space.rank] = dense[i];
        space.dim[space.rank++] = x->dim[i];
    }
    mface_walk_init(walk, &space);
    mface_walk_add_strided(walk, stride);
}

/* Does every operand cross dimensions `outer` and `outer + 1` as if they were one? */
static bool dims_merge(const struct mface_walk *walk, int outer)
{
    for (int k = 0; k < walk->n_operands; k++)
        if (walk->stride[k][outer] != walk->stride[k][outer + 1] * walk->dim[outer + 1])
            return false;
    return true;
}

static void drop_dim(struct mface_walk *walk, int at)
{
    const size_t n_bytes = (size_t)(walk->rank - at - 1) * sizeof(int64_t);
    memmove(walk->dim + at, walk->dim + at + 1, n_bytes);
    for (int k = 0; k < walk->n_operands; k++)
        memmove(walk->stride[k] + at, walk->stride[k] + at + 1, n_bytes);
    walk->rank--;
}

static void merge_dims(struct mface_walk *walk)
{
    for (int i = walk->rank; i-- > 0;)
        if (walk->dim[i] == 1)
            drop_dim(walk, i);
    for (int i = walk->rank - 1; i-- > 0;) {
        if (!dims_merge(walk, i))
            continue;
        walk->dim[i + 1] *= walk->dim[i];
        drop_dim(walk, i);
    }
}

void mface_walk_begin(struct mface_walk *walk)
{
    walk->done = false;
    for (int i = 0; i < walk->rank; i++)
        walk->done |= walk->dim[i] == 0;
    merge_dims(walk);
    memset(walk->offset, 0, sizeof walk->offset);
    memset(walk->index, 0, sizeof walk->index);
    walk->n = walk->rank > 0 ? walk->dim[walk->rank - 1] : 1;
    for (int k = 0; k < walk->n_operands; k++)
        walk->step[k] = walk->rank > 0 ? walk->stride[k][walk->rank - 1] : 1;
}

void mface_walk_next(struct mface_walk *walk)
{
    for (int i = walk->rank - 1; i-- > 0;) {
        const bool carry = ++walk->index[i] == walk->dim[i];
        if (carry)
            walk->index[i] = 0;
        for (int k = 0; k < walk->n_operands; k++)
            walk->offset[k] += walk->stride[k][i] * (carry ? 1 - walk->dim[i] : 1);
        if (!carry)
            return;
    }
    walk->done = true;
}

/* Visits tensors element by element under one common index space, row by row.
 *
 * Broadcasting, slicing, reducing and permuting are all the same thing: several tensors share the
 * dimensions of one space, each with its own stride along each of them (0 where it repeats, 1 or
 * more where it advances, negative where it runs backwards). A walk holds that description, merges
 * neighbouring dimensions that every operand crosses in one stride, and yields rows: `n` elements,
 * operand k starting at element `offset[k]` and advancing by `step[k]`.
 *
 *     struct mface_walk walk;
 *     mface_walk_init(&walk, &out->shape);
 *     mface_walk_add_broadcast(&walk, &a->shape);
 *     for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk))
 *         row(a_data + walk.offset[0], walk.step[0], walk.n);
 *
 * Lives on the stack, allocates nothing. */
#ifndef MFACE_ONNX_OPS_WALK_H
#define MFACE_ONNX_OPS_WALK_H

#include "onnx/shape.h"

enum { MFACE_WALK_OPERANDS_MAX = 4 };

struct mface_walk {
    int rank, n_operands;
    int64_t dim[MFACE_TENSOR_RANK_MAX];
    int64_t stride[MFACE_WALK_OPERANDS_MAX][MFACE_TENSOR_RANK_MAX]; // elements

    // The row the walk stands on.
    bool done;
    int64_t n;
    int64_t step[MFACE_WALK_OPERANDS_MAX];   // elements
    int64_t offset[MFACE_WALK_OPERANDS_MAX]; // elements
    int64_t index[MFACE_TENSOR_RANK_MAX];    // of the dimensions outside the row
};

/* A space with no operands yet. */
void mface_walk_init(struct mface_walk *walk, const struct mface_shape *space);

/* Adds a dense operand, broadcast to the space by the rules of ONNX: dimensions are aligned at the
 * right and must equal the space's or be 1. Operands are numbered in the order they are added. */
void mface_walk_add_broadcast(struct mface_walk *walk, const struct mface_shape *shape);

/* Adds an operand by its strides, one per dimension of the space. */
void mface_walk_add_strided(struct mface_walk *walk, const int64_t *stride);

/* A walk whose space is the dimensions of x whose bits are set in `axes`, and whose one operand
 * is x itself: it visits what lies along those axes, from a chosen element on. */
void mface_walk_init_axes(struct mface_walk *walk, const struct mface_shape *x, unsigned axes);

void mface_walk_begin(struct mface_walk *walk);
void mface_walk_next(struct mface_walk *walk);

#endif

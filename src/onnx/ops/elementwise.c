#include "onnx/ops/elementwise.h"

#include "onnx/ops/elem.h"
#include "onnx/ops/walk.h"
#include "onnx/parallel.h"

#include <assert.h>

/* Elements a kernel takes at a time when nothing needs converting: 64 KB of floats. */
enum { PART = 1 << 14 };

/* One run in the type of computation; int64_t aligns for all three. */
struct run {
    int64_t element[MFACE_ELEM_RUN];
};

static void load(const struct mface_tensor *from, enum mface_dtype compute, int64_t first,
    int64_t step, int64_t n, struct run *run)
{
    void *out = run->element;
    if (compute == MFACE_DTYPE_F32)
        mface_elem_load_f32(from->data, from->dtype, first, step, n, out);
    else if (compute == MFACE_DTYPE_F64)
        mface_elem_load_f64(from->data, from->dtype, first, step, n, out);
    else
        mface_elem_load_i64(from->data, from->dtype, first, step, n, out);
}

static void store(const struct mface_tensor *to, enum mface_dtype compute, int64_t first, int64_t n,
    const struct run *run)
{
    const void *values = run->element;
    if (compute == MFACE_DTYPE_F32)
        mface_elem_store_f32(to->data, to->dtype, first, n, values);
    else if (compute == MFACE_DTYPE_F64)
        mface_elem_store_f64(to->data, to->dtype, first, n, values);
    else
        mface_elem_store_i64(to->data, to->dtype, first, n, values);
}

/* Where the kernel can read the run: in place when it lies there as needed, else a copy. */
static const void *readable(const struct mface_tensor *from, enum mface_dtype compute,
    int64_t first, int64_t step, int64_t n, struct run *run)
{
    if (from->dtype == compute && (step == 1 || n == 1))
        return mface_elem_at(from->data, from->dtype, first);
    load(from, compute, first, step, n, run);
    return run->element;
}

struct unary {
    const struct mface_tensor *a, *y;
    enum mface_dtype compute;
    mface_unary_fn fn;
    const void *param;
};

static void run_unary(const void *user, int64_t begin, int64_t end)
{
    const struct unary *op = user;
    const bool in_place = op->a->dtype == op->compute && op->y->dtype == op->compute;
    const int64_t part = in_place ? PART : MFACE_ELEM_RUN;
    for (int64_t first = begin; first < end; first += part) {
        struct run run;
        const int64_t length = end - first < part ? end - first : part;
        const void *from = readable(op->a, op->compute, first, 1, length, &run);
        if (op->y->dtype == op->compute) {
            op->fn(length, from, mface_elem_at(op->y->data, op->y->dtype, first), op->param);
            continue;
        }
        op->fn(length, from, run.element, op->param);
        store(op->y, op->compute, first, length, &run);
    }
}

void mface_elementwise_unary(const struct mface_tensor *a, const struct mface_tensor *y,
    enum mface_dtype compute, mface_unary_fn fn, const void *param, int threads)
{
    const struct unary op = { a, y, compute, fn, param };
    const int64_t n = mface_shape_count(&y->shape);
    mface_parallel(threads, n, 2 * n, run_unary, &op);
}

struct binary {
    const struct mface_tensor *a, *b, *y;
    enum mface_dtype compute, result;
    mface_binary_fn fn;
    struct mface_walk walk;
};

/* One row, or the part of it that fits the buffers. */
static void run_part(const struct binary *op, int64_t at, int64_t n)
{
    const struct mface_walk *walk = &op->walk;
    struct run run_a, run_b, run_y;
    const int64_t first_y = walk->offset[2] + at;
    const void *a = readable(
        op->a, op->compute, walk->offset[0] + at * walk->step[0], walk->step[0], n, &run_a);
    const void *b = readable(
        op->b, op->compute, walk->offset[1] + at * walk->step[1], walk->step[1], n, &run_b);
    if (op->y->dtype == op->result) {
        op->fn(n, a, b, mface_elem_at(op->y->data, op->y->dtype, first_y));
        return;
    }
    assert(op->result == op->compute);
    op->fn(n, a, b, run_y.element);
    store(op->y, op->compute, first_y, n, &run_y);
}

static void run_row(const void *user, int64_t begin, int64_t end)
{
    const struct binary *op = user;
    const struct mface_walk *walk = &op->walk;
    const bool whole = op->a->dtype == op->compute && op->b->dtype == op->compute &&
                       op->y->dtype == op->result && walk->step[0] == 1 && walk->step[1] == 1;
    const int64_t part = whole ? PART : MFACE_ELEM_RUN;
    for (int64_t at = begin; at < end; at += part)
        run_part(op, at, end - at < part ? end - at : part);
}

void mface_elementwise_binary(const struct mface_tensor *a, const struct mface_tensor *b,
    const struct mface_tensor *y, enum mface_dtype compute, enum mface_dtype result,
    mface_binary_fn fn, int threads)
{
    struct binary op = { a, b, y, compute, result, fn, { 0 } };
    struct mface_walk *walk = &op.walk;
    mface_walk_init(walk, &y->shape);
    mface_walk_add_broadcast(walk, &a->shape);
    mface_walk_add_broadcast(walk, &b->shape);
    mface_walk_add_broadcast(walk, &y->shape);
    for (mface_walk_begin(walk); !walk->done; mface_walk_next(walk))
        mface_parallel(threads, walk->n, 2 * walk->n, run_row, &op);
}

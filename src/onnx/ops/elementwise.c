#include "onnx/ops/elementwise.h"

#include "onnx/ops/elem.h"
#include "onnx/ops/walk.h"

#include <assert.h>

/* Elements a thread takes at a time when nothing needs converting: 64 KB of floats, so that
 * starting a thread costs little beside the work. */
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

void mface_elementwise_unary(const struct mface_tensor *a, const struct mface_tensor *y,
    enum mface_dtype compute, mface_unary_fn fn, const void *param, int threads)
{
    const int64_t n = mface_shape_count(&y->shape);
    const bool in_place = a->dtype == compute && y->dtype == compute;
    const int64_t part = in_place ? PART : MFACE_ELEM_RUN;
#pragma omp parallel for num_threads(threads) if (n > 2 * PART)
    for (int64_t first = 0; first < n; first += part) {
        struct run run;
        const int64_t length = n - first < part ? n - first : part;
        const void *from = readable(a, compute, first, 1, length, &run);
        if (y->dtype == compute) {
            fn(length, from, mface_elem_at(y->data, y->dtype, first), param);
            continue;
        }
        fn(length, from, run.element, param);
        store(y, compute, first, length, &run);
    }
}

struct binary {
    const struct mface_tensor *a, *b, *y;
    enum mface_dtype compute, result;
    mface_binary_fn fn;
};

/* One row, or the part of it that fits the buffers. */
static void run_binary(
    const struct binary *op, const struct mface_walk *walk, int64_t at, int64_t n)
{
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

void mface_elementwise_binary(const struct mface_tensor *a, const struct mface_tensor *b,
    const struct mface_tensor *y, enum mface_dtype compute, enum mface_dtype result,
    mface_binary_fn fn, int threads)
{
    const struct binary op = { a, b, y, compute, result, fn };
    struct mface_walk walk;
    mface_walk_init(&walk, &y->shape);
    mface_walk_add_broadcast(&walk, &a->shape);
    mface_walk_add_broadcast(&walk, &b->shape);
    mface_walk_add_broadcast(&walk, &y->shape);
    const bool in_place = a->dtype == compute && b->dtype == compute && y->dtype == result;
    for (mface_walk_begin(&walk); !walk.done; mface_walk_next(&walk)) {
        const bool whole = in_place && walk.step[0] == 1 && walk.step[1] == 1;
        const int64_t part = whole ? PART : MFACE_ELEM_RUN;
#pragma omp parallel for num_threads(threads) if (walk.n > 2 * PART)
        for (int64_t at = 0; at < walk.n; at += part)
            run_binary(&op, &walk, at, walk.n - at < part ? walk.n - at : part);
    }
}

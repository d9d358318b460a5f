/* What elementwise operators share: which types they take, in which type they compute. */
#ifndef MFACE_ONNX_OPS_FAMILY_H
#define MFACE_ONNX_OPS_FAMILY_H

#include "onnx/op.h"
#include "onnx/ops/elementwise.h"

enum {
    MFACE_DTYPES_FLOAT = 1 << MFACE_DTYPE_F32 | 1 << MFACE_DTYPE_F64,
    MFACE_DTYPES_INT =
        1 << MFACE_DTYPE_U8 | 1 << MFACE_DTYPE_I8 | 1 << MFACE_DTYPE_I32 | 1 << MFACE_DTYPE_I64,
    MFACE_DTYPES_NUMBER = MFACE_DTYPES_FLOAT | MFACE_DTYPES_INT,
    MFACE_DTYPES_ANY = MFACE_DTYPES_NUMBER | 1 << MFACE_DTYPE_BOOL | 1 << MFACE_DTYPE_F16,
};

/* Kernels of one operator, one per type of computation; NULL where it has none. */
struct mface_binary_kernels {
    const char *name; // of the operator
    mface_binary_fn f32, f64, i64;
};

/* The row of an operator's kernels in a family's table; the name must be there. */
const struct mface_binary_kernels *mface_binary_kernels_find(
    const struct mface_binary_kernels *rows, size_t n_rows, const char *name);

/* The kernel for a type of computation, or NULL. */
mface_binary_fn mface_binary_kernels_get(
    const struct mface_binary_kernels *kernels, enum mface_dtype compute);

/* Writes the body of a binary kernel: result y = expr(x, z), element by element. */
#define MFACE_BINARY_KERNEL(symbol, type, result, expr)                                            \
    static void symbol(int64_t n, const void *a, const void *b, void *y)                           \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const type x = ((const type *)a)[i], z = ((const type *)b)[i];                         \
            ((result *)y)[i] = expr;                                                               \
        }                                                                                          \
    }

/* Infers outputs of inputs 0 and 1 broadcast together after checking that both are of one type in
 * `mask`. */
MFACE_NODISCARD enum mface_status mface_infer_binary(struct mface_step *step, unsigned mask);

/* What mface_prepare_binary() puts into the state. */
struct mface_binary_state {
    enum mface_dtype compute;
    mface_binary_fn fn;
};

/* prepare for operators of two inputs: picks the kernel for the type of input 0, or fails. */
MFACE_NODISCARD enum mface_status mface_prepare_binary(
    struct mface_step *step, const struct mface_binary_kernels *kernels);

/* run after mface_prepare_binary(), for kernels whose result is of the type of computation. */
MFACE_NODISCARD enum mface_status mface_run_binary(
    const struct mface_step *step, const struct mface_op_args *args);

/* Fails unless input i has the type of input 0. */
MFACE_NODISCARD enum mface_status mface_op_check_like_first(const struct mface_step *step, int i);

#endif

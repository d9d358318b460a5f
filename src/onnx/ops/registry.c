/* The table of operators. One row per descriptor, in alphabetical order; to add an operator, write
 * its file and add its row here and in meson.build. */
#include "onnx/op.h"

#include <string.h>

#define MFACE_OPS(X)                                                                               \
    X(average_pool)                                                                                \
    X(batch_norm)                                                                                  \
    X(cast)                                                                                        \
    X(clip)                                                                                        \
    X(concat)                                                                                      \
    X(conv)                                                                                        \
    X(conv_transpose)                                                                              \
    X(depth_to_space)                                                                              \
    X(gemm)                                                                                        \
    X(global_average_pool)                                                                         \
    X(global_max_pool)                                                                             \
    X(identity)                                                                                    \
    X(leaky_relu)                                                                                  \
    X(matmul)                                                                                      \
    X(max_pool)                                                                                    \
    X(pad)                                                                                         \
    X(prelu)                                                                                       \
    X(relu)                                                                                        \
    X(reshape)                                                                                     \
    X(reshape_1)                                                                                   \
    X(sigmoid)                                                                                     \
    X(tanh)                                                                                        \
    X(transpose)

#define DECLARE(name) extern const struct mface_op mface_op_##name;
#define ROW(name)     &mface_op_##name,

MFACE_OPS(DECLARE)

static const struct mface_op *const table[] = { MFACE_OPS(ROW) };
static const size_t n_ops = sizeof table / sizeof table[0];

const struct mface_op *mface_op_at(size_t i)
{
    return i < n_ops ? table[i] : NULL;
}

static bool implements(const struct mface_op *op, int64_t opset)
{
    return opset >= op->opset_min && (!op->opset_max || opset <= op->opset_max);
}

const struct mface_op *mface_op_find(const char *domain, const char *name, int64_t opset)
{
    for (size_t i = 0; i < n_ops; i++) {
        const struct mface_op *op = table[i];
        if (strcmp(op->name, name) == 0 && strcmp(op->domain ? op->domain : "", domain) == 0 &&
            implements(op, opset))
            return op;
    }
    return NULL;
}

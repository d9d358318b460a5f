/* The table of operators. One row per descriptor, in alphabetical order; to add an operator, write
 * its file and add its row here and in meson.build. */
#include "onnx/op.h"

#include <string.h>

#define MFACE_OPS(X)                                                                               \
    X(abs)                                                                                         \
    X(acos)                                                                                        \
    X(add)                                                                                         \
    X(and)                                                                                         \
    X(arg_max)                                                                                     \
    X(arg_min)                                                                                     \
    X(asin)                                                                                        \
    X(atan)                                                                                        \
    X(average_pool)                                                                                \
    X(batch_norm)                                                                                  \
    X(cast)                                                                                        \
    X(ceil)                                                                                        \
    X(celu)                                                                                        \
    X(clip)                                                                                        \
    X(concat)                                                                                      \
    X(constant)                                                                                    \
    X(constant_of_shape)                                                                           \
    X(conv)                                                                                        \
    X(conv_transpose)                                                                              \
    X(cos)                                                                                         \
    X(cum_sum)                                                                                     \
    X(depth_to_space)                                                                              \
    X(div)                                                                                         \
    X(dropout)                                                                                     \
    X(elu)                                                                                         \
    X(equal)                                                                                       \
    X(erf)                                                                                         \
    X(exp)                                                                                         \
    X(expand)                                                                                      \
    X(eye_like)                                                                                    \
    X(flatten)                                                                                     \
    X(floor)                                                                                       \
    X(gather)                                                                                      \
    X(gather_elements)                                                                             \
    X(gather_nd)                                                                                   \
    X(gemm)                                                                                        \
    X(global_average_pool)                                                                         \
    X(global_max_pool)                                                                             \
    X(greater)                                                                                     \
    X(greater_or_equal)                                                                            \
    X(hard_sigmoid)                                                                                \
    X(hard_swish)                                                                                  \
    X(hardmax)                                                                                     \
    X(identity)                                                                                    \
    X(instance_normalization)                                                                      \
    X(leaky_relu)                                                                                  \
    X(less)                                                                                        \
    X(less_or_equal)                                                                               \
    X(log)                                                                                         \
    X(log_softmax)                                                                                 \
    X(lrn)                                                                                         \
    X(matmul)                                                                                      \
    X(max)                                                                                         \
    X(max_pool)                                                                                    \
    X(mean)                                                                                        \
    X(mean_variance_normalization)                                                                 \
    X(min)                                                                                         \
    X(mod)                                                                                         \
    X(mul)                                                                                         \
    X(neg)                                                                                         \
    X(non_max_suppression)                                                                         \
    X(one_hot)                                                                                     \
    X(or)                                                                                          \
    X(pad)                                                                                         \
    X(pow)                                                                                         \
    X(prelu)                                                                                       \
    X(range)                                                                                       \
    X(reciprocal)                                                                                  \
    X(reduce_l1)                                                                                   \
    X(reduce_l2)                                                                                   \
    X(reduce_log_sum)                                                                              \
    X(reduce_log_sum_exp)                                                                          \
    X(reduce_max)                                                                                  \
    X(reduce_mean)                                                                                 \
    X(reduce_min)                                                                                  \
    X(reduce_prod)                                                                                 \
    X(reduce_sum)                                                                                  \
    X(reduce_sum_square)                                                                           \
    X(relu)                                                                                        \
    X(reshape)                                                                                     \
    X(reshape_1)                                                                                   \
    X(resize)                                                                                      \
    X(round)                                                                                       \
    X(scatter_nd)                                                                                  \
    X(selu)                                                                                        \
    X(shape)                                                                                       \
    X(sigmoid)                                                                                     \
    X(sign)                                                                                        \
    X(sin)                                                                                         \
    X(size)                                                                                        \
    X(slice)                                                                                       \
    X(softmax)                                                                                     \
    X(softplus)                                                                                    \
    X(softsign)                                                                                    \
    X(space_to_depth)                                                                              \
    X(split)                                                                                       \
    X(sqrt)                                                                                        \
    X(squeeze)                                                                                     \
    X(sub)                                                                                         \
    X(sum)                                                                                         \
    X(tan)                                                                                         \
    X(tanh)                                                                                        \
    X(thresholded_relu)                                                                            \
    X(tile)                                                                                        \
    X(top_k)                                                                                       \
    X(transpose)                                                                                   \
    X(unsqueeze)                                                                                   \
    X(upsample)                                                                                    \
    X(where)                                                                                       \
    X(xor)

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

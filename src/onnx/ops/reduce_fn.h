/* The arithmetic of reductions: values of one output element arrive in runs. */
#ifndef MFACE_ONNX_OPS_REDUCE_FN_H
#define MFACE_ONNX_OPS_REDUCE_FN_H

#include <stdint.h>

/* What is known of the output element so far. Floats reduce in double, integers exactly. */
union mface_reduce_total {
    double f64;
    int64_t i64;
};

/* One reduction. Integer functions are NULL where ONNX gives integers no meaning. */
struct mface_reduce_fn {
    const char *name; // of the operator
    double first_f64; // the total before any value
    int64_t first_i64;
    /* total = total joined with values[0..n). */
    double (*add_f64)(double total, const double *values, int64_t n);
    int64_t (*add_i64)(int64_t total, const int64_t *values, int64_t n);
    /* The result from the total of n values; NULL: the total itself. */
    double (*finish_f64)(double total, int64_t n);
    int64_t (*finish_i64)(int64_t total, int64_t n);
};

/* The reduction of an operator; the name must be one. */
const struct mface_reduce_fn *mface_reduce_fn_find(const char *name);

#endif

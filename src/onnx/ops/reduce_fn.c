#include "onnx/ops/reduce_fn.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

enum { LANES = 8 }; // sums kept apart, so that the compiler may use vectors; order is fixed

#define SUM_KERNEL(symbol, expr)                                                                   \
    static double symbol(double total, const double *values, int64_t n)                            \
    {                                                                                              \
        double lane[LANES] = { total };                                                            \
        int64_t i = 0;                                                                             \
        for (; i + LANES <= n; i += LANES)                                                         \
            for (int k = 0; k < LANES; k++) {                                                      \
                const double x = values[i + k];                                                    \
                lane[k] += expr;                                                                   \
            }                                                                                      \
        for (; i < n; i++) {                                                                       \
            const double x = values[i];                                                            \
            lane[i % LANES] += expr;                                                               \
        }                                                                                          \
        return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +                                       \
               ((lane[4] + lane[5]) + (lane[6] + lane[7]));                                        \
    }

SUM_KERNEL(sum_f64, x)
SUM_KERNEL(l1_f64, fabs(x))
SUM_KERNEL(square_f64, x *x)

/* Writes the body of a reduction that takes one value after another. */
#define SERIAL_KERNEL(symbol, type, expr)                                                          \
    static type symbol(type total, const type *values, int64_t n)                                  \
    {                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const type x = values[i];                                                              \
            total = (type)(expr);                                                                  \
        }                                                                                          \
        return total;                                                                              \
    }

SERIAL_KERNEL(max_f64, double, x > total || isnan(x) ? x : total)
SERIAL_KERNEL(min_f64, double, x < total || isnan(x) ? x : total)
SERIAL_KERNEL(prod_f64, double, total *x)
SERIAL_KERNEL(sum_i64, int64_t, (uint64_t)total + (uint64_t)x)
SERIAL_KERNEL(l1_i64, int64_t, (uint64_t)total + (x < 0 ? 0 - (uint64_t)x : (uint64_t)x))
SERIAL_KERNEL(square_i64, int64_t, (uint64_t)total + (uint64_t)x * (uint64_t)x)
SERIAL_KERNEL(max_i64, int64_t, x > total ? x : total)
SERIAL_KERNEL(min_i64, int64_t, x < total ? x : total)
SERIAL_KERNEL(prod_i64, int64_t, (uint64_t)total *(uint64_t)x)

/* log Σ exp x, with the total itself a logarithm: the larger part is factored out, so that nothing
 * overflows, a run at a time. */
static double log_sum_exp_f64(double total, const double *values, int64_t n)
{
    const double top = max_f64(total, values, n);
    if (isinf(top) || isnan(top))
        return top;
    double sum = exp(total - top);
    for (int64_t i = 0; i < n; i++)
        sum += exp(values[i] - top);
    return top + log(sum);
}

static double mean_f64(double total, int64_t n)
{
    return total / (double)n;
}

static int64_t mean_i64(int64_t total, int64_t n)
{
    return n ? total / n : 0;
}

static double root(double total, int64_t n)
{
    (void)n;
    return sqrt(total);
}

static double logarithm(double total, int64_t n)
{
    (void)n;
    return log(total);
}

static const struct mface_reduce_fn rows[] = {
    { "ReduceSum", 0, 0, sum_f64, sum_i64 },
    { "ReduceMean", 0, 0, sum_f64, sum_i64, mean_f64, mean_i64 },
    { "ReduceMax", -INFINITY, INT64_MIN, max_f64, max_i64 },
    { "ReduceMin", INFINITY, INT64_MAX, min_f64, min_i64 },
    { "ReduceProd", 1, 1, prod_f64, prod_i64 },
    { "ReduceL1", 0, 0, l1_f64, l1_i64 },
    { "ReduceL2", 0, 0, square_f64, NULL, root },
    { "ReduceSumSquare", 0, 0, square_f64, square_i64 },
    { "ReduceLogSum", 0, 0, sum_f64, NULL, logarithm },
    { "ReduceLogSumExp", -INFINITY, 0, log_sum_exp_f64, NULL },
};

const struct mface_reduce_fn *mface_reduce_fn_find(const char *name)
{
    const size_t n_rows = sizeof rows / sizeof rows[0];
    size_t i = 0;
    while (i < n_rows && strcmp(rows[i].name, name) != 0)
        i++;
    assert(i < n_rows);
    return &rows[i];
}

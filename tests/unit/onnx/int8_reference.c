#include "int8_reference.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct int8_grid int8_grid_of(const float *values, size_t n)
{
    float lo = 0.0f, hi = 0.0f;
    for (size_t i = 0; i < n; i++) {
        lo = fminf(lo, values[i]);
        hi = fmaxf(hi, values[i]);
    }
    if (hi == lo)
        return (struct int8_grid) { 0 };
    const float per_unit = 255.0f / (hi - lo);
    return (struct int8_grid) { (hi - lo) / 255.0f, per_unit, (int)rintf(-lo * per_unit) };
}

int int8_round(float value, struct int8_grid grid)
{
    const int steps = (int)rintf(value * grid.per_unit);
    if (steps < -grid.zero)
        return -grid.zero;
    return steps > 255 - grid.zero ? 255 - grid.zero : steps;
}

static float round_row(const float *row, size_t n, int8_t *to)
{
    float greatest = 0.0f;
    for (size_t i = 0; i < n; i++)
        greatest = fmaxf(greatest, fabsf(row[i]));
    for (size_t i = 0; i < n; i++) {
        const float steps = greatest > 0.0f ? rintf(row[i] * (127.0f / greatest)) : 0.0f;
        to[i] = (int8_t)fmaxf(-127.0f, fminf(steps, 127.0f));
    }
    return greatest / 127.0f;
}

void int8_reference_init(struct int8_reference *reference, const struct conv_problem *problem)
{
    const size_t n_pictures = (size_t)problem->conv.batch, n = problem->n_src / n_pictures;
    const size_t n_out = (size_t)problem->conv.out_channels, n_row = problem->n_weights / n_out;
    reference->problem = problem;
    reference->grids = mface_mem_alloc(n_pictures * sizeof *reference->grids);
    reference->steps = mface_mem_alloc(problem->n_src * sizeof *reference->steps);
    reference->units = mface_mem_alloc(n_out * sizeof *reference->units);
    reference->weights = mface_mem_alloc(problem->n_weights);
    for (size_t i = 0; i < n_pictures; i++)
        reference->grids[i] = int8_grid_of(problem->src + i * n, n);
    for (size_t i = 0; i < problem->n_src; i++)
        reference->steps[i] = (int16_t)int8_round(problem->src[i], reference->grids[i / n]);
    for (size_t o = 0; o < n_out; o++)
        reference->units[o] =
            round_row(problem->weights + o * n_row, n_row, reference->weights + o * n_row);
}

void int8_reference_clear(struct int8_reference *reference)
{
    mface_mem_free(reference->grids);
    mface_mem_free(reference->steps);
    mface_mem_free(reference->units);
    mface_mem_free(reference->weights);
}

static struct int8_grid grid_at(const struct int8_reference *reference, size_t output)
{
    const struct conv_problem *problem = reference->problem;
    return reference->grids[output / (problem->n_dst / (size_t)problem->conv.batch)];
}

static size_t n_taps_of(const struct conv_problem *problem)
{
    return (size_t)(problem->conv.kernel[0] * problem->conv.kernel[1]);
}

static int32_t sum_steps(const struct int8_reference *reference, size_t output)
{
    const struct conv_problem *problem = reference->problem;
    const size_t n_taps = n_taps_of(problem);
    int64_t sum = 0;
    size_t src, weight;
    for (size_t tap = 0; tap < n_taps; tap++)
        if (conv_problem_tap(problem, output, (int64_t)tap, &src, &weight))
            for (size_t c = 0; c < (size_t)problem->conv.in_channels; c++)
                sum += reference->steps[src + c] * reference->weights[weight + c * n_taps];
    assert_true(sum >= INT32_MIN && sum <= INT32_MAX);
    return (int32_t)sum;
}

float int8_reference_result(const struct int8_reference *reference, size_t output)
{
    const struct conv_problem *problem = reference->problem;
    const struct mface_dnnl_conv *conv = &problem->conv;
    const size_t o = output % (size_t)conv->out_channels;
    const float unit = grid_at(reference, output).unit * reference->units[o];
    float result = (float)sum_steps(reference, output) * unit;
    result += conv->has_bias ? problem->bias[o] : 0.0f;
    if (conv->sum)
        result += problem->former[output];
    return conv->activation == MFACE_ACTIVATION_RELU && result < 0.0f ? result * conv->alpha
                                                                      : result;
}

/* With x and w half a step off at most, Σxw is off by Σ|x|·dw + Σ|w|·dx + n·dx·dw; half a step and
 * a ten-thousandth, because steps and their number in a value are rounded floats (255 × five
 * roundings of 2⁻²⁴). Six more roundings follow the sum. The activation adds nothing: slopes are 1
 * at most. */
double int8_reference_bound(const struct int8_reference *reference, size_t output, double *variance)
{
    enum { ROUNDINGS = 6 };
    const struct conv_problem *problem = reference->problem;
    const size_t n_taps = n_taps_of(problem);
    const double x_step = grid_at(reference, output).unit;
    const double w_step = reference->units[output % (size_t)problem->conv.out_channels];
    const double dx = 0.5001 * x_step, dw = 0.5001 * w_step;
    double bound = 0.0, squares = 0.0, size;
    size_t src, weight;
    for (size_t tap = 0; tap < n_taps; tap++) {
        if (!conv_problem_tap(problem, output, (int64_t)tap, &src, &weight))
            continue;
        for (size_t c = 0; c < (size_t)problem->conv.in_channels; c++) {
            const double x = problem->src[src + c], w = problem->weights[weight + c * n_taps];
            bound += fabs(x) * dw + fabs(w) * dx + dx * dw;
            squares += (x * x * w_step * w_step + w * w * x_step * x_step) / 12;
        }
    }
    (void)conv_problem_expect(problem, output, &size);
    const double rounding = ROUNDINGS * ldexp(size + bound, -24);
    if (variance)
        *variance = squares + rounding * rounding;
    return bound + rounding;
}

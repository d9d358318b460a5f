#include "int8_check.h"

#include "base/cpu.h"
#include "int8_reference.h"
#include "onnx/amx.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

extern const struct mface_int8_loops mface_int8_dots; // int8_dots.c

const struct conv_variant int8_variants[INT8_N_VARIANTS] = {
    { true, false, MFACE_ACTIVATION_RELU, 0.1f },
    { false, false, MFACE_ACTIVATION_NONE },
    { true, true, MFACE_ACTIVATION_RELU, 0.0f },
    { false, true, MFACE_ACTIVATION_RELU, 0.2f },
    { true, true, MFACE_ACTIVATION_NONE },
};

/* Pictures of numbers between offset - scale and offset + scale. */
static const struct {
    float scale, offset;
} kinds[INT8_N_KINDS] = {
    { 1.0f, 0.0f },
    { 0.5f, 0.75f }, // all above 0
    { 3.0f, 2.0f },
    { 40.0f, -41.0f }, // all below
    { 0.0f, 0.7f },
    { 1e-3f, -2e-4f },
    { 0.0f, 0.0f },
    { 0.0f, -5.0f },
    { 1e30f, 1e29f },
    { 1e-36f, 0.0f },
};

void int8_problem_init(struct conv_problem *problem, const struct conv_shape *shape,
    const struct conv_variant *variant, int kind)
{
    conv_problem_init(problem, shape, variant);
    const size_t picture = problem->n_src / (size_t)shape->batch;
    const size_t row = problem->n_weights / (size_t)shape->out;
    for (size_t i = 0; i < problem->n_src; i++) {
        const size_t k = ((size_t)kind + i / picture) % INT8_N_KINDS;
        problem->src[i] = problem->src[i] * kinds[k].scale + kinds[k].offset;
    }
    for (size_t i = 0; i < problem->n_weights; i++)
        problem->weights[i] /= (float)(1 + i / row * 7 % 13);
}

static const struct mface_int8_loops *tiles(void)
{
#ifdef MFACE_TEST_AMX_EMULATED_H
    if (mface_amx_is_available())
        return &mface_int8_amx;
#endif
    return mface_int8_loops();
}

static const struct mface_int8_loops *loops_under(unsigned mask)
{
    mface_cpu_set_mask(mask);
    const struct mface_int8_loops *loops = mface_int8_loops();
    mface_cpu_set_mask(~0u);
    return loops;
}

const struct mface_int8_loops *int8_loops_of(int level)
{
    switch (level) {
    case INT8_C:
        return loops_under(0);
#if defined(__x86_64__)
    case INT8_AVX_VNNI:
        if (mface_cpu_flags() & MFACE_CPU_AVX2)
            return &mface_int8_dots;
        return loops_under(0);
#endif
    case INT8_AVX2:
        return loops_under(MFACE_CPU_AVX2);
    case INT8_NO_TILES:
        return loops_under(~(unsigned)MFACE_CPU_AMX_INT8);
    default:
        return tiles();
    }
}

static struct mface_int8_conv *create(const struct mface_dnnl_conv *conv, int level, int threads)
{
    struct mface_int8_conv *kernel;
    const struct mface_int8_loops *loops = int8_loops_of(level);
    assert_true(mface_int8_conv_fits(conv));
    assert_int_equal(loops == mface_int8_loops()
                         ? mface_int8_conv_create(conv, threads, &kernel)
                         : mface_int8_conv_create_with(conv, threads, loops, &kernel),
        MFACE_OK);
    return kernel;
}

float *int8_run(const struct conv_problem *problem, int level, int threads)
{
    struct mface_int8_conv *kernel = create(&problem->conv, level, threads);
    const size_t scratch_bytes = mface_int8_conv_scratch_bytes(kernel);
    const size_t dst_bytes = problem->n_dst * sizeof(float);
    void *scratch = guarded_alloc(scratch_bytes);
    float *dst = guarded_alloc(dst_bytes);
    if (problem->conv.sum)
        memcpy(dst, problem->former, dst_bytes);
    mface_int8_conv_run(kernel, problem->src, dst, scratch);
    guarded_check(scratch, scratch_bytes);
    guarded_check(dst, dst_bytes);
    guarded_free(scratch);
    mface_int8_conv_free(&kernel);
    assert_null(kernel);
    return dst;
}

void int8_check_bits(const struct conv_problem *problem, const float *dst)
{
    struct int8_reference reference;
    int8_reference_init(&reference, problem);
    for (size_t i = 0; i < problem->n_dst; i = conv_problem_next(problem, i)) {
        const float expected = int8_reference_result(&reference, i);
        if (memcmp(&expected, &dst[i], sizeof expected) != 0)
            fail_msg("output %zu is %a, not %a", i, dst[i], expected);
    }
    int8_reference_clear(&reference);
}

void int8_check_errors(const struct conv_problem *problem, const float *dst)
{
    struct int8_reference reference;
    double squares = 0.0; // each as a part of what is to be expected
    int n = 0;
    int8_reference_init(&reference, problem);
    for (size_t i = 0; i < problem->n_dst; i = conv_problem_next(problem, i)) {
        double variance;
        const double bound = int8_reference_bound(&reference, i, &variance);
        const double error = dst[i] - conv_problem_expect(problem, i, NULL);
        if (!(fabs(error) <= bound))
            fail_msg("output %zu is %g, off by %g, not by %g at most", i, dst[i], error, bound);
        squares += variance > 0.0 ? error * error / variance : 0.0;
        n += variance > 0.0;
    }
    int8_reference_clear(&reference);
    if (n >= 100 && !(squares / n <= 1.5))
        fail_msg("squares of errors are %g times what is to be expected", squares / n);
}

void int8_check_levels(const struct conv_problem *problem,
    void (*check)(const struct conv_problem *problem, const float *dst))
{
    for (int level = 0; level < INT8_N_LEVELS; level++) {
        float *dst = int8_run(problem, level, 1);
        check(problem, dst);
        guarded_free(dst);
    }
}

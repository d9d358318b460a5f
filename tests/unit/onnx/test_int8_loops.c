/* Which convolutions are computed in bytes, by which inner loops, and what those do before they
 * multiply: a picture's range and a row's bytes. */
#include "int8_check.h"
#include "int8_reference.h"

#include "base/cpu.h"
#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Each level has its loops, and only those of an instruction for it are said to be fast. */
static void test_masks(void **state)
{
    (void)state;
    static const char *const levels[] = { "c", "avx2", "avx512", "vbmi", "all" };
    const unsigned flags = mface_cpu_flags();
    for (int i = 0; i < 5; i++) {
        unsigned mask;
        assert_true(mface_cpu_mask_of_level(levels[i], &mask));
        mface_cpu_set_mask(mask);
        const unsigned left = flags & mask;
        const bool has_vnni = left & (MFACE_CPU_AVX_VNNI | MFACE_CPU_AVX512_VNNI);
        assert_int_equal(mface_int8_is_fast(), has_vnni);
        assert_int_equal(mface_int8_loops() == &mface_int8_c, !(left & MFACE_CPU_AVX2));
    }
    mface_cpu_set_mask(~0u);
}

/* Only what the kernel computes may be given to it. */
static void test_fits(void **state)
{
    (void)state;
    static const enum mface_activation activations[] = { MFACE_ACTIVATION_NONE,
        MFACE_ACTIVATION_RELU, MFACE_ACTIVATION_CLIP };
    float weight;
    for (int i = 0; i < 2; i++) {
        const struct conv_shape shape = { 1, 7, 9, 3, 5, i };
        struct mface_dnnl_conv good = conv_describe(&shape, &int8_variants[INT8_PLAIN]), conv;
        good.weights.data = &weight;
        conv_check_refusals(&good, mface_int8_conv_fits);
        for (int k = 0; k < 3; k++) {
            conv = good;
            conv.activation = activations[k];
            assert_int_equal(mface_int8_conv_fits(&conv), k < 2);
        }
        conv = good;
        conv.dst_bf16 = true;
        assert_false(mface_int8_conv_fits(&conv));
        conv = good;
        conv.has_bias = conv.sum = true;
        conv.bias = &weight;
        assert_true(mface_int8_conv_fits(&conv));
    }
}

/* 255 × 127 × values of a window < 2³¹, and sides and channels that ints count. */
static void test_limits(void **state)
{
    (void)state;
    enum { SIDE = 1 << 14 };
    static const struct {
        struct conv_shape shape;
        bool fits;
    } rows[] = {
        { { 1, 7, 7, 7367, 64, false }, true },
        { { 1, 7, 7, 7368, 64, false }, false },
        { { 1, 7, 7, 2652, 64, true }, true },
        { { 1, 7, 7, 2653, 64, true }, false },
        { { SIDE, SIDE, SIDE, 3, SIDE, false }, true },
        { { SIDE, SIDE, SIDE, 3, SIDE, true }, true },
    };
    float weight;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mface_dnnl_conv conv = conv_describe(&rows[i].shape, &int8_variants[INT8_PLAIN]);
        conv.weights.data = &weight;
        assert_int_equal(mface_int8_conv_fits(&conv), rows[i].fits);
    }
}

/* By the shape of one picture and on every machine: neither a batch nor the CPU may change what
 * computes it. */
static void test_pays(void **state)
{
    (void)state;
    static const struct {
        struct conv_shape shape;
        bool pays;
    } rows[] = {
        { { 1, 7, 7, 512, 2048, false }, true },
        { { 1, 112, 112, 16, 16, false }, true },
        { { 1, 112, 112, 15, 64, false }, false },
        { { 1, 112, 112, 128, 15, false }, false },
        { { 1, 112, 112, 128, 3, false }, false },
        { { 1, 224, 224, 3, 64, true }, false },
        { { 1, 28, 28, 16, 16, true }, true },
        { { 1, 2, 2, 256, 512, true }, true },
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++)
        for (int batch = 1; batch <= 64; batch *= 4) {
            struct mface_dnnl_conv conv =
                conv_describe(&rows[i / 2].shape, &int8_variants[INT8_PLAIN]);
            conv.batch = batch;
            mface_cpu_set_mask(i % 2 ? ~0u : 0);
            assert_int_equal(mface_int8_conv_pays(&conv), rows[i / 2].pays);
            mface_cpu_set_mask(~0u);
        }
}

/* Each of the taps is one of the window's, and each of the window's is one of them. */
static void test_windows(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct conv_shape shape = { 1, 6, 4, 3, 5, i };
        struct conv_problem problem;
        struct mface_int8_conv *kernel;
        conv_problem_init(&problem, &shape, &int8_variants[INT8_PLAIN]);
        assert_int_equal(mface_int8_conv_create(&problem.conv, 1, &kernel), MFACE_OK);
        const int side = mface_int8_window_side(kernel);
        unsigned seen = 0;
        assert_int_equal(side, problem.conv.kernel[0]);
        for (int phase = 0; phase < kernel->n_phases; phase++)
            for (int tap = 0; tap < kernel->taps[phase].n; tap++) {
                const int place = mface_int8_window_place(kernel, phase, tap);
                assert_in_range(place, 0, side * side - 1);
                assert_false(seen >> place & 1);
                seen |= 1u << place;
            }
        assert_int_equal(seen, (1u << side * side) - 1);
        mface_int8_conv_free(&kernel);
        conv_problem_clear(&problem);
    }
}

/* Ranges only grow, wherever in the values their least and greatest are, and NaN is in none. */
static void test_find_range(void **state)
{
    (void)state;
    enum { N = 131 };
    static const float begins[][2] = { { 0.0f, 0.0f }, { -0.5f, 0.25f }, { -3.0f, 7.0f } };
    uint32_t seed = 5;
    for (int i = 0; i < INT8_N_LEVELS * N * 3; i++) {
        const struct mface_int8_loops *loops = int8_loops_of(i % INT8_N_LEVELS);
        const size_t n = (size_t)(i / INT8_N_LEVELS % N);
        float *values = random_values(n, &seed), range[2];
        if (n > 4) {
            values[n / 2] = NAN;
            values[(size_t)i * 7 % n] = 2.0f;
            values[(size_t)i * 5 % n] = -2.0f;
        }
        memcpy(range, begins[i / INT8_N_LEVELS / N], sizeof range);
        float expected[] = { range[0], range[1] };
        for (size_t k = 0; k < n; k++) {
            expected[0] = fminf(expected[0], values[k]);
            expected[1] = fmaxf(expected[1], values[k]);
        }
        loops->find_range(values, n, range);
        assert_memory_equal(range, expected, sizeof range);
        mface_mem_free(values);
    }
}

static void check_row(const struct mface_int8_loops *loops, struct mface_int8_row row)
{
    enum { BEHIND = 2 * MFACE_INT8_GROUP }; // what round_row() leaves as it is
    const size_t n_groups = (size_t)(row.n_channels - 1) / MFACE_INT8_GROUP + 1;
    row.plane_bytes = (size_t)row.n_pixels * MFACE_INT8_GROUP + BEHIND;
    uint8_t *to = row.to = guarded_alloc(n_groups * row.plane_bytes);
    loops->round_row(&row);
    guarded_check(to, n_groups * row.plane_bytes);
    for (size_t group = 0; group < n_groups; group++)
        for (size_t i = 0; i < BEHIND; i++)
            assert_int_equal(to[(group + 1) * row.plane_bytes - BEHIND + i], 0xff);
    for (int i = 0; i < row.n_pixels * row.n_channels; i++) {
        const size_t x = (size_t)(i / row.n_channels), c = (size_t)(i % row.n_channels);
        const uint8_t is = to[c / MFACE_INT8_GROUP * row.plane_bytes + x * MFACE_INT8_GROUP +
                              c % MFACE_INT8_GROUP];
        const struct int8_grid grid = { row.grid.unit, row.grid.per_unit, row.grid.zero };
        assert_int_equal(is, int8_round(row.src[x * row.distance + c], grid) + grid.zero);
    }
    guarded_free(to);
}

/* Of pixels side by side or every second one, values beyond the grid among them. */
static void test_round_row(void **state)
{
    (void)state;
    static const int channels[] = { 1, 3, 15, 16, 17, 22, 63, 64, 65, 130 };
    static const struct mface_int8_grid grids[] = { { 127.5f, 1 / 127.5f, 128 },
        { 255.0f, 1 / 255.0f, 0 }, { 255.0f, 1 / 255.0f, 255 }, { 2.0f, 0.5f, 77 }, { 0 } };
    enum { N_PIXELS = 5, N_CHANNELS = 10, N_GRIDS = 5 };
    uint32_t seed = 3;
    for (int i = 0; i < INT8_N_LEVELS * N_CHANNELS * N_GRIDS * 2; i++) {
        const int n = channels[i / INT8_N_LEVELS % N_CHANNELS];
        const int stride = 1 + i / INT8_N_LEVELS / N_CHANNELS / N_GRIDS;
        /* Nothing lies behind the last pixel that is taken. */
        const size_t n_values = (size_t)(((N_PIXELS - 1) * stride + 1) * n);
        float *src = random_values(n_values, &seed);
        for (size_t k = 0; k < n_values; k++)
            src[k] = k % 3 ? src[k] : rintf(src[k] * 200.0f) / 2.0f;
        const struct mface_int8_row row = {
            .src = src,
            .distance = (size_t)(stride * n),
            .n_pixels = i % 7 ? N_PIXELS : 0,
            .n_channels = n,
            .grid = grids[i / INT8_N_LEVELS / N_CHANNELS % N_GRIDS],
        };
        check_row(int8_loops_of(i % INT8_N_LEVELS), row);
        mface_mem_free(src);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_pays),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_find_range),
        cmocka_unit_test(test_round_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

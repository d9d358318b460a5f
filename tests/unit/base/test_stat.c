#include "base/stat.h"

#include "../cmocka_all.h"

static void test_quantiles(void **state)
{
    (void)state;
    static struct mface_hist hist;
    assert_true(mface_hist_quantile_us(&hist, 0.5) == 0);
    for (int64_t us = 1; us <= 10000; us++)
        mface_hist_add(&hist, us);
    static const double fractions[] = { 0.01, 0.5, 0.95, 0.99 };
    for (size_t i = 0; i < 4; i++) {
        const double exact = fractions[i] * 10000,
                     got = mface_hist_quantile_us(&hist, fractions[i]);
        assert_true(got > exact * 0.95 && got < exact * 1.05);
    }
    assert_int_equal(mface_counter_get(&hist.n), 10000);
    assert_int_equal(mface_counter_get(&hist.sum_us), 50005000);
}

static void test_extremes(void **state)
{
    (void)state;
    static struct mface_hist hist;
    mface_hist_add(&hist, -5);
    mface_hist_add(&hist, 0);
    assert_true(mface_hist_quantile_us(&hist, 1) < 2);
    mface_hist_add(&hist, INT64_MAX);
    assert_true(mface_hist_quantile_us(&hist, 1) > 3.6e9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

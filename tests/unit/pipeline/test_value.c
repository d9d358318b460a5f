/* When keeping a stage's results is given up, when it is taken up again, and that neither shows. */
#include "fake.h"
#include "pipeline/settings.h"
#include "pipeline/value.h"

#include "../cmocka_all.h"

#include <string.h>

struct costs {
    int64_t lookup_ns, run_ns, store_ns;
};

static struct mface_key key_of(uint64_t n)
{
    return (struct mface_key) { .lo = n, .hi = n };
}

/* `n` demands of new keys, with every `hit_every`th of those that are kept a hit (0: none). */
static void demand(struct mface_value *value, struct costs costs, int n, int hit_every)
{
    for (int i = 0, n_kept = 0; i < n; i++) {
        if (!mface_value_keeps(value, key_of((uint64_t)i)))
            continue;
        if (hit_every && ++n_kept % hit_every == 0)
            mface_value_add_hit(value);
        else
            mface_value_add_miss(value, costs.lookup_ns, costs.run_ns, costs.store_ns);
    }
}

static void test_cheap_stage_is_bypassed(void **state)
{
    (void)state;
    struct mface_value value = { 0 };
    const struct costs cheap = { 300, 1000, 900 };
    demand(&value, cheap, 63, 0);
    assert_false(value.is_bypassed); // too early to tell
    demand(&value, cheap, 100, 0);
    assert_true(value.is_bypassed);
    const int64_t before = value.n_bypassed;
    demand(&value, cheap, 1600, 0);
    assert_int_equal(value.n_bypassed - before, 1500); // one in sixteen is still tried
}

/* A first pass has no hits at all; that must not cost the next one its inferences. */
static void test_dear_stage_is_never_bypassed(void **state)
{
    (void)state;
    struct mface_value value = { 0 };
    demand(&value, (struct costs) { 1000, 20000000, 100000 }, 10000, 0);
    assert_false(value.is_bypassed);
    assert_int_equal(value.n_bypassed, 0);
}

static void test_hits_pay(void **state)
{
    (void)state;
    struct mface_value value = { 0 };
    const struct costs costs = { 300, 1000, 900 }; // pays from 63 % on
    demand(&value, costs, 5000, 1);
    demand(&value, costs, 5000, 10);
    assert_true(value.is_bypassed);
    memset(&value, 0, sizeof value);
    for (int i = 0; i < 2000; i++) {
        demand(&value, costs, 1, 0);
        for (int hits = 0; hits < 4; hits++)
            mface_value_add_hit(&value);
    }
    assert_false(value.is_bypassed);
}

static void test_is_tried_again(void **state)
{
    (void)state;
    struct mface_value value = { 0 };
    demand(&value, (struct costs) { 300, 1000, 900 }, 1000, 0);
    assert_true(value.is_bypassed);
    demand(&value, (struct costs) { 300, 100000, 900 }, 200000, 0); // its settings made it dear
    assert_false(value.is_bypassed);
}

/* The engine with any set of stages bypassed gives the same pixels. */
static void test_never_shows(void **state)
{
    (void)state;
    struct mface_settings settings;
    struct fake_models fake = { .n_faces = 2 };
    static struct mface_tally tally;
    struct mface_cache *cache;
    struct mface_engine *cached, *bare;
    mface_settings_init(&settings);
    settings.resolution_px = 64;
    settings.presharpen = 1;
    settings.max_faces = 0;
    settings.swap_all_faces = true;
    const struct mface_cache_params params = { .budget_bytes = 16 << 20 };
    assert_int_equal(mface_cache_create(&params, &cache), MFACE_OK);
    const struct mface_engine_models models = fake_models_describe(&fake);
    struct mface_engine_params engine_params = { &settings, &models, cache, &tally };
    assert_int_equal(mface_engine_create(&engine_params, &cached), MFACE_OK);
    engine_params.cache = NULL;
    assert_int_equal(mface_engine_create(&engine_params, &bare), MFACE_OK);
    for (unsigned i = 0; i < 64; i++) {
        struct fake_frame a, b;
        int n_faces;
        fake_frame_init(&a, i % 5);
        b = a;
        struct mface_canvas canvas_a = fake_canvas(&a), canvas_b = fake_canvas(&b);
        for (int stage = 0; stage < MFACE_N_STAGES; stage++)
            tally.stage[stage].value.is_bypassed = (i * 2654435761u >> (stage + 8)) & 1;
        assert_int_equal(mface_engine_run(cached, &canvas_a, &n_faces), MFACE_OK);
        assert_int_equal(mface_engine_run(bare, &canvas_b, &n_faces), MFACE_OK);
        assert_true(fake_frame_equal(&a, &b));
    }
    assert_true(mface_counter_get(&tally.stage[MFACE_STAGE_SWAP].value.n_bypassed) > 0);
    mface_engine_free(&cached);
    mface_engine_free(&bare);
    mface_cache_free(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cheap_stage_is_bypassed),
        cmocka_unit_test(test_dear_stage_is_never_bypassed),
        cmocka_unit_test(test_hits_pay),
        cmocka_unit_test(test_is_tried_again),
        cmocka_unit_test(test_never_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

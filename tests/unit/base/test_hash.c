#include "base/hash.h"

#include "../cmocka_all.h"

#include <string.h>

static void test_known_value(void **state)
{
    (void)state;
    /* XXH3_128bits of no bytes, seed 0, as the xxHash specification lists it. */
    const struct mface_key key = mface_key_from_bytes("", 0);
    assert_int_equal(key.hi, 0x99aa06d3014798d8);
    assert_int_equal(key.lo, 0x6001c324468d497f);
}

static void test_parts_equal_whole(void **state)
{
    (void)state;
    const char text[] = "the same bytes, in one piece or in three";
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_bytes(&hasher, text, 5);
    mface_hasher_add_bytes(&hasher, text + 5, 0);
    mface_hasher_add_bytes(&hasher, text + 5, sizeof text - 5);
    assert_true(
        mface_key_equal(mface_hasher_finish(&hasher), mface_key_from_bytes(text, sizeof text)));
}

static struct mface_key key_of_strings(const char *a, const char *b)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, a);
    mface_hasher_add_str(&hasher, b);
    return mface_hasher_finish(&hasher);
}

static void test_strings_do_not_run_together(void **state)
{
    (void)state;
    assert_false(mface_key_equal(key_of_strings("ab", "c"), key_of_strings("a", "bc")));
}

static void test_negative_zero(void **state)
{
    (void)state;
    struct mface_hasher a, b;
    mface_hasher_init(&a);
    mface_hasher_init(&b);
    mface_hasher_add_f64(&a, 0.0);
    mface_hasher_add_f64(&b, -0.0);
    assert_true(mface_key_equal(mface_hasher_finish(&a), mface_hasher_finish(&b)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_value),
        cmocka_unit_test(test_parts_equal_whole),
        cmocka_unit_test(test_strings_do_not_run_together),
        cmocka_unit_test(test_negative_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

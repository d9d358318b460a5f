/* The stage table and the keys made from it: a setting changes the keys of the stages it enters and
 * of those that read them, and no other. */
#include "pipeline/settings.h"
#include "pipeline/stages.h"

#include "../cmocka_all.h"

#include <memoface/session.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mface_key digests[MFACE_N_ROLES] = { { 0 }, { 1, 1 }, { 2, 2 }, { 3, 3 } };

/* Every stage's key, each fed by the keys of its inputs as if all were known by derivation. */
static void chain_keys(const struct mface_settings *settings,
    const struct mface_key roles[MFACE_N_ROLES], struct mface_key keys[MFACE_N_STAGES])
{
    struct mface_stage_bases bases;
    mface_stage_bases_init(&bases, settings, roles);
    for (int i = 0; i < MFACE_N_STAGES; i++) {
        struct mface_key inputs[MFACE_N_STAGES];
        size_t n_inputs = 0;
        for (int k = 0; k < i; k++)
            if (mface_stage_get((enum mface_stage)i)->inputs & MFACE_STAGE_BIT(k))
                inputs[n_inputs++] = keys[k];
        keys[i] = mface_stage_key(&bases, (enum mface_stage)i, inputs, n_inputs);
    }
}

static unsigned changed(const struct mface_key *a, const struct mface_key *b)
{
    unsigned set = 0;
    for (int i = 0; i < MFACE_N_STAGES; i++)
        if (!mface_key_equal(a[i], b[i]))
            set |= MFACE_STAGE_BIT(i);
    return set;
}

/* A text the row accepts that is not its default. */
static void other_value(const struct mface_option *row, char *text, size_t text_bytes)
{
    switch (row->type) {
    case MFACE_OPTION_BOOL:
        snprintf(text, text_bytes, "%s", strcmp(row->initial, "on") == 0 ? "off" : "on");
        break;
    case MFACE_OPTION_STRING:
        if (!row->choices) {
            snprintf(text, text_bytes, "another.onnx");
            break;
        }
        /* fall through */
    case MFACE_OPTION_CHOICE:
        snprintf(text, text_bytes, "%s",
            row->choices[strcmp(row->initial, row->choices[0]) == 0 && row->choices[1] ? 1 : 0]);
        break;
    default:
        snprintf(text, text_bytes, "%.17g", row->max);
        if (strtod(row->initial, NULL) == row->max)
            snprintf(text, text_bytes, "%.17g", row->min);
    }
}

static void test_each_setting_invalidates_its_stages(void **state)
{
    (void)state;
    struct mface_settings settings;
    struct mface_key before[MFACE_N_STAGES], after[MFACE_N_STAGES];
    mface_settings_init(&settings);
    chain_keys(&settings, digests, before);
    for (size_t i = 0; i < mface_settings_n_rows; i++) {
        const struct mface_option *row = &mface_settings_rows[i];
        char text[64];
        mface_settings_init(&settings);
        other_value(row, text, sizeof text);
        if (strcmp(text, row->initial) == 0)
            continue; // a choice of one
        assert_int_equal(mface_settings_set(&settings, row->key, text), MFACE_OK);
        chain_keys(&settings, digests, after);
        assert_int_equal(changed(before, after), mface_stages_downstream(row->stages));
    }
}

/* By hand, independent of the table: what the user is promised. */
static void test_promises(void **state)
{
    (void)state;
    static const struct {
        const char *key, *text;
        enum mface_stage first_changed, last_unchanged;
    } promises[] = {
        { "post-gamma-red", "1.2", MFACE_STAGE_POST, MFACE_STAGE_SWAP },
        { "post-sharpen", "1", MFACE_STAGE_POST, MFACE_STAGE_SWAP },
        { "mask-erode", "9", MFACE_STAGE_POST, MFACE_STAGE_SWAP },
        { "color-transfer", "none", MFACE_STAGE_POST, MFACE_STAGE_SWAP },
        { "opacity", "0.5", MFACE_STAGE_MERGE, MFACE_STAGE_POST },
        { "median", "10", MFACE_STAGE_MERGE, MFACE_STAGE_POST },
        { "morph", "0.1", MFACE_STAGE_SWAP, MFACE_STAGE_PRE },
        { "presharpen", "1", MFACE_STAGE_PRE, MFACE_STAGE_CROP },
        { "coverage", "3", MFACE_STAGE_ALIGN, MFACE_STAGE_MARK },
        { "max-faces", "4", MFACE_STAGE_SELECT, MFACE_STAGE_DETECT },
    };
    struct mface_settings settings;
    struct mface_key before[MFACE_N_STAGES], after[MFACE_N_STAGES];
    mface_settings_init(&settings);
    chain_keys(&settings, digests, before);
    for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++) {
        mface_settings_init(&settings);
        assert_int_equal(
            mface_settings_set(&settings, promises[i].key, promises[i].text), MFACE_OK);
        chain_keys(&settings, digests, after);
        for (int k = 0; k <= (int)promises[i].last_unchanged; k++)
            assert_true(mface_key_equal(before[k], after[k]));
        assert_false(
            mface_key_equal(before[promises[i].first_changed], after[promises[i].first_changed]));
        assert_false(mface_key_equal(before[MFACE_STAGE_MERGE], after[MFACE_STAGE_MERGE]));
    }
}

static void test_models_enter_keys(void **state)
{
    (void)state;
    static const enum mface_stage stage_of[MFACE_N_ROLES] = { 0, MFACE_STAGE_DETECT,
        MFACE_STAGE_MARK, MFACE_STAGE_SWAP };
    struct mface_settings settings;
    struct mface_key before[MFACE_N_STAGES], after[MFACE_N_STAGES];
    mface_settings_init(&settings);
    chain_keys(&settings, digests, before);
    for (int role = 1; role < MFACE_N_ROLES; role++) {
        struct mface_key other[MFACE_N_ROLES];
        memcpy(other, digests, sizeof other);
        other[role].hi ^= 1;
        chain_keys(&settings, other, after);
        assert_int_equal(
            changed(before, after), mface_stages_downstream(MFACE_STAGE_BIT(stage_of[role])));
    }
}

static void test_table_is_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < MFACE_N_STAGES; i++) {
        const struct mface_stage_info *info = mface_stage_get((enum mface_stage)i);
        assert_non_null(info->name);
        assert_true(info->version >= 1);
        assert_int_equal(info->inputs >> i, 0); // inputs come before their readers
    }
}

static void test_input_order_matters(void **state)
{
    (void)state;
    struct mface_settings settings;
    struct mface_stage_bases bases;
    const struct mface_key ab[] = { { 1, 2 }, { 3, 4 } }, ba[] = { { 3, 4 }, { 1, 2 } };
    mface_settings_init(&settings);
    mface_stage_bases_init(&bases, &settings, digests);
    assert_false(mface_key_equal(mface_stage_key(&bases, MFACE_STAGE_POST, ab, 2),
        mface_stage_key(&bases, MFACE_STAGE_POST, ba, 2)));
    assert_false(mface_key_equal(mface_stage_key(&bases, MFACE_STAGE_POST, ab, 2),
        mface_stage_key(&bases, MFACE_STAGE_SWAP, ab, 2)));
}

static void test_graph_names_every_stage(void **state)
{
    (void)state;
    for (int as_json = 0; as_json < 2; as_json++) {
        char *text = NULL;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        mface_graph_print(file, as_json);
        fclose(file);
        for (int i = 0; i < MFACE_N_STAGES; i++)
            assert_non_null(strstr(text, mface_stage_get((enum mface_stage)i)->name));
        assert_non_null(strstr(text, "post-gamma-red"));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_setting_invalidates_its_stages),
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_models_enter_keys),
        cmocka_unit_test(test_table_is_in_order),
        cmocka_unit_test(test_input_order_matters),
        cmocka_unit_test(test_graph_names_every_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

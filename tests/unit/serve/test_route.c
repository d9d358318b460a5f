/* Requests to answers: what is refused, and in which order; what bodies may say. */
#include "fake_source.h"
#include "serve/route.h"

#include "../cmocka_all.h"

#include <jansson.h>
#include <memoface/log.h>
#include <string.h>

struct world {
    struct fake_session session;
    struct mface_source source;
    struct mface_guard guard;
    struct mface_snapshot snapshot;
    struct mface_request request;
    struct mface_answer answer;
};

static int setup(void **state)
{
    static struct world world;
    struct mface_settings settings;
    world = (struct world) { .guard = { .is_loopback = true, .cookie = "memoface-1" } };
    mface_settings_init(&settings);
    world.source = fake_source(&world.session);
    world.snapshot.stats.frames = 42;
    world.request.headers.host = "127.0.0.1:7878";
    *state = &world;
    return mface_control_create(&settings, &world.session.control) == MFACE_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *world = *state;
    mface_answer_clear(&world->answer);
    mface_control_free(&world->session.control);
    return 0;
}

static int ask(struct world *world, const char *method, const char *path, const char *body)
{
    mface_answer_clear(&world->answer);
    world->request.method = method;
    world->request.path = path;
    world->request.body = body;
    world->request.body_bytes = body ? strlen(body) : 0;
    mface_answer_make(
        &world->answer, &world->request, &world->guard, &world->source, &world->snapshot);
    return world->answer.status;
}

static json_t *answer_json(const struct world *world)
{
    json_t *root = json_loadb(world->answer.body, world->answer.body_bytes, 0, NULL);
    assert_non_null(root);
    return root;
}

static double setting(struct world *world, const char *key)
{
    struct mface_settings *settings;
    char text[64];
    assert_int_equal(world->source.get_settings(&world->session, &settings), MFACE_OK);
    mface_settings_print(settings, key, text, sizeof text);
    mface_settings_free(&settings);
    return atof(text);
}

static void test_addresses_and_methods(void **state)
{
    struct world *world = *state;
    assert_int_equal(ask(world, "GET", "/", NULL), 200);
    assert_int_equal(ask(world, "HEAD", "/", NULL), 200);
    assert_int_equal(ask(world, "GET", "/metrics", NULL), 200);
    assert_int_equal(ask(world, "GET", "/api/v1/settings", NULL), 200);
    assert_int_equal(ask(world, "GET", "/api/v1/events", NULL), 200);
    assert_int_equal(world->answer.kind, MFACE_ANSWER_EVENTS);
    assert_int_equal(ask(world, "GET", "/api/v1/preview.jpg", NULL), 200);
    assert_int_equal(world->answer.kind, MFACE_ANSWER_PREVIEW);
    assert_int_equal(world->answer.side, MFACE_SIDE_AFTER);
    assert_int_equal(ask(world, "GET", "/api/v1/paused", NULL), 405);
    assert_string_equal(world->answer.allow, "PUT");
    assert_int_equal(ask(world, "POST", "/", NULL), 405);
    assert_int_equal(ask(world, "GET", "//", NULL), 404);
    assert_int_equal(ask(world, "GET", "/api/v1/stats/", NULL), 404);
    assert_int_equal(ask(world, "GET", "", NULL), 404);
}

/* Nobody learns whether a token or an address is right who may not ask at all. */
static void test_order_of_refusals(void **state)
{
    struct world *world = *state;
    strcpy(world->guard.token, "abcdefgh");
    world->request.body_is_too_long = true;
    world->request.headers.host = "elsewhere.example";
    world->request.headers.origin = "http://elsewhere.example";
    assert_int_equal(ask(world, "PATCH", "/nothing", NULL), 403);
    world->request.headers.host = "127.0.0.1:7878";
    assert_int_equal(ask(world, "PATCH", "/nothing", NULL), 403);
    world->request.headers.origin = NULL;
    assert_int_equal(ask(world, "PATCH", "/nothing", NULL), 401);
    world->request.headers.authorization = "Bearer abcdefgh";
    assert_int_equal(ask(world, "PATCH", "/nothing", NULL), 413);
    world->request.body_is_too_long = false;
    assert_int_equal(ask(world, "PATCH", "/nothing", NULL), 404);
}

static void test_link_from_elsewhere_opens_the_page_only(void **state)
{
    struct world *world = *state;
    world->request.headers.fetch_site = "cross-site";
    assert_int_equal(ask(world, "GET", "/", NULL), 200);
    assert_int_equal(ask(world, "GET", "/api/v1/stats", NULL), 403);
    assert_int_equal(ask(world, "GET", "/metrics", NULL), 403);
}

static void test_token_becomes_cookie(void **state)
{
    struct world *world = *state;
    strcpy(world->guard.token, "abcdefgh");
    world->request.headers.token = "abcdefgh";
    assert_int_equal(ask(world, "GET", "/", NULL), 200);
    assert_string_equal(
        world->answer.cookie, "memoface-1=abcdefgh; Path=/; HttpOnly; SameSite=Strict");
    world->request.headers.token = NULL;
    world->request.headers.cookie = "memoface-1=abcdefgh";
    assert_int_equal(ask(world, "GET", "/", NULL), 200);
    assert_string_equal(world->answer.cookie, "");
}

static void test_patch(void **state)
{
    struct world *world = *state;
    world->request.content_type = "application/json; charset=utf-8";
    assert_int_equal(ask(world, "PATCH", "/api/v1/settings",
                         "{\"opacity\": 0.5, \"mask-blur\": 30, \"cache-size\": \"64M\", "
                         "\"two-pass\": true}"),
        200);
    json_t *root = answer_json(world);
    json_t *values = json_object_get(root, "settings");
    assert_int_equal(json_integer_value(json_object_get(root, "settings_version")), 2);
    assert_int_equal(json_object_size(values), 4);
    assert_true(json_real_value(json_object_get(values, "opacity")) == 0.5);
    assert_int_equal(json_integer_value(json_object_get(values, "cache-size")), 64 << 20);
    assert_true(json_is_true(json_object_get(values, "two-pass")));
    json_decref(root);
    /* A number is bytes; "2048" in words would be megabytes. */
    assert_int_equal(ask(world, "PATCH", "/api/v1/settings", "{\"cache-size\": 2048}"), 200);
    assert_non_null(strstr(world->answer.body, "\"cache-size\": 1048576"));
    assert_int_equal(ask(world, "PATCH", "/api/v1/settings", "{\"cache-size\": \"2048\"}"), 200);
    assert_non_null(strstr(world->answer.body, "\"cache-size\": 2147483648"));
    assert_int_equal(ask(world, "PATCH", "/api/v1/settings", "{}"), 200);
    assert_true(setting(world, "opacity") == 0.5);
}

static void test_bad_bodies_change_nothing(void **state)
{
    static const struct {
        int status;
        const char *body;
    } cases[] = {
        { 400, "" },
        { 400, "{" },
        { 400, "[]" },
        { 400, "null" },
        { 400, "{\"opacity\": 0.5} x" },
        { 400, "{\"opacity\": 0.5, \"opacity\": 0.6}" },
        { 400, "{\"opacity\": [0.5]}" },
        { 400, "{\"opacity\": null}" },
        { 400, "{\"opacity\": 1e400}" },
        { 400, "{\"opacity\": \"nan\"}" },
        { 400, "{\"opacity\": 0.5, \"mask-blur\": -1}" },
        { 400, "{\"opacity\": 0.5, \"mask-blur\": 1.5}" },
        { 400, "{\"opacity\": 0.5, \"\": 1}" },
        { 400, "{\"opacity\": 0.5, \"a\\u0000b\": 1}" },
        { 400, "{\"opacity\": 0.5, \"color-transfer\": \"\xc3\"}" },
        /* Cut within a character where the message quotes it. */
        { 400, "{\"opacity\": 0.5, \"color-transfer\": "
               "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3\xa4\"}" },
        { 409, "{\"opacity\": 0.5, \"threads\": 1}" },
        { 409, "{\"opacity\": 0.5, \"detector\": \"tiny\"}" },
    };
    struct world *world = *state;
    world->request.content_type = "application/json";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int status = ask(world, "PATCH", "/api/v1/settings", cases[i].body);
        if (status != cases[i].status)
            fail_msg("%s: %d", cases[i].body, status);
        json_t *root = answer_json(world);
        assert_non_null(json_object_get(json_object_get(root, "error"), "message"));
        json_decref(root);
        assert_true(setting(world, "opacity") == 1);
    }
    world->request.content_type = "application/jsonx";
    assert_int_equal(ask(world, "PATCH", "/api/v1/settings", "{\"opacity\": 0.5}"), 415);
    world->request.content_type = NULL;
    assert_int_equal(ask(world, "PATCH", "/api/v1/settings", "{\"opacity\": 0.5}"), 415);
    assert_true(setting(world, "opacity") == 1);
}

static void test_pause(void **state)
{
    struct world *world = *state;
    world->request.content_type = "application/json";
    assert_int_equal(ask(world, "PUT", "/api/v1/paused", "{\"paused\": true}"), 200);
    assert_int_equal(world->session.is_paused, 1);
    assert_int_equal(ask(world, "PUT", "/api/v1/paused", "{\"paused\": 0}"), 400);
    assert_int_equal(ask(world, "PUT", "/api/v1/paused", "{\"paused\": false, \"x\": 1}"), 400);
    assert_int_equal(ask(world, "PUT", "/api/v1/paused", "{}"), 400);
    assert_int_equal(world->session.n_pauses, 1);
}

static void test_statistics(void **state)
{
    struct world *world = *state;
    world->snapshot.stats.insight = (struct mface_insight) {
        .n_advice = 1,
        .advice = { { "a", "b", "c \"quoted\"", "d", "e" } },
    };
    assert_int_equal(ask(world, "GET", "/api/v1/stats", NULL), 200);
    json_t *root = answer_json(world);
    assert_int_equal(json_integer_value(json_object_get(root, "frames")), 42);
    assert_true(json_is_false(json_object_get(root, "paused")));
    json_t *advice = json_array_get(json_object_get(root, "advice"), 0);
    assert_string_equal(json_string_value(json_object_get(advice, "cause")), "c \"quoted\"");
    assert_non_null(json_object_get(json_object_get(root, "recent"), "fps"));
    json_decref(root);
}

/* Every row of the table, so that a page can be made of nothing else. */
static void test_settings(void **state)
{
    struct world *world = *state;
    size_t i;
    json_t *row;
    assert_int_equal(ask(world, "GET", "/api/v1/settings", NULL), 200);
    json_t *root = answer_json(world);
    json_t *rows = json_object_get(root, "settings");
    assert_int_equal(json_array_size(rows), mface_settings_count());
    json_array_foreach(rows, i, row)
    {
        const struct mface_setting_info info = mface_settings_info(i);
        const char *type = json_string_value(json_object_get(row, "type"));
        assert_string_equal(json_string_value(json_object_get(row, "key")), info.key);
        assert_true(json_equal(json_object_get(row, "value"), json_object_get(row, "default")));
        assert_int_equal(json_is_true(json_object_get(row, "live")), !info.is_fixed);
        assert_int_equal(strcmp(type, "number") == 0, json_object_get(row, "max") != NULL);
        assert_int_equal(strcmp(type, "choice") == 0, json_object_get(row, "choices") != NULL);
    }
    json_decref(root);
}

static void ignore(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level, (void)message;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(addresses_and_methods),
        TEST(order_of_refusals),
        TEST(link_from_elsewhere_opens_the_page_only),
        TEST(token_becomes_cookie),
        TEST(patch),
        TEST(bad_bodies_change_nothing),
        TEST(pause),
        TEST(statistics),
        TEST(settings),
    };
    mface_log_set(ignore, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

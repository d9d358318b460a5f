/* Who may come in: hosts, origins, tokens, addresses. */
#include "serve/address.h"
#include "serve/guard.h"

#include "../cmocka_all.h"

#include <string.h>

struct host_case {
    const char *host;
    bool on_loopback, elsewhere;
};

static void test_hosts(void **state)
{
    (void)state;
    static const struct host_case cases[] = {
        { "127.0.0.1", true, true },
        { "127.0.0.1:7878", true, true },
        { "127.1.2.3:80", true, true },
        { "localhost:9000", true, true },
        { "LocalHost", true, true },
        { "[::1]", true, true },
        { "[::1]:7878", true, true },
        { "192.168.1.7:7878", false, true },
        { "[2001:db8::1]:7878", false, true },
        { "studio", false, true },
        { "Studio.local:7878", false, true },
        { "studio.example", false, false },
        { "studio.local.example", false, false },
        { "localhost.example", false, false },
        { "127.0.0.1.example", false, false },
        { "example.com", false, false },
        { "127.0.0.1@example.com", false, false },
        { "127.0.0.1:7878:1", false, false },
        { "127.0.0.1:", false, false },
        { "127.0.0.1:port", false, false },
        { "[::1", false, false },
        { "[::1]x", false, false },
        { "[]", false, false },
        { ":7878", false, false },
        { "", false, false },
        { NULL, false, false },
    };
    const struct mface_guard loopback = { .is_loopback = true, .hostname = "studio" };
    const struct mface_guard elsewhere = { .hostname = "studio" };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (mface_guard_allows_host(&loopback, cases[i].host) != cases[i].on_loopback ||
            mface_guard_allows_host(&elsewhere, cases[i].host) != cases[i].elsewhere)
            fail_msg("host '%s'", cases[i].host ? cases[i].host : "(none)");
    }
}

static bool allows(const char *host, const char *origin, const char *site)
{
    const struct mface_guard_headers headers = {
        .host = host, .origin = origin, .fetch_site = site
    };
    return mface_guard_allows_origin(&headers);
}

static void test_origins(void **state)
{
    (void)state;
    const char *host = "127.0.0.1:7878";
    assert_true(allows(host, NULL, NULL));
    assert_true(allows(host, "http://127.0.0.1:7878", NULL));
    assert_true(allows(host, "http://127.0.0.1:7878", "same-origin"));
    assert_true(allows(host, NULL, "none"));
    assert_false(allows(host, "http://127.0.0.1:7879", NULL));
    assert_false(allows(host, "http://127.0.0.1", NULL));
    assert_false(allows(host, "https://127.0.0.1:7878", NULL));
    assert_false(allows(host, "http://localhost:7878", NULL));
    assert_false(allows(host, "http://127.0.0.1:7878.example", NULL));
    assert_false(allows(host, "null", NULL));
    assert_false(allows(host, "", NULL));
    assert_false(allows(host, NULL, "cross-site"));
    assert_false(allows(host, NULL, "same-site"));
    assert_false(allows(host, "http://127.0.0.1:7878", "cross-site"));
    assert_false(allows(NULL, "http://127.0.0.1:7878", NULL));
}

static void test_tokens(void **state)
{
    (void)state;
    const struct mface_guard guard = { .token = "abcdefgh", .cookie = "memoface-1" };
    const struct mface_guard open = { 0 };
    static const struct {
        struct mface_guard_headers headers;
        bool ok;
    } cases[] = {
        { { 0 }, false },
        { { .authorization = "Bearer abcdefgh" }, true },
        { { .authorization = "bearer abcdefgh" }, true },
        { { .authorization = "Bearer abcdefg" }, false },
        { { .authorization = "Bearer abcdefghi" }, false },
        { { .authorization = "Bearer " }, false },
        { { .authorization = "abcdefgh" }, false },
        { { .token = "abcdefgh" }, true },
        { { .token = "abcdefgx" }, false },
        { { .token = "" }, false },
        { { .cookie = "memoface-1=abcdefgh" }, true },
        { { .cookie = "a=b; memoface-1=abcdefgh; c=d" }, true },
        { { .cookie = "memoface-1=wrong; memoface-1=abcdefgh" }, true },
        { { .cookie = "memoface-12=abcdefgh" }, false },
        { { .cookie = "xmemoface-1=abcdefgh" }, false },
        { { .cookie = "memoface-1=" }, false },
        { { .cookie = "memoface-1" }, false },
        { { .cookie = ";;; ;" }, false },
        /* What was said first counts: a wrong one is not made good by another. */
        { { .authorization = "Bearer wrong", .cookie = "memoface-1=abcdefgh" }, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (mface_guard_allows_token(&guard, &cases[i].headers) != cases[i].ok)
            fail_msg("case %zu", i);
        assert_true(mface_guard_allows_token(&open, &cases[i].headers));
    }
}

static void test_made_tokens(void **state)
{
    (void)state;
    char a[MFACE_TOKEN_MAX + 1], b[MFACE_TOKEN_MAX + 1];
    assert_true(mface_token_make(a) && mface_token_make(b));
    assert_int_equal(strlen(a), 32);
    assert_true(mface_token_is_valid(a));
    assert_string_not_equal(a, b);
    assert_false(mface_token_is_valid("1234567"));
    assert_false(mface_token_is_valid("12345678;"));
    assert_false(mface_token_is_valid("12345678 90"));
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed; // NULL: refused
        bool is_loopback;
    } cases[] = {
        { "", "127.0.0.1:7878", true },
        { "127.0.0.1:9000", "127.0.0.1:9000", true },
        { "localhost:9000", "127.0.0.1:9000", true },
        { ":0", "127.0.0.1:0", true },
        { "0.0.0.0", "0.0.0.0:7878", false },
        { "192.168.1.7:80", "192.168.1.7:80", false },
        { "[::1]:80", "[::1]:80", true },
        { "::1", "[::1]:7878", true },
        { "[::]", "[::]:7878", false },
        { "[::1]:", NULL, false },
        { "[::1", NULL, false },
        { "[::1]80", NULL, false },
        { "example.com:80", NULL, false },
        { "127.0.0.1:65536", NULL, false },
        { "127.0.0.1:-1", NULL, false },
        { "127.0.0.1:8x", NULL, false },
        { "127.0.0.1:", NULL, false },
        { "300.0.0.1", NULL, false },
    };
    struct mface_address address;
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bool ok = mface_address_parse(cases[i].text, &address);
        if (ok != (cases[i].printed != NULL))
            fail_msg("address '%s'", cases[i].text);
        if (!ok)
            continue;
        mface_address_print(&address, text, sizeof text);
        assert_string_equal(text, cases[i].printed);
        assert_int_equal(address.is_loopback, cases[i].is_loopback);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_made_tokens),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

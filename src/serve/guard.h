/* Who may talk to the dashboard.
 *
 * A page of a foreign site that the user happens to have open can send requests to this machine.
 * Three checks keep it out. Host: a name that merely resolves to us (DNS rebinding) is none of
 * ours. Origin and Sec-Fetch-Site: browsers name the site that asks (Fetch standard; W3C Fetch
 * Metadata). Token: wherever others than this machine can connect. */
#ifndef MFACE_SERVE_GUARD_H
#define MFACE_SERVE_GUARD_H

#include <stdbool.h>

enum { MFACE_TOKEN_MAX = 64, MFACE_TOKEN_MIN = 8 };

struct mface_guard {
    bool is_loopback;                // bound to a loopback address
    char hostname[256];              // of this machine; "" unknown
    char token[MFACE_TOKEN_MAX + 1]; // "": none is asked for
    char cookie[32];                 // name of the cookie that holds it
};

/* Headers; NULL: absent. */
struct mface_guard_headers {
    const char *host, *origin, *fetch_site, *authorization, *cookie;
    const char *token; // of the query
};

bool mface_guard_allows_host(const struct mface_guard *guard, const char *host);

/* The asking page is ours: no Origin, or the one that Host makes. */
bool mface_guard_allows_origin(const struct mface_guard_headers *headers);

bool mface_guard_allows_token(
    const struct mface_guard *guard, const struct mface_guard_headers *headers);

/* 8 to 64 letters, digits, '-' or '_': safe in an address and in a cookie. */
bool mface_token_is_valid(const char *token);

/* Fills in 32 random hexadecimal digits; false if the system has none. */
bool mface_token_make(char token[MFACE_TOKEN_MAX + 1]);

#endif

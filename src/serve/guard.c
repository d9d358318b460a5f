#include "serve/guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { HOST_MAX = 256 };

static bool is_port(const char *text)
{
    const size_t length = strlen(text);
    return length >= 1 && length <= 5 && strspn(text, "0123456789") == length;
}

/* The name of "name", "name:port", "[v6]" or "[v6]:port", without brackets. */
static bool name_of_host(const char *host, char name[HOST_MAX])
{
    const bool is_v6 = host[0] == '[';
    const char *start = is_v6 ? host + 1 : host;
    const size_t length = strcspn(start, is_v6 ? "]" : ":");
    const char *rest = start + length;
    if (length == 0 || length >= HOST_MAX || (is_v6 && *rest++ != ']'))
        return false;
    memcpy(name, start, length);
    name[length] = '\0';
    return *rest == '\0' || (*rest == ':' && is_port(rest + 1));
}

static bool is_address(const char *name, bool *is_loopback)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET, name, &v4) == 1) {
        *is_loopback = ntohl(v4.s_addr) >> 24 == 127;
        return true;
    }
    *is_loopback = inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    return inet_pton(AF_INET6, name, &v6) == 1;
}

static bool is_hostname(const char *hostname, const char *name)
{
    const size_t length = strlen(hostname);
    return length > 0 && strncasecmp(name, hostname, length) == 0 &&
           (name[length] == '\0' || strcasecmp(name + length, ".local") == 0);
}

bool mface_guard_allows_host(const struct mface_guard *guard, const char *host)
{
    char name[HOST_MAX];
    bool is_loopback;
    if (!host || !name_of_host(host, name))
        return false;
    if (is_address(name, &is_loopback))
        return is_loopback || !guard->is_loopback;
    if (strcasecmp(name, "localhost") == 0)
        return true;
    return !guard->is_loopback && is_hostname(guard->hostname, name);
}

bool mface_guard_allows_origin(const struct mface_guard_headers *headers)
{
    static const char scheme[] = "http://";
    const char *site = headers->fetch_site, *origin = headers->origin;
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    if (!origin)
        return true;
    return headers->host && strncasecmp(origin, scheme, sizeof scheme - 1) == 0 &&
           strcasecmp(origin + sizeof scheme - 1, headers->host) == 0;
}

/* Takes as long for a good guess as for a bad one. */
static bool is_token(const struct mface_guard *guard, const char *text, size_t length)
{
    const size_t wanted = strlen(guard->token);
    unsigned difference = length != wanted;
    for (size_t i = 0; i < wanted; i++)
        difference |= (unsigned)(guard->token[i] ^ (i < length ? text[i] : 0));
    return difference == 0;
}

/* "name=value; name=value": any of that name will do. */
static bool has_cookie(const struct mface_guard *guard, const char *cookies)
{
    const size_t name_length = strlen(guard->cookie);
    while (*cookies) {
        cookies += strspn(cookies, "; ");
        const size_t length = strcspn(cookies, ";");
        if (length > name_length && strncmp(cookies, guard->cookie, name_length) == 0 &&
            cookies[name_length] == '=' &&
            is_token(guard, cookies + name_length + 1, length - name_length - 1))
            return true;
        cookies += length;
    }
    return false;
}

bool mface_guard_allows_token(
    const struct mface_guard *guard, const struct mface_guard_headers *headers)
{
    static const char scheme[] = "Bearer ";
    const char *authorization = headers->authorization;
    if (!guard->token[0])
        return true;
    if (authorization && strncasecmp(authorization, scheme, sizeof scheme - 1) == 0) {
        const char *token = authorization + sizeof scheme - 1;
        return is_token(guard, token, strlen(token));
    }
    if (headers->token)
        return is_token(guard, headers->token, strlen(headers->token));
    return headers->cookie && has_cookie(guard, headers->cookie);
}

bool mface_token_is_valid(const char *token)
{
    const size_t length = strlen(token);
    if (length < MFACE_TOKEN_MIN || length > MFACE_TOKEN_MAX)
        return false;
    for (const char *c = token; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '-' && *c != '_')
            return false;
    return true;
}

bool mface_token_make(char token[MFACE_TOKEN_MAX + 1])
{
    uint8_t bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

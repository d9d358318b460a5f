#include "serve/route.h"

#include "serve/json_text.h"
#include "serve/page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WIDTH_MIN = 64, WIDTH_MAX = 1920, WIDTH_DEFAULT = 640 };

static void set_text(struct mface_answer *answer, const char *content_type, char *text)
{
    if (!text) {
        mface_answer_fail(answer, 500, "out of memory", NULL);
        return;
    }
    answer->content_type = content_type;
    answer->body = text;
    answer->body_bytes = strlen(text);
}

void mface_answer_fail(
    struct mface_answer *answer, int status, const char *message, const char *key)
{
    json_t *root = json_pack("{s:{s:i, s:s, s:s*}}", "error", "status", status, "message", message,
        "key", key && key[0] ? key : NULL);
    if (!root) // a word of the request that was cut within a character
        root = json_pack("{s:{s:i, s:s}}", "error", "status", status, "message", "not accepted");
    char *text = mface_json_text(root, JSON_INDENT(2));
    answer->status = status;
    answer->content_type = "application/json";
    answer->is_static = !text;
    answer->body = text ? text : (char *)"{}";
    answer->body_bytes = strlen(answer->body);
}

void mface_answer_clear(struct mface_answer *answer)
{
    if (!answer->is_static)
        free(answer->body);
    *answer = (struct mface_answer) { 0 };
}

/* What each address does */

struct call {
    struct mface_answer *answer;
    const struct mface_request *request;
    const struct mface_guard *guard;
    const struct mface_source *source;
    const struct mface_snapshot *snapshot;
};

/* Whoever came with the token in the address keeps it in a cookie, which pictures and event streams
 * carry, too. */
static void get_page(struct call *call)
{
    struct mface_answer *answer = call->answer;
    answer->content_type = "text/html; charset=utf-8";
    answer->policy = mface_page_policy;
    answer->body = (char *)mface_page;
    answer->body_bytes = mface_page_bytes;
    answer->is_static = true;
    if (call->guard->token[0] && call->request->headers.token)
        snprintf(answer->cookie, sizeof answer->cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict",
            call->guard->cookie, call->guard->token);
}

static void get_metrics(struct call *call)
{
    set_text(call->answer, "text/plain; version=0.0.4; charset=utf-8",
        mface_metrics_text(call->source, call->snapshot));
}

static void get_stats(struct call *call)
{
    set_text(call->answer, "application/json", mface_stats_text(call->source, call->snapshot));
}

static void get_settings(struct call *call)
{
    set_text(call->answer, "application/json", mface_settings_text(call->source));
}

static void patch_settings(struct call *call)
{
    mface_answer_patch(call->answer, call->request, call->source);
}

static void put_paused(struct call *call)
{
    mface_answer_pause(call->answer, call->request, call->source);
}

static void get_events(struct call *call)
{
    call->answer->kind = MFACE_ANSWER_EVENTS;
    call->answer->content_type = "text/event-stream";
}

static bool read_width(const char *text, int *width_px)
{
    char *end;
    *width_px = WIDTH_DEFAULT;
    if (!text)
        return true;
    const long width = strtol(text, &end, 10);
    *width_px = (int)width;
    return end != text && *end == '\0' && width >= WIDTH_MIN && width <= WIDTH_MAX;
}

static void get_preview(struct call *call)
{
    const char *side = call->request->side ? call->request->side : "after";
    struct mface_answer *answer = call->answer;
    if (strcmp(side, "before") != 0 && strcmp(side, "after") != 0) {
        mface_answer_fail(answer, 400, "side is before or after", NULL);
    } else if (!read_width(call->request->width, &answer->width_px)) {
        mface_answer_fail(answer, 400, "width is 64 to 1920", NULL);
    } else {
        answer->kind = MFACE_ANSWER_PREVIEW;
        answer->content_type = "image/jpeg";
        answer->side = strcmp(side, "before") == 0 ? MFACE_SIDE_BEFORE : MFACE_SIDE_AFTER;
    }
}

static const struct route {
    const char *path, *method;
    void (*run)(struct call *call);
    const char *allow; // all methods of the path
} routes[] = {
    { "/", "GET", get_page, "GET" },
    { "/metrics", "GET", get_metrics, "GET" },
    { "/api/v1/stats", "GET", get_stats, "GET" },
    { "/api/v1/settings", "GET", get_settings, "GET, PATCH" },
    { "/api/v1/settings", "PATCH", patch_settings, "GET, PATCH" },
    { "/api/v1/preview.jpg", "GET", get_preview, "GET" },
    { "/api/v1/events", "GET", get_events, "GET" },
    { "/api/v1/paused", "PUT", put_paused, "PUT" },
};

/* HEAD is GET without the body, which the server leaves out. */
static bool is_method(const struct route *route, const char *method)
{
    return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

static const struct route *find_route(const struct mface_request *request, const char **allow)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(routes[i].path, request->path) != 0)
            continue;
        *allow = routes[i].allow;
        if (is_method(&routes[i], request->method))
            return &routes[i];
    }
    return NULL;
}

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    return content_type && strncasecmp(content_type, json, sizeof json - 1) == 0 &&
           strchr("; ", content_type[sizeof json - 1]); // the end, or parameters
}

/* A link on another site may lead to the page, which does nothing by itself; nothing else of ours
 * may be asked for from there. */
static bool allows_origin(const struct mface_request *request)
{
    struct mface_guard_headers headers = request->headers;
    if (strcmp(request->path, "/") == 0)
        headers.fetch_site = NULL;
    return mface_guard_allows_origin(&headers);
}

static bool refuse(struct call *call)
{
    const struct mface_request *request = call->request;
    if (!mface_guard_allows_host(call->guard, request->headers.host))
        mface_answer_fail(call->answer, 403, "the Host header names another host", NULL);
    else if (!allows_origin(request))
        mface_answer_fail(call->answer, 403, "requests from other sites are refused", NULL);
    else if (!mface_guard_allows_token(call->guard, &request->headers))
        mface_answer_fail(call->answer, 401,
            "a token is needed: the start of the program printed an address that has it", NULL);
    else if (request->body_is_too_long)
        mface_answer_fail(call->answer, 413, "the body is longer than 16384 bytes", NULL);
    else
        return false;
    return true;
}

static void dispatch(struct call *call)
{
    const char *allow = NULL;
    const struct route *route = find_route(call->request, &allow);
    const bool has_body = route && strcmp(route->method, "GET") != 0;
    if (!route && allow)
        mface_answer_fail(call->answer, 405, "this address takes other methods", NULL);
    else if (!route)
        mface_answer_fail(call->answer, 404, "no such address", NULL);
    else if (has_body && !is_json(call->request->content_type))
        mface_answer_fail(call->answer, 415, "Content-Type must be application/json", NULL);
    else
        route->run(call);
    call->answer->allow = call->answer->status == 405 ? allow : NULL;
}

void mface_answer_make(struct mface_answer *answer, const struct mface_request *request,
    const struct mface_guard *guard, const struct mface_source *source,
    const struct mface_snapshot *snapshot)
{
    struct call call = { answer, request, guard, source, snapshot };
    *answer = (struct mface_answer) {
        .status = 200,
        .content_type = "application/json",
        .policy = "default-src 'none'; frame-ancestors 'none'",
    };
    if (!refuse(&call))
        dispatch(&call);
}

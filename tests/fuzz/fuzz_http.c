/* libFuzzer target: whatever a client sends, it gets an answer that is well formed, and nothing
 * that is refused changes a setting.
 *
 * The input is a request as text: "METHOD PATH", then "name: value" lines, an empty line, the body.
 * tools/fuzz.sh SECONDS BUILD http builds and runs it. */
#include "../unit/serve/fake_source.h"
#include "serve/route.h"

#include <jansson.h>
#include <memoface/log.h>
#include <stdlib.h>
#include <string.h>

struct field {
    const char *name;
    const char **target;
};

/* Cuts the text at the end of its line and returns what follows. */
static char *cut_line(char *text)
{
    char *end = strchr(text, '\n');
    if (!end)
        return text + strlen(text);
    *end = '\0';
    return end + 1;
}

static char *read_headers(struct mface_request *request, char *text)
{
    struct mface_guard_headers *headers = &request->headers;
    const struct field fields[] = { { "host", &headers->host }, { "origin", &headers->origin },
        { "site", &headers->fetch_site }, { "authorization", &headers->authorization },
        { "cookie", &headers->cookie }, { "token", &headers->token },
        { "type", &request->content_type }, { "side", &request->side },
        { "width", &request->width } };
    while (*text && *text != '\n') {
        char *line = text, *colon;
        text = cut_line(text);
        if (!(colon = strchr(line, ':')))
            continue;
        *colon = '\0';
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            if (strcmp(fields[i].name, line) == 0)
                *fields[i].target = colon + 1 + (colon[1] == ' ');
    }
    return *text ? text + 1 : text;
}

static struct mface_request read_request(char *text, size_t size)
{
    char *line = text;
    struct mface_request request = { .path = "", .headers = { .host = "127.0.0.1" } };
    text = cut_line(text);
    char *space = strchr(line, ' ');
    request.method = line;
    if (space) {
        *space = '\0';
        request.path = space + 1;
    }
    request.body = read_headers(&request, text);
    request.body_bytes = size - (size_t)(request.body - line);
    request.body_is_too_long = request.body_bytes > MFACE_REQUEST_BODY_MAX;
    return request;
}

static void check(const struct mface_answer *answer)
{
    if (answer->status < 200 || answer->status > 599 || !answer->content_type || !answer->policy)
        abort();
    if (answer->kind != MFACE_ANSWER_BODY)
        return;
    if (!answer->body)
        abort();
    if (strcmp(answer->content_type, "application/json") == 0) {
        json_t *root = json_loadb(answer->body, answer->body_bytes, 0, NULL);
        if (!root)
            abort();
        json_decref(root);
    }
}

static void ask(struct fake_session *session, const struct mface_guard *guard,
    const struct mface_request *request)
{
    const struct mface_source source = fake_source(session);
    const struct mface_snapshot snapshot = { 0 };
    struct mface_settings before, after;
    struct mface_answer answer;
    mface_control_get_settings(session->control, &before);
    mface_answer_make(&answer, request, guard, &source, &snapshot);
    mface_control_get_settings(session->control, &after);
    check(&answer);
    if (answer.status != 200 && memcmp(&before, &after, sizeof before) != 0)
        abort();
    mface_answer_clear(&answer);
}

static void silence(void *user, enum mface_log_level level, const char *message)
{
    (void)user, (void)level, (void)message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct mface_guard guards[] = {
        { .is_loopback = true, .cookie = "memoface-1" },
        { .hostname = "studio", .token = "abcdefgh", .cookie = "memoface-1" },
    };
    struct fake_session session = { 0 };
    struct mface_settings settings;
    mface_log_set(silence, NULL);
    mface_settings_init(&settings);
    if (mface_control_create(&settings, &session.control) != MFACE_OK)
        return 0;
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++) {
        char *text = malloc(size + 1);
        if (!text)
            break;
        memcpy(text, data, size);
        text[size] = '\0';
        const struct mface_request request = read_request(text, size);
        ask(&session, &guards[i], &request);
        free(text);
    }
    mface_control_free(&session.control);
    return 0;
}

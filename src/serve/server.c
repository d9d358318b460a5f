/* libmicrohttpd's side of a request: collects it, has it answered, sends the answer. */
#include "serve/server.h"

#include "serve/route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* One request on its way in. */
struct exchange {
    char *body;
    size_t body_bytes;
    bool body_is_too_long;
    struct mface_preview_job preview;
};

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const char *query(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static struct mface_request request_of(struct MHD_Connection *connection, const char *method,
    const char *path, const struct exchange *exchange)
{
    return (struct mface_request) {
        .method = method,
        .path = path,
        .headers = {
            .host = header(connection, "Host"),
            .origin = header(connection, "Origin"),
            .fetch_site = header(connection, "Sec-Fetch-Site"),
            .authorization = header(connection, "Authorization"),
            .cookie = header(connection, "Cookie"),
            .token = query(connection, "token"),
        },
        .content_type = header(connection, "Content-Type"),
        .side = query(connection, "side"),
        .width = query(connection, "width"),
        .body = exchange->body,
        .body_bytes = exchange->body_bytes,
        .body_is_too_long = exchange->body_is_too_long,
    };
}

static void add_headers(struct MHD_Response *response, const struct mface_answer *answer)
{
    const char *const pairs[][2] = {
        { "Content-Type", answer->content_type },
        { "Content-Security-Policy", answer->policy },
        { "Cache-Control", "no-store" },
        { "X-Content-Type-Options", "nosniff" },
        { "X-Frame-Options", "DENY" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
        { "Referrer-Policy", "no-referrer" },
        { "Allow", answer->allow },
        { "Set-Cookie", answer->cookie[0] ? answer->cookie : NULL },
        { "WWW-Authenticate", answer->status == 401 ? "Bearer" : NULL },
        { "Connection", answer->status == 413 ? "close" : NULL },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i][1])
            MHD_add_response_header(response, pairs[i][0], pairs[i][1]);
}

/* Takes `response`, which may be NULL. */
static enum MHD_Result send_response(struct MHD_Connection *connection,
    struct MHD_Response *response, const struct mface_answer *answer)
{
    if (!response)
        return MHD_NO;
    add_headers(response, answer);
    const enum MHD_Result result =
        MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_body(struct MHD_Connection *connection, struct mface_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(answer->body_bytes,
        answer->body, answer->is_static ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
    return send_response(connection, response, answer);
}

static enum MHD_Result send_failure(
    struct MHD_Connection *connection, struct mface_answer *answer, int status, const char *message)
{
    mface_answer_fail(answer, status, message, NULL);
    return send_body(connection, answer);
}

static enum MHD_Result send_events(
    struct mface_server *server, struct MHD_Connection *connection, struct mface_answer *answer)
{
    struct MHD_Response *response = mface_events_open(server, connection);
    return response ? send_response(connection, response, answer)
                    : send_failure(connection, answer, 503, "too many event streams are open");
}

/* Called again with the job done. */
static enum MHD_Result send_preview(struct mface_server *server, struct MHD_Connection *connection,
    struct mface_answer *answer, struct exchange *exchange)
{
    struct mface_preview_job *job = &exchange->preview;
    if (!job->is_done) {
        *job = (struct mface_preview_job) {
            .connection = connection, .side = answer->side, .width_px = answer->width_px
        };
        return mface_preview_submit(server, job)
                   ? MHD_YES
                   : send_failure(connection, answer, 503, "too many previews are asked for");
    }
    if (job->status == MFACE_ERR_NOENT)
        return send_failure(connection, answer, 503, "no frame has come by yet");
    if (job->status != MFACE_OK)
        return send_failure(connection, answer, 500, mface_status_str(job->status));
    struct MHD_Response *response =
        MHD_create_response_from_buffer(job->jpeg_bytes, job->jpeg, MHD_RESPMEM_MUST_COPY);
    char frame[24];
    snprintf(frame, sizeof frame, "%lld", (long long)job->frame);
    if (response)
        MHD_add_response_header(response, "Memoface-Frame", frame);
    return send_response(connection, response, answer);
}

static enum MHD_Result answer_request(struct mface_server *server,
    struct MHD_Connection *connection, const struct mface_request *request,
    struct exchange *exchange)
{
    struct mface_answer answer;
    struct mface_snapshot snapshot;
    pthread_mutex_lock(&server->lock);
    snapshot = server->snapshot;
    pthread_mutex_unlock(&server->lock);
    mface_answer_make(&answer, request, &server->guard, &server->source, &snapshot);
    enum MHD_Result result;
    if (answer.kind == MFACE_ANSWER_EVENTS)
        result = send_events(server, connection, &answer);
    else if (answer.kind == MFACE_ANSWER_PREVIEW)
        result = send_preview(server, connection, &answer, exchange);
    else
        result = send_body(connection, &answer);
    mface_answer_clear(&answer);
    return result;
}

/* A body that says it is too long is refused before it comes. */
static bool is_announced_too_long(struct MHD_Connection *connection)
{
    const char *length = header(connection, "Content-Length");
    return length && strtoull(length, NULL, 10) > MFACE_REQUEST_BODY_MAX;
}

/* One without a length is cut off. */
static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *bytes)
{
    if (exchange->body_bytes + *bytes > MFACE_REQUEST_BODY_MAX)
        return MHD_NO;
    char *body = realloc(exchange->body, exchange->body_bytes + *bytes);
    if (!body)
        return MHD_NO;
    memcpy(body + exchange->body_bytes, data, *bytes);
    exchange->body = body;
    exchange->body_bytes += *bytes;
    *bytes = 0;
    return MHD_YES;
}

/* Comes at least twice: for the headers, for pieces of the body, and when all is there. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_bytes, void **state)
{
    struct mface_server *server = user;
    struct exchange *exchange = *state;
    (void)version;
    if (!exchange) {
        *state = exchange = calloc(1, sizeof *exchange);
        if (!exchange)
            return MHD_NO;
        exchange->body_is_too_long = is_announced_too_long(connection);
        if (!exchange->body_is_too_long)
            return MHD_YES;
    } else if (*data_bytes > 0) {
        return take_body(exchange, data, data_bytes);
    }
    const struct mface_request request = request_of(connection, method, url, exchange);
    return answer_request(server, connection, &request, exchange);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *state;
    (void)user, (void)connection, (void)code;
    if (!exchange)
        return;
    free(exchange->body);
    mface_preview_free(&exchange->preview.jpeg);
    free(exchange);
    *state = NULL;
}

static void on_log(void *user, const char *format, va_list args)
{
    (void)user, (void)format, (void)args; // clients misbehave: that is no news
}

/* A quarter of the files this process may have open: the job must not run out of them. */
static unsigned clients_max(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > 4 * MFACE_CLIENTS_MAX)
        return MFACE_CLIENTS_MAX;
    return files.rlim_cur >= 32 ? (unsigned)files.rlim_cur / 4 : 8;
}

static struct MHD_Daemon *start_daemon(
    struct mface_server *server, const struct mface_address *address)
{
    const bool is_v6 = address->socket.ss_family == AF_INET6;
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG |
                           MHD_ALLOW_SUSPEND_RESUME | (is_v6 ? MHD_USE_IPv6 : 0);
    return MHD_start_daemon(flags, (uint16_t)mface_address_port(address), NULL, NULL, on_request,
        server, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_SOCK_ADDR,
        (const struct sockaddr *)&address->socket, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_CONNECTION_LIMIT, clients_max(), MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)MFACE_IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384,
        MHD_OPTION_END);
}

static void server_clear(struct mface_server *server)
{
    const int error = errno; // why it did not start
    pthread_cond_destroy(&server->preview_wanted);
    pthread_mutex_destroy(&server->lock);
    errno = error;
}

enum mface_status mface_server_start(struct mface_server *server, struct mface_address *address)
{
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->preview_wanted, NULL);
    errno = 0;
    server->daemon = start_daemon(server, address);
    if (!server->daemon) {
        server_clear(server);
        return MFACE_ERR_IO;
    }
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info)
        mface_address_set_port(address, info->port);
    if (pthread_create(&server->preview_thread, NULL, mface_preview_thread, server) == 0)
        return MFACE_OK;
    MHD_stop_daemon(server->daemon);
    server_clear(server);
    return MFACE_ERR_NOMEM;
}

/* Event streams have been woken to say that the job is over; who does not read is not waited for.
 */
static void let_events_end(struct mface_server *server)
{
    enum { STEP_MS = 5, MOST_MS = 1000 };
    const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
    for (int waited_ms = 0; waited_ms < MOST_MS; waited_ms += STEP_MS) {
        pthread_mutex_lock(&server->lock);
        const bool is_over = server->n_event_clients == 0;
        pthread_mutex_unlock(&server->lock);
        if (is_over)
            return;
        nanosleep(&step, NULL);
    }
}

void mface_server_stop(struct mface_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->is_stopping = true;
    mface_events_wake(server);
    pthread_cond_signal(&server->preview_wanted);
    pthread_mutex_unlock(&server->lock);
    pthread_join(server->preview_thread, NULL);
    let_events_end(server);
    MHD_stop_daemon(server->daemon);
    server_clear(server);
}

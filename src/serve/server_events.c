/* Server-sent events (HTML standard, section 9.2): one message a snapshot. */
#include "serve/route.h"
#include "serve/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mface_event_client {
    struct mface_server *server;
    struct MHD_Connection *connection;
    bool is_suspended; // by lock
    bool said_end;
    int64_t sequence; // of what was sent last
    char *text;       // message that is being sent
    size_t length, sent;
    struct mface_event_client *next;
};

/* What comes next: a message for a new snapshot, the end, or nothing yet. The client sleeps then
 * until the next snapshot; both under the lock, so that none is slept through. */
static bool prepare(struct mface_event_client *client, struct mface_snapshot *snapshot)
{
    struct mface_server *server = client->server;
    pthread_mutex_lock(&server->lock);
    *snapshot = server->snapshot;
    const bool is_stopping = server->is_stopping;
    const bool has_news = snapshot->sequence > client->sequence;
    if (!has_news && !is_stopping) {
        client->is_suspended = true;
        MHD_suspend_connection(client->connection);
    }
    pthread_mutex_unlock(&server->lock);
    return has_news || is_stopping;
}

static bool write_message(struct mface_event_client *client, const struct mface_snapshot *snapshot)
{
    const bool is_end = snapshot->sequence == client->sequence;
    char *stats = is_end ? strdup("{}\n") : mface_stats_text(&client->server->source, snapshot);
    client->sequence = snapshot->sequence;
    client->said_end = is_end;
    client->sent = 0;
    int length = -1;
    if (stats)
        length = asprintf(&client->text, "event: %s\nid: %lld\ndata: %s\n",
            is_end ? "end" : "stats", (long long)snapshot->sequence, stats);
    free(stats);
    client->length = length > 0 ? (size_t)length : 0;
    return length > 0;
}

static ssize_t read_events(void *user, uint64_t position, char *out, size_t max)
{
    struct mface_event_client *client = user;
    struct mface_snapshot snapshot;
    (void)position;
    if (client->sent == client->length) {
        free(client->text);
        client->text = NULL;
        client->length = client->sent = 0;
        if (client->said_end)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (!prepare(client, &snapshot))
            return 0;
        if (!write_message(client, &snapshot))
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    const size_t left = client->length - client->sent, n = left < max ? left : max;
    memcpy(out, client->text + client->sent, n);
    client->sent += n;
    return (ssize_t)n;
}

static void close_events(void *user)
{
    struct mface_event_client *client = user, **link;
    struct mface_server *server = client->server;
    pthread_mutex_lock(&server->lock);
    for (link = &server->event_clients; *link != client;)
        link = &(*link)->next;
    *link = client->next;
    server->n_event_clients--;
    pthread_mutex_unlock(&server->lock);
    free(client->text);
    free(client);
}

static bool add_client(struct mface_server *server, struct mface_event_client *client)
{
    pthread_mutex_lock(&server->lock);
    const bool has_room = server->n_event_clients < MFACE_EVENT_CLIENTS_MAX;
    if (has_room) {
        client->next = server->event_clients;
        server->event_clients = client;
        server->n_event_clients++;
    }
    pthread_mutex_unlock(&server->lock);
    return has_room;
}

struct MHD_Response *mface_events_open(
    struct mface_server *server, struct MHD_Connection *connection)
{
    enum { BLOCK_BYTES = 8192 };
    struct mface_event_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->server = server;
    client->connection = connection;
    if (!add_client(server, client)) {
        free(client);
        return NULL;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_events, client, close_events);
    if (!response)
        close_events(client);
    return response;
}

void mface_events_wake(struct mface_server *server)
{
    struct mface_event_client *client = server->event_clients;
    for (; client; client = client->next) {
        if (!client->is_suspended)
            continue;
        client->is_suspended = false;
        MHD_resume_connection(client->connection);
    }
}

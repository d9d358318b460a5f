/* The server: libmicrohttpd's one thread, and one more that makes previews.
 *
 *      job's thread ──publish──► snapshot ◄──read── server's thread ◄──► clients
 *                                                        │ suspended
 *                                                   preview's thread
 *
 * Every lock is held for a copy's time only. An event stream has no queue: a client that is ready
 * for more gets the newest snapshot, so a slow one misses some and costs nothing. */
#ifndef MFACE_SERVE_SERVER_H
#define MFACE_SERVE_SERVER_H

#include "serve/address.h"
#include "serve/guard.h"
#include "serve/source.h"

#include <microhttpd.h>
#include <pthread.h>

enum {
    MFACE_CLIENTS_MAX = 256, // fewer where the process may not open many files
    MFACE_EVENT_CLIENTS_MAX = 16,
    MFACE_PREVIEW_CLIENTS_MAX = 8,
    MFACE_IDLE_TIMEOUT_S = 5,
};

struct mface_event_client;
struct mface_preview_job;

struct mface_server {
    struct MHD_Daemon *daemon;
    struct mface_guard guard;
    struct mface_source source;

    pthread_mutex_t lock; // guards what follows
    struct mface_snapshot snapshot;
    bool is_stopping;
    struct mface_event_client *event_clients;
    int n_event_clients;
    /* Previews that wait to be made, oldest first. */
    struct mface_preview_job *preview_jobs;
    int n_preview_jobs;
    pthread_cond_t preview_wanted;
    pthread_t preview_thread;
};

/* Listens at `address`, whose port is filled in if it was 0. Of `server` guard and source are set.
 * MFACE_ERR_IO: the address is taken or not ours (errno says which); MFACE_ERR_NOMEM. Not
 * logged. */
MFACE_NODISCARD enum mface_status mface_server_start(
    struct mface_server *server, struct mface_address *address);
void mface_server_stop(struct mface_server *server);

/* server_events.c: a stream of snapshots for one client; NULL when there are too many. The response
 * owns what it needs. */
struct MHD_Response *mface_events_open(
    struct mface_server *server, struct MHD_Connection *connection);
void mface_events_wake(struct mface_server *server); // by lock

/* server_preview.c. The connection is suspended until the picture is there; false when too many
 * wait. The job is its owner's, who must call take() before it is gone. */
struct mface_preview_job {
    struct MHD_Connection *connection;
    enum mface_side side;
    int width_px;
    enum mface_status status;
    unsigned char *jpeg; // owned
    size_t jpeg_bytes;
    int64_t frame;
    bool is_done;
    struct mface_preview_job *next;
};
bool mface_preview_submit(struct mface_server *server, struct mface_preview_job *job);
void *mface_preview_thread(void *server);

#endif

/* Previews wait for a frame and take milliseconds to encode: on a thread of their own, while their
 * connections are suspended. */
#include "serve/server.h"

enum { WAIT_MS = 700 };

bool mface_preview_submit(struct mface_server *server, struct mface_preview_job *job)
{
    pthread_mutex_lock(&server->lock);
    const bool has_room =
        server->n_preview_jobs < MFACE_PREVIEW_CLIENTS_MAX && !server->is_stopping;
    if (has_room) {
        struct mface_preview_job **link = &server->preview_jobs;
        while (*link)
            link = &(*link)->next;
        *link = job;
        server->n_preview_jobs++;
        MHD_suspend_connection(job->connection);
        pthread_cond_signal(&server->preview_wanted);
    }
    pthread_mutex_unlock(&server->lock);
    return has_room;
}

/* The job stays in the list, and so counts, until it is done. */
static struct mface_preview_job *wait_for_job(struct mface_server *server)
{
    pthread_mutex_lock(&server->lock);
    while (!server->preview_jobs && !server->is_stopping)
        pthread_cond_wait(&server->preview_wanted, &server->lock);
    struct mface_preview_job *job = server->preview_jobs;
    pthread_mutex_unlock(&server->lock);
    return job;
}

static void run_job(struct mface_server *server, struct mface_preview_job *job, bool is_stopping)
{
    job->status = is_stopping
                      ? MFACE_ERR_NOENT
                      : server->source.preview(server->source.user, job->side, job->width_px,
                            WAIT_MS, &job->jpeg, &job->jpeg_bytes, &job->frame);
    pthread_mutex_lock(&server->lock);
    server->preview_jobs = job->next;
    server->n_preview_jobs--;
    job->is_done = true;
    MHD_resume_connection(job->connection); // from here on the job is the connection's
    pthread_mutex_unlock(&server->lock);
}

void *mface_preview_thread(void *arg)
{
    struct mface_server *server = arg;
    struct mface_preview_job *job;
    while ((job = wait_for_job(server))) {
        pthread_mutex_lock(&server->lock);
        const bool is_stopping = server->is_stopping;
        pthread_mutex_unlock(&server->lock);
        run_job(server, job, is_stopping);
    }
    return NULL;
}

/* A worker pool and a bounded queue, each one mutex and the conditions that guard its list. */
#include "base/thread.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

struct job {
    struct job *next;
    mface_pool_fn fn;
    void *arg;
};

struct worker {
    struct mface_pool *pool;
    pthread_t thread;
    int index;
};

struct mface_pool {
    char name[16];
    pthread_mutex_t lock; // guards the list and `closed`
    pthread_cond_t wake;  // the list grew, or closed
    struct job *head, **tail;
    bool closed;
    int n_workers;
    struct worker workers[];
};

/* The next job, or NULL once the pool is closed and empty. */
static struct job *take_job(struct mface_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (!pool->head && !pool->closed)
        pthread_cond_wait(&pool->wake, &pool->lock);
    struct job *job = pool->head;
    if (job) {
        pool->head = job->next;
        if (!pool->head)
            pool->tail = &pool->head;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void *run_worker(void *arg)
{
    struct worker *worker = arg;
    pthread_setname_np(pthread_self(), worker->pool->name);
    struct job *job;
    while ((job = take_job(worker->pool))) {
        job->fn(job->arg, worker->index);
        mface_mem_free(job);
    }
    return NULL;
}

enum mface_status mface_pool_create(const char *name, int n_threads, struct mface_pool **out)
{
    assert(n_threads >= 1);
    struct mface_pool *pool =
        mface_mem_calloc(1, sizeof *pool + (size_t)n_threads * sizeof pool->workers[0]);
    if (!pool)
        return mface_fail_nomem("worker pool");
    snprintf(pool->name, sizeof pool->name, "%s", name);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->tail = &pool->head;
    for (int i = 0; i < n_threads; i++) {
        struct worker *worker = &pool->workers[i];
        *worker = (struct worker) { .pool = pool, .index = i };
        if (pthread_create(&worker->thread, NULL, run_worker, worker) != 0) {
            mface_pool_free(&pool);
            return mface_fail(MFACE_ERR_NOMEM, "cannot start %d worker threads", n_threads);
        }
        pool->n_workers++;
    }
    *out = pool;
    return MFACE_OK;
}

void mface_pool_free(struct mface_pool **pool_ptr)
{
    struct mface_pool *pool = *pool_ptr;
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closed = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->n_workers; i++)
        pthread_join(pool->workers[i].thread, NULL);
    assert(!pool->head);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    mface_mem_free(pool);
    *pool_ptr = NULL;
}

enum mface_status mface_pool_submit(struct mface_pool *pool, mface_pool_fn fn, void *arg)
{
    struct job *job = mface_mem_alloc(sizeof *job);
    if (!job)
        return mface_fail_nomem("worker pool");
    *job = (struct job) { .fn = fn, .arg = arg };
    pthread_mutex_lock(&pool->lock);
    *pool->tail = job;
    pool->tail = &job->next;
    pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    return MFACE_OK;
}

struct mface_queue {
    pthread_mutex_t lock; // guards everything below
    pthread_cond_t room, item;
    size_t capacity, head, n;
    bool closed;
    void *items[]; // a ring: n items from `head` on
};

enum mface_status mface_queue_create(size_t capacity, struct mface_queue **out)
{
    assert(capacity >= 1);
    struct mface_queue *queue =
        mface_mem_calloc(1, sizeof *queue + capacity * sizeof queue->items[0]);
    if (!queue)
        return mface_fail_nomem("queue");
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->room, NULL);
    pthread_cond_init(&queue->item, NULL);
    queue->capacity = capacity;
    *out = queue;
    return MFACE_OK;
}

void mface_queue_free(struct mface_queue **queue_ptr)
{
    struct mface_queue *queue = *queue_ptr;
    if (!queue)
        return;
    pthread_cond_destroy(&queue->item);
    pthread_cond_destroy(&queue->room);
    pthread_mutex_destroy(&queue->lock);
    mface_mem_free(queue);
    *queue_ptr = NULL;
}

enum mface_status mface_queue_push(struct mface_queue *queue, void *item)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->n == queue->capacity && !queue->closed)
        pthread_cond_wait(&queue->room, &queue->lock);
    const bool open = !queue->closed;
    if (open) {
        queue->items[(queue->head + queue->n++) % queue->capacity] = item;
        pthread_cond_signal(&queue->item);
    }
    pthread_mutex_unlock(&queue->lock);
    return open ? MFACE_OK : MFACE_ERR_CANCELED;
}

enum mface_status mface_queue_pop(struct mface_queue *queue, void **item)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->n == 0 && !queue->closed)
        pthread_cond_wait(&queue->item, &queue->lock);
    const bool any = queue->n > 0;
    if (any) {
        *item = queue->items[queue->head];
        queue->head = (queue->head + 1) % queue->capacity;
        queue->n--;
        pthread_cond_signal(&queue->room);
    }
    pthread_mutex_unlock(&queue->lock);
    return any ? MFACE_OK : MFACE_ERR_EOF;
}

void mface_queue_close(struct mface_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->room);
    pthread_cond_broadcast(&queue->item);
    pthread_mutex_unlock(&queue->lock);
}

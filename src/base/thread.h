/* Threads: a worker pool and a bounded queue. Everything else uses pthreads and C11 atomics
 * directly. */
#ifndef MFACE_BASE_THREAD_H
#define MFACE_BASE_THREAD_H

#include <memoface/status.h>
#include <stddef.h>

/* A fixed set of threads that run jobs in the order they were submitted. */
struct mface_pool;

/* Runs on one of the pool's threads; `worker` is 0 ≤ worker < n_threads and stays the same for
 * the life of the thread, so that a worker can own scratch memory. */
typedef void (*mface_pool_fn)(void *arg, int worker);

/* Starts `n_threads` ≥ 1 threads named `name` (15 characters are shown by the system).
 * Returns MFACE_OK or MFACE_ERR_NOMEM (also when the system refuses threads); caller frees. */
MFACE_NODISCARD enum mface_status mface_pool_create(
    const char *name, int n_threads, struct mface_pool **out);

/* Runs every job submitted so far, stops the threads and nulls the pointer. NULL is accepted. */
void mface_pool_free(struct mface_pool **pool);

/* Hands over a job; never blocks, bounded only by memory. `arg` is borrowed until fn returns.
 * Thread-safe; a job may submit jobs. */
MFACE_NODISCARD enum mface_status mface_pool_submit(
    struct mface_pool *pool, mface_pool_fn fn, void *arg);

/* A bounded first-in first-out queue of pointers between threads. */
struct mface_queue;

MFACE_NODISCARD enum mface_status mface_queue_create(size_t capacity, struct mface_queue **out);
void mface_queue_free(struct mface_queue **queue); // items left inside are not touched

/* Waits for room. MFACE_OK, or MFACE_ERR_CANCELED once the queue is closed. */
MFACE_NODISCARD enum mface_status mface_queue_push(struct mface_queue *queue, void *item);

/* Waits for an item. MFACE_OK; MFACE_ERR_EOF when the queue is closed and empty. */
MFACE_NODISCARD enum mface_status mface_queue_pop(struct mface_queue *queue, void **item);

/* No further pushes; pops drain what is left. Wakes every waiter. */
void mface_queue_close(struct mface_queue *queue);

#endif

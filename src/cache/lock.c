/* See lock.h. */
#include "cache/lock.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPINS = 100 }; // with the processor's pause: 2 to 5 µs

static void pause_briefly(void)
{
#if defined __x86_64__
    __builtin_ia32_pause();
#endif
}

/* Errors are wake-ups: every caller looks again. */
static void sleep_while(_Atomic uint32_t *word, uint32_t value)
{
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int n_threads)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n_threads, NULL, NULL, 0);
}

static int spin_and_take(struct cache_lock *lock)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t state = atomic_load_explicit(&lock->state, memory_order_relaxed);
        if (state == CACHE_LOCK_OPEN &&
            atomic_compare_exchange_weak_explicit(
                &lock->state, &state, CACHE_LOCK_HELD, memory_order_acquire, memory_order_relaxed))
            return 1;
        pause_briefly();
    }
    return 0;
}

/* Who slept takes the lock as AWAITED: it cannot know whether others still sleep. */
void cache_lock_wait(struct cache_lock *lock)
{
    if (spin_and_take(lock))
        return;
    while (atomic_exchange_explicit(&lock->state, CACHE_LOCK_AWAITED, memory_order_acquire) !=
           CACHE_LOCK_OPEN)
        sleep_while(&lock->state, CACHE_LOCK_AWAITED);
}

void cache_lock_wake(struct cache_lock *lock)
{
    wake(&lock->state, 1);
}

/* Rings happen under the lock, so none can fall between reading the count and giving the lock. */
void cache_bell_wait(struct cache_bell *bell, struct cache_lock *lock)
{
    const uint32_t n_rings = atomic_load_explicit(&bell->n_rings, memory_order_relaxed);
    cache_lock_give(lock);
    sleep_while(&bell->n_rings, n_rings);
    cache_lock_take(lock);
}

void cache_bell_ring(struct cache_bell *bell)
{
    atomic_fetch_add_explicit(&bell->n_rings, 1, memory_order_relaxed);
    wake(&bell->n_rings, INT_MAX);
}

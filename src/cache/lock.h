/* The cache's lock, and a bell to wait by while not holding it.
 *
 * Critical sections here take a few hundred nanoseconds, putting a thread to sleep and waking it
 * takes ten times that. With the C library's mutex, which sleeps at once, two threads that inserted
 * all the time spent two fifths of their time in the kernel. So a waiter spins for as long as a
 * section or two may last, without writing to the lock's cache line, and sleeps only then: its
 * holder was probably interrupted.
 *
 * Zeroed memory is an open lock. Linux futexes: https://man7.org/linux/man-pages/man2/futex.2.html;
 * the three states are those of Drepper, "Futexes Are Tricky", 2011, section 5. */
#ifndef MFACE_CACHE_LOCK_H
#define MFACE_CACHE_LOCK_H

#include <stdatomic.h>
#include <stdint.h>

enum { CACHE_LOCK_OPEN, CACHE_LOCK_HELD, CACHE_LOCK_AWAITED }; // awaited: held, someone may sleep

struct cache_lock {
    _Atomic uint32_t state;
};

void cache_lock_wait(struct cache_lock *lock); // takes it when it was not open
void cache_lock_wake(struct cache_lock *lock);

static inline void cache_lock_take(struct cache_lock *lock)
{
    uint32_t open = CACHE_LOCK_OPEN;
    if (__builtin_expect(!atomic_compare_exchange_strong_explicit(&lock->state, &open,
                             CACHE_LOCK_HELD, memory_order_acquire, memory_order_relaxed),
            0))
        cache_lock_wait(lock);
}

static inline void cache_lock_give(struct cache_lock *lock)
{
    if (__builtin_expect(atomic_exchange_explicit(&lock->state, CACHE_LOCK_OPEN,
                             memory_order_release) == CACHE_LOCK_AWAITED,
            0))
        cache_lock_wake(lock);
}

/* What a condition variable is to a mutex. */
struct cache_bell {
    _Atomic uint32_t n_rings;
};

/* Gives the lock, waits for the next ring after this call, takes the lock; may return early. */
void cache_bell_wait(struct cache_bell *bell, struct cache_lock *lock);
void cache_bell_ring(struct cache_bell *bell); // under the lock: wakes all

#endif

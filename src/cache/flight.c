/* Single flight: keys being loaded, and the threads that wait for them.
 *
 * Between begin and the end of a load its key has a flight. Commit hands every waiter its own
 * reference, so a waiter gets the blob even if it would be evicted at once. */
#include "base/mem.h"
#include "cache/internal.h"

#include <assert.h>

/* Owned by the shard while the load runs, then by the last waiter. */
struct cache_flight {
    struct cache_flight *next;
    struct mface_key key;
    int n_waiters;
    bool done;
    enum mface_status status; // of the load, once done
    struct mface_blob *blob;  // once done: carries one reference per waiter; NULL if aborted
};

static struct cache_flight **find_link(struct cache_shard *shard, struct mface_key key)
{
    struct cache_flight **link = &shard->flights;
    while (*link && !mface_key_equal((*link)->key, key))
        link = &(*link)->next;
    return link;
}

struct cache_flight *cache_flight_find(struct cache_shard *shard, struct mface_key key)
{
    return *find_link(shard, key);
}

/* One is kept for the next load, so that a thread that loads and loads allocates nothing. */
static void recycle(struct cache_shard *shard, struct cache_flight *flight)
{
    mface_mem_free(shard->spare);
    shard->spare = flight;
}

bool cache_flight_start(struct cache_shard *shard, struct mface_key key)
{
    struct cache_flight *flight = shard->spare;
    shard->spare = NULL;
    if (!flight)
        flight = mface_mem_alloc(sizeof *flight);
    if (!flight)
        return false;
    *flight = (struct cache_flight) { .key = key, .next = shard->flights };
    shard->flights = flight;
    return true;
}

enum mface_status cache_flight_wait(
    struct cache_shard *shard, struct cache_flight *flight, struct mface_blob **blob)
{
    flight->n_waiters++;
    while (!flight->done)
        cache_bell_wait(&shard->landed, &shard->lock);
    *blob = flight->blob;
    const enum mface_status status = flight->status;
    if (--flight->n_waiters == 0)
        recycle(shard, flight);
    return status;
}

int cache_flight_land(struct cache_shard *shard, struct mface_key key, struct mface_blob *blob,
    enum mface_status status)
{
    struct cache_flight **link = find_link(shard, key), *flight = *link;
    assert(flight && "commit or abort without begin");
    *link = flight->next;
    if (flight->n_waiters == 0) {
        recycle(shard, flight);
        return 0;
    }
    flight->done = true;
    flight->status = status;
    flight->blob = blob;
    cache_bell_ring(&shard->landed);
    return flight->n_waiters;
}

void cache_flight_clear(struct cache_shard *shard)
{
    assert(!shard->flights && "a load outlives the cache");
    mface_mem_free(shard->spare);
}

/* Smart: GreedyDual on the cost per byte, in rings, each of which resists scans.
 *
 * Worth. Each class of entries (a stage) has a price: microseconds of computation per byte, an
 * average that follows what the loads took lately. An entry is worth floor + price when it comes
 * and again whenever it is found to have been used. The entry of least worth goes, and the floor
 * rises towards what it was worth; so a dear entry outlives many cheap ones, but not for ever
 * (GreedyDual: Young 1994; by cost and size: Cao and Irani 1997). GreedyDual lifts the floor to the
 * victim's worth at once, so a small stock of cheap entries that turns over quickly ages the dear
 * ones just as quickly: over a clip re-rendered at 1 GB that saved 13 % of what could be saved.
 * Here the floor rises by the victim's price times its part of all bytes, a tenth of what one
 * turnover of the whole cache would give: 95 %. (A quarter lets go of a clip five times the budget
 * before it comes round; between a tenth and a fiftieth nothing changes.)
 *
 * Rings. Prices are sorted into 32 rings, a factor of two each. Inside a ring the order of coming
 * is the order of worth, so the least worth of all is at the head of some ring: a choice among 32
 * heads instead of a heap of all entries. A hit only marks the entry; one found marked at a head
 * goes to the tail (CLOCK).
 *
 * Scans. A video played again and again through a cache too small for it hits nothing under LRU or
 * CLOCK: each entry goes just before it is wanted. So a ring has two queues. While the ring grows,
 * entries join `main`. Once entries must go for others to come, newcomers pass `trial`, and it is
 * trial that gives way when it exceeds its share, so that most of main stays and is hit in each
 * round. What is hit on trial joins main. What comes back after its trial joins main if it was last
 * used later than the oldest of main (a reuse distance that main would have covered, as in LIRS:
 * Jiang and Zhang 2002; in a pure cycle that is never so), and then the share of trial grows; what
 * comes back after leaving main lets it shrink (as in ARC: Megiddo and Modha 2003).
 *
 * Heirs. Who finds a finished face asks for nothing that it was made from, and it is smaller than
 * the swap it hides; but a change of settings makes it worthless and the swap not. So the swap is
 * the one to keep, by its price, until a result comes back: computed once more under a key that
 * was evicted before. Then it takes the place of its inputs, with their price and queue, if it is
 * smaller than they are, and they become worth nothing. A clip played three times at 1 GB then
 * saves 92 % instead of 85 %. Where results are made under new keys from inputs that were found,
 * settings are being changed, and inputs are what to keep: one such in eight stops all inheritance
 * (any number from 4 to 64 serves as well; without the rule a session of both loses a fifth). */
#include "base/mem.h"
#include "cache/ghost.h"
#include "cache/policy.h"

#include <math.h>

enum { N_RINGS = 32, MIDDLE_RING = 16, MAX_ROTATIONS = 32, FIT_EVERY = 64 };
enum { TRIAL, MAIN, N_QUEUES };

/* An entry's place: its queue, the class whose price it has, and two facts. */
enum {
    N_PLACES = N_RINGS * N_QUEUES,
    RANK_SHIFT = 8,
    WAS_FOUND = 1 << 16, // at least one hit
    WAS_MADE = 1 << 17,  // from other entries
};

/* Results made again from inputs that were found, while one in so many is new: settings change. */
enum { SAME_PER_NEW = 8 };

static const double SHARE_INITIAL = 0.03, SHARE_MIN = 0.01, SHARE_MAX = 0.9;
static const double AGEING = 0.1;            // of GreedyDual's, spread over all bytes
static const double PRICE_DECAY = 31.0 / 32; // of the sums, at each load of the class
static const double OVERHEAD_BYTES = 96;     // so that tiny entries are not beyond price

struct ring {
    struct cache_list queues[N_QUEUES];
    double share;       // of the ring's bytes that trial may keep
    int64_t full_bytes; // of the ring when it last gave a victim
};

struct price {
    double cost_us, bytes; // decayed sums
};

struct smart {
    struct cache_policy base;
    struct ring rings[N_RINGS];
    struct price prices[MFACE_CACHE_CLASSES_MAX];
    double floor;
    double n_same, n_new;     // results made: seen before, and new although their inputs were found
    struct cache_ghost made;  // entries that others were the inputs of
    struct cache_ghost ghost; // time: of the last use; mark: left from main
};

static struct cache_policy *smart_create(struct mface_blob *entries)
{
    struct smart *smart = mface_mem_calloc(1, sizeof *smart);
    if (!smart)
        return NULL;
    smart->base.ops = &cache_policy_smart;
    smart->base.entries = entries;
    for (int i = 0; i < N_RINGS; i++)
        smart->rings[i].share = SHARE_INITIAL;
    return &smart->base;
}

static void smart_free(struct cache_policy *policy)
{
    struct smart *smart = (struct smart *)policy;
    cache_ghost_clear(&smart->ghost);
    cache_ghost_clear(&smart->made);
    mface_mem_free(policy);
}

static void learn_price(struct smart *smart, const struct mface_blob *entry)
{
    struct price *price = &smart->prices[entry->cls];
    price->cost_us = price->cost_us * PRICE_DECAY + entry->cost_us;
    price->bytes = price->bytes * PRICE_DECAY + (double)entry->size + OVERHEAD_BYTES;
}

static double price_of(const struct smart *smart, unsigned cls)
{
    return smart->prices[cls].cost_us / smart->prices[cls].bytes;
}

static uint32_t ring_of(double price)
{
    if (!(price > 0))
        return 0;
    const int ring = ilogb(price) + MIDDLE_RING;
    return ring < 0 ? 0 : ring >= N_RINGS ? N_RINGS - 1 : (uint32_t)ring;
}

static int64_t ring_bytes(const struct ring *ring)
{
    return ring->queues[TRIAL].bytes + ring->queues[MAIN].bytes;
}

static unsigned ring_at(const struct mface_blob *entry)
{
    return entry->place % N_PLACES / N_QUEUES;
}

static unsigned queue_at(const struct mface_blob *entry)
{
    return entry->place % N_QUEUES;
}

static unsigned rank_of(const struct mface_blob *entry)
{
    return entry->place >> RANK_SHIFT & (MFACE_CACHE_CLASSES_MAX - 1);
}

static struct cache_list *list_of(struct smart *smart, const struct mface_blob *entry)
{
    return &smart->rings[ring_at(entry)].queues[queue_at(entry)];
}

/* Puts an entry at the tail it belongs to by that price. */
static void append_at(struct smart *smart, struct mface_blob *entry, double price, unsigned queue)
{
    entry->worth = smart->floor + price;
    entry->place = (entry->place & ~(uint32_t)(N_PLACES - 1)) | (ring_of(price) * N_QUEUES + queue);
    cache_list_append(list_of(smart, entry), smart->base.entries, entry);
}

static void append(struct smart *smart, struct mface_blob *entry, unsigned queue)
{
    append_at(smart, entry, price_of(smart, rank_of(entry)), queue);
}

static void detach(struct smart *smart, struct mface_blob *entry)
{
    cache_list_remove(list_of(smart, entry), smart->base.entries, entry);
}

/* Used since it was last looked at: it begins anew, in main. */
static void renew(struct smart *smart, struct mface_blob *entry)
{
    detach(smart, entry);
    cache_entry_clear_hits(entry);
    entry->place |= WAS_FOUND;
    append(smart, entry, MAIN);
}

/* Moves used entries away from the head of a queue. The head, or NULL when the queue is empty or
 * all that was looked at is pinned. */
static struct mface_blob *settle(struct smart *smart, struct cache_list *list, int64_t n_max)
{
    struct mface_blob *entry = NULL;
    for (int64_t i = 0; i < n_max && list->n; i++) {
        entry = &smart->base.entries[list->oldest];
        const bool pinned = cache_entry_is_pinned(entry);
        if (!pinned && !cache_entry_hits(entry))
            return entry;
        renew(smart, entry);
    }
    return NULL;
}

/* Whether what was last used at `time` would still be in main had it been there. */
static bool main_would_hold(struct smart *smart, struct ring *ring, uint32_t time)
{
    struct cache_list *main = &ring->queues[MAIN];
    (void)settle(smart, main, MAX_ROTATIONS);
    return !main->n ||
           (int32_t)(time - cache_entry_last_use(&smart->base.entries[main->oldest])) > 0;
}

static void move_share(struct ring *ring, double bytes)
{
    const double share = ring->share + bytes / ((double)ring_bytes(ring) + 1);
    ring->share = share < SHARE_MIN ? SHARE_MIN : share > SHARE_MAX ? SHARE_MAX : share;
}

/* Far from the size at which it last gave a victim, a ring is growing: into a new cache, a larger
 * budget, or the place of cheaper ones. */
static bool is_growing(const struct ring *ring, int64_t size)
{
    const int64_t slack = ring->full_bytes / 16 + size, bytes = ring_bytes(ring) + size;
    return !ring->full_bytes || bytes > ring->full_bytes + slack ||
           bytes < ring->full_bytes - slack;
}

static unsigned queue_for(struct smart *smart, struct mface_blob *entry)
{
    struct ring *ring = &smart->rings[ring_of(price_of(smart, entry->cls))];
    uint32_t last_use;
    bool was_main;
    entry->place = (uint32_t)entry->cls << RANK_SHIFT;
    if (cache_ghost_take(&smart->ghost, entry->key, &last_use, &was_main) &&
        main_would_hold(smart, ring, last_use)) {
        move_share(ring, was_main ? -(double)entry->size : (double)entry->size);
        return MAIN;
    }
    return is_growing(ring, (int64_t)entry->size) ? MAIN : TRIAL;
}

static int64_t n_entries(const struct smart *smart)
{
    int64_t n = 0;
    for (int i = 0; i < N_RINGS; i++)
        n += smart->rings[i].queues[TRIAL].n + smart->rings[i].queues[MAIN].n;
    return n;
}

static void smart_insert(struct cache_policy *policy, struct mface_blob *entry)
{
    struct smart *smart = (struct smart *)policy;
    cache_policy_tick(policy);
    learn_price(smart, entry);
    append(smart, entry, queue_for(smart, entry));
    if (cache_policy_now(policy) % FIT_EVERY == 0)
        cache_ghost_fit(&smart->ghost, n_entries(smart));
}

static void smart_remove(struct cache_policy *policy, struct mface_blob *entry)
{
    struct smart *smart = (struct smart *)policy;
    if (entry->place & WAS_MADE)
        cache_ghost_put(&smart->made, entry->key, cache_entry_last_use(entry), false);
    cache_ghost_put(
        &smart->ghost, entry->key, cache_entry_last_use(entry), queue_at(entry) == MAIN);
    detach(smart, entry);
}

/* The less worthy of a ring's two heads. */
static double ring_worth(const struct smart *smart, const struct ring *ring)
{
    double worth = INFINITY;
    for (int i = 0; i < N_QUEUES; i++)
        if (ring->queues[i].n)
            worth = fmin(worth, smart->base.entries[ring->queues[i].oldest].worth);
    return worth;
}

static struct mface_blob *ring_victim(struct smart *smart, struct ring *ring)
{
    struct cache_list *trial = &ring->queues[TRIAL], *main = &ring->queues[MAIN];
    const bool trial_is_full =
        (double)trial->bytes >= ring->share * (double)ring_bytes(ring) || !main->n;
    struct mface_blob *victim = NULL;
    if (trial_is_full)
        victim = settle(smart, trial, trial->n);
    if (!victim)
        victim = settle(smart, main, 2 * main->n);
    if (!victim)
        victim = settle(smart, trial, trial->n);
    return victim;
}

/* Ring of the least worth among those not yet tried. */
static int poorest(struct smart *smart, uint32_t tried, double *worth)
{
    int best = -1;
    *worth = INFINITY;
    for (int i = 0; i < N_RINGS; i++) {
        struct ring *ring = &smart->rings[i];
        if (tried >> i & 1 || !(ring->queues[TRIAL].n + ring->queues[MAIN].n))
            continue;
        (void)settle(smart, &ring->queues[MAIN], MAX_ROTATIONS);
        const double own = ring_worth(smart, ring);
        if (own < *worth) {
            *worth = own;
            best = i;
        }
    }
    return best;
}

static int64_t all_bytes(const struct smart *smart)
{
    int64_t bytes = 0;
    for (int i = 0; i < N_RINGS; i++)
        bytes += ring_bytes(&smart->rings[i]);
    return bytes;
}

static void raise_floor(struct smart *smart, const struct mface_blob *victim, double worth)
{
    const double part = (double)victim->size / (double)all_bytes(smart);
    const double step = AGEING * price_of(smart, rank_of(victim)) * part;
    smart->floor = fmin(fmax(smart->floor, worth), smart->floor + step);
}

/* The poorest ring's, or the next one's where all are pinned. */
static struct mface_blob *find_victim(struct smart *smart)
{
    double worth;
    int i;
    for (uint32_t tried = 0; (i = poorest(smart, tried, &worth)) >= 0; tried |= 1u << i) {
        struct mface_blob *victim = ring_victim(smart, &smart->rings[i]);
        if (!victim)
            continue;
        raise_floor(smart, victim, worth);
        struct ring *home = &smart->rings[ring_at(victim)];
        home->full_bytes = ring_bytes(home);
        return victim;
    }
    return NULL;
}

/* Used entries whose price has changed move to rings that were perhaps looked at before; a second
 * look finds them there. */
static struct mface_blob *smart_victim(struct cache_policy *policy)
{
    struct smart *smart = (struct smart *)policy;
    struct mface_blob *victim = find_victim(smart);
    return victim ? victim : find_victim(smart);
}

/* Notes that an entry was made from others. Whether it was here before, and settings seem to rest.
 */
static bool comes_back(struct smart *smart, struct mface_blob *made, const struct mface_blob *from)
{
    uint32_t time;
    bool mark;
    if (!smart->made.n_buckets || cache_policy_now(&smart->base) % FIT_EVERY == 0)
        cache_ghost_fit(&smart->made, 2 * n_entries(smart));
    made->place |= WAS_MADE;
    if (cache_ghost_take(&smart->made, made->key, &time, &mark)) {
        smart->n_same++;
        return smart->n_new * SAME_PER_NEW <= smart->n_same;
    }
    if (cache_entry_hits(from) || from->place & WAS_FOUND)
        smart->n_new++;
    return false;
}

static void smart_inherit(
    struct cache_policy *policy, struct mface_blob *heir, struct mface_blob *const *from, int n)
{
    struct smart *smart = (struct smart *)policy;
    const unsigned rank = rank_of(from[0]), queue = queue_at(from[0]);
    uint64_t size = 0;
    for (int i = 0; i < n; i++)
        size += from[i]->size;
    if (!comes_back(smart, heir, from[0]) || heir->size > size ||
        price_of(smart, rank) <= price_of(smart, rank_of(heir)))
        return;
    detach(smart, heir);
    heir->place = WAS_MADE | rank << RANK_SHIFT;
    append(smart, heir, queue);
    for (int i = 0; i < n; i++) {
        detach(smart, from[i]);
        cache_entry_clear_hits(from[i]);
        append_at(smart, from[i], 0, MAIN);
    }
}

static int64_t smart_bytes(const struct cache_policy *policy)
{
    const struct smart *smart = (const struct smart *)policy;
    return (int64_t)sizeof *smart + cache_ghost_bytes(&smart->ghost) +
           cache_ghost_bytes(&smart->made);
}

const struct cache_policy_ops cache_policy_smart = {
    .name = "smart",
    .create = smart_create,
    .free = smart_free,
    .insert = smart_insert,
    .remove = smart_remove,
    .victim = smart_victim,
    .inherit = smart_inherit,
    .bytes = smart_bytes,
};

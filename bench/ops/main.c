/* cache-ops: operations per second of the cache beside its peers, as JSON.
 *
 *     cache-ops [--seconds S] [--rounds N] [--threads N] [--inserts PERCENT] [--caches N]
 *
 * 100,000 entries of 1 KB are asked for at random; every so often a new one is put in (one in 20,
 * or every other operation), which pushes one out; what is asked for and gone is put back. A few
 * rounds, the caches taking turns, medians. A cache that hits less puts back more often: `ops` are
 * what was asked for, `calls` count that work too. Then what one hit takes, what an entry takes
 * beside its bytes, and how long memory takes to return when 2 GB become 512 MB. With --threads
 * or --inserts only the mixes of that kind; with --caches only the first so many (1: ours, for a
 * profiler). */
#include "backend.h"

#include "base/cpu.h"
#include <memoface/cache.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_ENTRIES = 100000,
    ENTRY_BYTES = 1024,
    BUDGET_BYTES = (N_ENTRIES + N_ENTRIES / 4) * (ENTRY_BYTES + 128),
    N_BACKENDS_MAX = 3,
    N_THREADS_MAX = 4,
    N_ROUNDS_MAX = 31,
    BATCH = 256,
};

static const struct backend *const backends[] = {
    &backend_ours,
#if HAVE_ROCKSDB
    &backend_hcc,
    &backend_lru,
#endif
};
enum { N_BACKENDS = sizeof backends / sizeof backends[0] };

static const int thread_counts[] = { 1, 2, 4 };
static const int insert_percents[] = { 5, 50 };

struct options {
    double seconds;
    int n_rounds;
    int n_threads, insert_percent; // 0: each
    int n_backends;                // the first so many
};

struct worker {
    const struct backend *backend;
    void *cache;
    const atomic_bool *stop;
    uint64_t seed;
    int index, insert_percent;
    int64_t n_ops, n_gets, n_hits;
    uint64_t n_inserted; // new ones; n_gets - n_hits were put back
};

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

static void one_op(struct worker *worker)
{
    const uint64_t dice = next(&worker->seed);
    if ((int)(dice % 100) < worker->insert_percent) {
        const uint64_t fresh = ((uint64_t)worker->index + 1) << 40 | worker->n_inserted++;
        worker->backend->insert(worker->cache, fresh, ENTRY_BYTES);
        return;
    }
    const uint64_t n = (dice >> 20) % N_ENTRIES;
    const bool hit = worker->backend->get(worker->cache, n);
    worker->n_gets++;
    worker->n_hits += hit;
    if (!hit)
        worker->backend->insert(worker->cache, n, ENTRY_BYTES);
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    while (!atomic_load_explicit(worker->stop, memory_order_relaxed)) {
        for (int i = 0; i < BATCH; i++)
            one_op(worker);
        worker->n_ops += BATCH;
    }
    return NULL;
}

struct rate {
    double ops_per_s, calls_per_op, hit_rate;
};

static void *filled(const struct backend *backend)
{
    void *cache = backend->open(BUDGET_BYTES, ENTRY_BYTES);
    if (!cache) {
        fprintf(stderr, "%s: cannot be made\n", backend->name);
        exit(1);
    }
    for (uint64_t n = 0; n < N_ENTRIES; n++)
        backend->insert(cache, n, ENTRY_BYTES);
    return cache;
}

/* From the first operation on, what comes pushes something out. */
static void fill_up(const struct backend *backend, void *cache)
{
    for (uint64_t n = 0; n < N_ENTRIES / 2; n++)
        backend->insert(cache, UINT64_MAX - n, ENTRY_BYTES);
}

static struct rate measure(
    const struct backend *backend, int n_threads, int insert_percent, double seconds)
{
    struct worker workers[N_THREADS_MAX];
    pthread_t threads[N_THREADS_MAX];
    atomic_bool stop = false;
    void *cache = filled(backend);
    fill_up(backend, cache);
    const int64_t start_us = mface_time_us();
    for (int i = 0; i < n_threads; i++) {
        workers[i] = (struct worker) { backend, cache, &stop, 0x1234567 + 977u * (unsigned)i, i,
            insert_percent, 0, 0, 0, 0 };
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            exit(1);
    }
    while ((double)(mface_time_us() - start_us) < 1e6 * seconds)
        nanosleep(&(struct timespec) { .tv_nsec = 5000000 }, NULL);
    atomic_store(&stop, true);
    double n_ops = 0, n_gets = 0, n_hits = 0;
    for (int i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
        n_ops += (double)workers[i].n_ops;
        n_gets += (double)workers[i].n_gets;
        n_hits += (double)workers[i].n_hits;
    }
    const double wall_s = (double)(mface_time_us() - start_us) / 1e6;
    backend->close(cache);
    return (struct rate) { n_ops / wall_s, 1 + (n_gets - n_hits) / n_ops, n_hits / n_gets };
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare);
    return values[n / 2];
}

/* One cache's part of a mix; beside a peer, the median of what each round says of the two. */
static void print_cache(int which, struct rate rates[][N_ROUNDS_MAX], int n_rounds)
{
    double ops_ratios[N_ROUNDS_MAX], calls_ratios[N_ROUNDS_MAX], own[N_ROUNDS_MAX], hit_rate = 0;
    for (int round = 0; round < n_rounds; round++) {
        const struct rate ours = rates[0][round], rate = rates[which][round];
        own[round] = rate.ops_per_s;
        ops_ratios[round] = ours.ops_per_s / rate.ops_per_s;
        calls_ratios[round] = ops_ratios[round] * ours.calls_per_op / rate.calls_per_op;
        hit_rate += rate.hit_rate / n_rounds;
    }
    printf(", \"%s\": {\"ops_per_s\": %.0f, \"hit_rate\": %.4f, \"ops_ratio\": %.3f, "
           "\"calls_ratio\": %.3f}",
        backends[which]->name, median(own, n_rounds), hit_rate, median(ops_ratios, n_rounds),
        median(calls_ratios, n_rounds));
}

/* The caches take turns, so that a busy machine is busy for all of them. */
static void print_mix(
    const struct options *options, int n_threads, int insert_percent, const char *separator)
{
    struct rate rates[N_BACKENDS_MAX][N_ROUNDS_MAX];
    for (int round = 0; round < options->n_rounds; round++)
        for (int i = 0; i < options->n_backends; i++)
            rates[i][round] = measure(backends[i], n_threads, insert_percent, options->seconds);
    printf("%s{\"threads\": %d, \"insert_percent\": %d", separator, n_threads, insert_percent);
    for (int i = 0; i < options->n_backends; i++)
        print_cache(i, rates, options->n_rounds);
    printf("}");
}

/* Those of the mixes that were asked for: all unless a number says which. */
static void print_mixes(const struct options *options)
{
    const char *separator = "";
    printf("\"mixes\": [");
    for (int t = 0; t < 3; t++)
        for (int m = 0; m < 2; m++) {
            if ((options->n_threads && options->n_threads != thread_counts[t]) ||
                (options->insert_percent && options->insert_percent != insert_percents[m]))
                continue;
            print_mix(options, thread_counts[t], insert_percents[m], separator);
            separator = ", ";
        }
    printf("]");
}

static double hit_ns(const struct backend *backend, int n_rounds)
{
    enum { N_HITS = 2000000 };
    double ns[N_ROUNDS_MAX];
    void *cache = filled(backend);
    for (int round = 0; round < n_rounds; round++) {
        uint64_t seed = 0x9876543;
        const int64_t start_us = mface_time_us();
        for (int i = 0; i < N_HITS; i++)
            backend->get(cache, next(&seed) % N_ENTRIES);
        ns[round] = 1000 * (double)(mface_time_us() - start_us) / N_HITS;
    }
    backend->close(cache);
    return median(ns, n_rounds);
}

static void print_hits(int n_rounds)
{
    printf("\"hit_ns\": {");
    for (int i = 0; i < N_BACKENDS; i++)
        printf("%s\"%s\": %.1f", i ? ", " : "", backends[i]->name, hit_ns(backends[i], n_rounds));
    printf("}");
}

static double overhead_bytes(void)
{
    struct mface_cache_stats stats;
    void *cache = filled(&backend_ours);
    mface_cache_get_stats(cache, &stats);
    backend_ours.close(cache);
    return (double)(stats.used_bytes - stats.n_entries * ENTRY_BYTES) / (double)stats.n_entries;
}

enum { BLOB_BYTES = 250880 }; // a swapped face of 224

struct shrink_reader {
    struct mface_cache *cache;
    uint64_t n_keys;
    atomic_bool is_over;
};

/* A job in progress while the cache shrinks: every hit must still be what was kept. */
static void *read_all_along(void *user)
{
    struct shrink_reader *reader = user;
    for (uint64_t n = 0; !atomic_load(&reader->is_over); n = (n + 7) % reader->n_keys) {
        const struct mface_key key = { .lo = n * 0x9e3779b97f4a7c15u, .hi = n };
        struct mface_blob *blob = mface_cache_get(reader->cache, key, 0);
        if (!blob)
            continue;
        const uint8_t *data = mface_blob_data(blob);
        if (data[0] != 1 || memcmp(data, data + 1, BLOB_BYTES - 1) != 0)
            exit(1);
        mface_blob_unref(reader->cache, &blob);
    }
    return NULL;
}

/* Milliseconds until the resident set has fallen by what was taken away, or -1 after 10 s. Another
 * thread reads meanwhile. */
static double shrink_ms(void)
{
    const int64_t from_bytes = INT64_C(2) << 30, to_bytes = INT64_C(512) << 20;
    const struct mface_cache_params params = { .budget_bytes = from_bytes };
    struct mface_cache *cache;
    if (mface_cache_create(&params, &cache) != MFACE_OK)
        return -1;
    for (uint64_t n = 0; n < (uint64_t)from_bytes / BLOB_BYTES; n++) {
        const struct mface_key key = { .lo = n * 0x9e3779b97f4a7c15u, .hi = n };
        enum mface_cache_outcome outcome;
        struct mface_blob *blob;
        if (mface_cache_begin(cache, key, 0, &outcome, &blob) != MFACE_OK)
            exit(1);
        if (mface_cache_reserve(cache, key, 0, BLOB_BYTES, &blob) != MFACE_OK) {
            mface_cache_abort(cache, key, NULL, MFACE_OK);
            continue;
        }
        memset(mface_blob_data_mut(blob), 1, BLOB_BYTES);
        mface_cache_commit(cache, blob, 1000);
        mface_blob_unref(cache, &blob);
    }
    struct mface_cache_stats before, after;
    mface_cache_get_stats(cache, &before);
    const int64_t rss_bytes = mface_rss_bytes(), start_us = mface_time_us();
    double ms = -1;
    struct shrink_reader reader = { .cache = cache, .n_keys = (uint64_t)from_bytes / BLOB_BYTES };
    pthread_t thread;
    if (pthread_create(&thread, NULL, read_all_along, &reader) != 0)
        exit(1);
    if (mface_cache_resize(cache, to_bytes) == MFACE_OK) {
        mface_cache_get_stats(cache, &after);
        const int64_t freed = (before.used_bytes - after.used_bytes) * 95 / 100;
        while (mface_rss_bytes() > rss_bytes - freed && mface_time_us() - start_us < 10000000)
            nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
        if (mface_rss_bytes() <= rss_bytes - freed)
            ms = (double)(mface_time_us() - start_us) / 1000;
    }
    atomic_store(&reader.is_over, true);
    pthread_join(thread, NULL);
    mface_cache_free(&cache);
    return ms;
}

static struct options parse(int argc, char **argv)
{
    struct options options = { .seconds = 0.5, .n_rounds = 5, .n_backends = N_BACKENDS };
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            options.seconds = atof(argv[i + 1]);
        else if (strcmp(argv[i], "--rounds") == 0)
            options.n_rounds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--threads") == 0)
            options.n_threads = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--inserts") == 0)
            options.insert_percent = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--caches") == 0)
            options.n_backends = atoi(argv[i + 1]);
    }
    options.n_rounds = options.n_rounds < 1              ? 1
                       : options.n_rounds > N_ROUNDS_MAX ? N_ROUNDS_MAX
                                                         : options.n_rounds;
    if (options.n_backends < 1 || options.n_backends > N_BACKENDS)
        options.n_backends = N_BACKENDS;
    return options;
}

int main(int argc, char **argv)
{
    const struct options options = parse(argc, argv);
    printf("{");
    if (!options.n_threads && !options.insert_percent) {
        const double overhead = overhead_bytes(), shrink = shrink_ms();
        print_hits(options.n_rounds);
        printf(", \"overhead_bytes_per_entry\": %.1f, \"shrink_rss_ms\": %.1f, ", overhead, shrink);
    }
    print_mixes(&options);
    printf("}\n");
    return 0;
}

/* cache-sim: replays traces through the cache's own policies.
 *
 *     cache-sim [--policies A,B] [--sizes 256M,1G] [--no-bound] TRACE …
 *     cache-sim --flat [--policies A] [--sizes BYTES] FILE
 *
 * The traces are replayed one after another into one cache. Prints one JSON object: for each size
 * what the bound is and what each policy saved. --flat reads lines "KEY BYTES COST_US", each a
 * demand of its own, and counts hits; sizes then are exact, without overhead. */
#include "replay.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 16 };

struct options {
    const char *policies[MAX_WORDS + 1];
    int64_t sizes[MAX_WORDS + 1];
    bool is_flat, no_bound;
};

static const char usage[] =
    "usage: cache-sim [--flat] [--no-bound] [--policies A,B] [--sizes 256M,1G] TRACE...\n";

static int64_t parse_size(const char *text)
{
    char *end;
    const double number = strtod(text, &end);
    const double unit = *end == 'G' ? 1 << 30 : *end == 'M' ? 1 << 20 : *end == 'K' ? 1 << 10 : 1;
    return (int64_t)(number * unit);
}

static void print_saved(const char *name, double saved_us, double of_us, bool is_last)
{
    printf("\"%s\": {\"saved_ms\": %.3f, \"share\": %.6f}%s", name, saved_us / 1000,
        of_us > 0 ? saved_us / of_us : 1, is_last ? "" : ", ");
}

static bool replay_policy(const struct trace *trace, const char *name, int64_t size, double all_us,
    double bound_us, bool is_last)
{
    struct store store;
    const struct cache_policy_ops *ops = store_find_policy(name);
    if (!ops || !store_init(&store, ops, trace->n_objects, size, STORE_OVERHEAD_BYTES)) {
        fprintf(stderr, "no policy named '%s'\n", name);
        return false;
    }
    print_saved(name, all_us - replay(trace, &store), bound_us, is_last);
    store_clear(&store);
    return true;
}

static bool replay_size(const struct trace *trace, const struct options *options, int64_t size)
{
    const double all_us = trace_cost_us(trace);
    const double bound_us = options->no_bound ? all_us : bound_saved_us(trace, size);
    printf("\"%" PRId64 "\": {\"bound_ms\": %.3f, \"policies\": {", size, bound_us / 1000);
    for (int i = 0; options->policies[i]; i++)
        if (!replay_policy(
                trace, options->policies[i], size, all_us, bound_us, !options->policies[i + 1]))
            return false;
    printf("}}");
    return true;
}

static bool replay_all(const struct trace *trace, const struct options *options)
{
    printf("{\"frames\": %u, \"faces\": %u, \"results\": %u, \"all_ms\": %.3f, \"sizes\": {",
        trace->n_frames, trace->n_faces, trace->n_objects, trace_cost_us(trace) / 1000);
    for (int i = 0; options->sizes[i]; i++) {
        printf("%s", i ? ", " : "");
        if (!replay_size(trace, options, options->sizes[i]))
            return false;
    }
    printf("}}\n");
    return true;
}

/* Keys of a flat file are small numbers from 0. */
static bool replay_flat(const char *path, const char *policy, int64_t size)
{
    enum { MAX_KEYS = 1 << 20 };
    struct store store;
    unsigned key;
    long long bytes;
    double cost_us;
    FILE *file = fopen(path, "r");
    const struct cache_policy_ops *ops = store_find_policy(policy);
    if (!file || !ops || !store_init(&store, ops, MAX_KEYS, size, 0)) {
        fprintf(stderr, "cannot replay %s under '%s'\n", path, policy);
        return false;
    }
    while (fscanf(file, "%u %lld %lf", &key, &bytes, &cost_us) == 3 && key < MAX_KEYS)
        if (!store_hit(&store, key + 1))
            store_insert(&store, key + 1, 0, bytes, cost_us);
    printf(
        "%" PRId64 " %" PRId64 " %" PRId64 "\n", store.n_hits, store.n_misses, store.n_evictions);
    fclose(file);
    store_clear(&store);
    return true;
}

static void split(char *text, void (*add)(struct options *, int, const char *), struct options *o)
{
    int n = 0;
    for (char *word = strtok(text, ","); word && n < MAX_WORDS; word = strtok(NULL, ","))
        add(o, n++, word);
}

static void add_policy(struct options *options, int n, const char *word)
{
    options->policies[n] = word;
    options->policies[n + 1] = NULL;
}

static void add_size(struct options *options, int n, const char *word)
{
    options->sizes[n] = parse_size(word);
    options->sizes[n + 1] = 0;
}

/* The first operand's index, or -1. */
static int parse(int argc, char **argv, struct options *options)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--flat") == 0)
            options->is_flat = true;
        else if (strcmp(argv[i], "--no-bound") == 0)
            options->no_bound = true;
        else if (strcmp(argv[i], "--policies") == 0 && i + 1 < argc)
            split(argv[++i], add_policy, options);
        else if (strcmp(argv[i], "--sizes") == 0 && i + 1 < argc)
            split(argv[++i], add_size, options);
        else
            return -1;
    }
    return i < argc ? i : -1;
}

int main(int argc, char **argv)
{
    struct options options = {
        .policies = { "smart", "lru", "s3fifo", "sieve" },
        .sizes = { 256 << 20, 512 << 20, 1 << 30, INT64_C(2) << 30, INT64_C(4) << 30 },
    };
    struct trace trace = { 0 };
    bool is_ok = true;
    int i = parse(argc, argv, &options);
    if (i < 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (options.is_flat)
        return replay_flat(argv[i], options.policies[0], options.sizes[0]) ? 0 : 1;
    for (; is_ok && i < argc; i++)
        is_ok = trace_read(&trace, argv[i]);
    trace_complete(&trace);
    is_ok = is_ok && replay_all(&trace, &options);
    trace_clear(&trace);
    return is_ok ? 0 : 1;
}

/* The index. Keys are hashes already, so their low bits choose the bucket. */
#include "base/mem.h"
#include "cache/internal.h"

enum { MIN_BUCKETS = 64 };

bool cache_index_init(struct cache_index *index)
{
    *index = (struct cache_index) { .n_buckets = MIN_BUCKETS };
    index->buckets = mface_mem_calloc(MIN_BUCKETS, sizeof index->buckets[0]);
    return index->buckets != NULL;
}

void cache_index_clear(struct cache_index *index)
{
    mface_mem_free(index->buckets);
    *index = (struct cache_index) { 0 };
}

static struct mface_blob **bucket_of(const struct cache_index *index, struct mface_key key)
{
    return &index->buckets[key.lo & (index->n_buckets - 1)];
}

struct mface_blob *cache_index_find(const struct cache_index *index, struct mface_key key)
{
    struct mface_blob *blob = *bucket_of(index, key);
    while (blob && !mface_key_equal(blob->key, key))
        blob = blob->chain;
    return blob;
}

static void link_entry(struct cache_index *index, struct mface_blob *blob)
{
    struct mface_blob **bucket = bucket_of(index, blob->key);
    blob->chain = *bucket;
    *bucket = blob;
}

/* Without memory for a larger array the index goes on with longer chains. */
static void grow(struct cache_index *index)
{
    struct cache_index larger = { .n_buckets = index->n_buckets * 2 };
    larger.buckets = mface_mem_calloc(larger.n_buckets, sizeof larger.buckets[0]);
    if (!larger.buckets)
        return;
    for (size_t i = 0; i < index->n_buckets; i++) {
        struct mface_blob *next;
        for (struct mface_blob *blob = index->buckets[i]; blob; blob = next) {
            next = blob->chain;
            link_entry(&larger, blob);
        }
    }
    larger.n_entries = index->n_entries;
    mface_mem_free(index->buckets);
    *index = larger;
}

void cache_index_insert(struct cache_index *index, struct mface_blob *blob)
{
    if (index->n_entries >= index->n_buckets)
        grow(index);
    link_entry(index, blob);
    index->n_entries++;
}

void cache_index_remove(struct cache_index *index, struct mface_blob *blob)
{
    struct mface_blob **link = bucket_of(index, blob->key);
    while (*link != blob)
        link = &(*link)->chain;
    *link = blob->chain;
    index->n_entries--;
}

int64_t cache_index_bytes(const struct cache_index *index)
{
    return (int64_t)(index->n_buckets * sizeof index->buckets[0]);
}

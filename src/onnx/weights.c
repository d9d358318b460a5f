/* Blocks of the file are read in the order in which they were packed, which is that in which plans
 * ask for them: by a thread of the store, while plans compile, and by whoever asks for one that the
 * thread has not reached. */
#include "onnx/weights.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "onnx/weights_file.h"
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

/* No packed weight is larger; address space costs nothing until it is touched. */
static const size_t blank_bytes = (size_t)1 << 33;

struct mface_weights {
    char *path; // NULL: none
    struct mface_key identity;
    struct mface_weights_file file;
    void *blank; // NULL unless it is a blank store

    pthread_t reader;
    bool has_reader;

    pthread_mutex_t lock;    // guards what follows
    pthread_cond_t was_read; // a block is no longer MFACE_WEIGHT_READING
    bool is_closing;         // the reader may stop
    struct mface_weight_block *blocks;
    size_t n_blocks, capacity;
    bool is_changed; // the file lacks a block, or holds a damaged one
    struct mface_weights_stats stats;
};

static enum mface_status create(struct mface_weights **out)
{
    *out = mface_mem_calloc(1, sizeof **out);
    if (!*out)
        return mface_fail_nomem("packed weights");
    pthread_mutex_init(&(*out)->lock, NULL);
    pthread_cond_init(&(*out)->was_read, NULL);
    return MFACE_OK;
}

/* Brings block i into memory. Called with the lock held, which is released meanwhile: blocks may
 * move, but keep their index. */
static void read_block(struct mface_weights *weights, size_t i)
{
    while (weights->blocks[i].state == MFACE_WEIGHT_READING)
        pthread_cond_wait(&weights->was_read, &weights->lock);
    if (weights->blocks[i].state != MFACE_WEIGHT_ABSENT)
        return;
    weights->blocks[i].state = MFACE_WEIGHT_READING;
    struct mface_weight_block block = weights->blocks[i];
    pthread_mutex_unlock(&weights->lock);
    mface_weights_file_read(&weights->file, &block);
    pthread_mutex_lock(&weights->lock);
    const bool is_damaged = block.state == MFACE_WEIGHT_DAMAGED;
    weights->blocks[i].data = block.data;
    weights->blocks[i].state = block.state;
    weights->stats.n_damaged += is_damaged;
    weights->is_changed |= is_damaged;
    pthread_cond_broadcast(&weights->was_read);
}

static void *read_ahead(void *arg)
{
    struct mface_weights *weights = arg;
    pthread_mutex_lock(&weights->lock);
    for (size_t i = 0; i < weights->file.n_blocks && !weights->is_closing; i++)
        read_block(weights, i);
    pthread_mutex_unlock(&weights->lock);
    return NULL;
}

static void stop_reader(struct mface_weights *weights)
{
    if (!weights->has_reader)
        return;
    pthread_mutex_lock(&weights->lock);
    weights->is_closing = true;
    pthread_mutex_unlock(&weights->lock);
    pthread_join(weights->reader, NULL);
}

enum mface_status mface_weights_create(
    const char *path, struct mface_key identity, struct mface_weights **out)
{
    MFACE_TRY(create(out));
    struct mface_weights *weights = *out;
    weights->identity = identity;
    if (!path)
        return MFACE_OK;
    weights->path = mface_mem_strdup(path);
    if (!weights->path) {
        mface_weights_free(out);
        return mface_fail_nomem(path);
    }
    if (mface_weights_file_open(path, identity, &weights->file, &weights->blocks))
        weights->n_blocks = weights->capacity = weights->file.n_blocks;
    weights->has_reader =
        weights->n_blocks && pthread_create(&weights->reader, NULL, read_ahead, weights) == 0;
    return MFACE_OK;
}

enum mface_status mface_weights_create_blank(struct mface_weights **out)
{
    MFACE_TRY(create(out));
    void *blank =
        mmap(NULL, blank_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (blank == MAP_FAILED) {
        mface_weights_free(out);
        return mface_fail_nomem("packed weights");
    }
    (*out)->blank = blank;
    return MFACE_OK;
}

void mface_weights_free(struct mface_weights **weights_ptr)
{
    struct mface_weights *weights = *weights_ptr;
    if (!weights)
        return;
    stop_reader(weights);
    for (size_t i = 0; i < weights->n_blocks; i++)
        mface_mem_free(weights->blocks[i].data);
    mface_mem_free(weights->blocks);
    mface_weights_file_close(&weights->file);
    if (weights->blank)
        munmap(weights->blank, blank_bytes);
    mface_mem_free(weights->path);
    pthread_cond_destroy(&weights->was_read);
    pthread_mutex_destroy(&weights->lock);
    mface_mem_free(weights);
    *weights_ptr = NULL;
}

/* The index of a source's block, in a certain layout or (NULL) in any; n_blocks: there is none. */
static size_t look_up(const struct mface_weight_source *source, const struct mface_key *layout)
{
    const struct mface_weights *weights = source->store;
    for (size_t i = 0; i < weights->n_blocks; i++) {
        const struct mface_weight_block *block = &weights->blocks[i];
        if (block->state != MFACE_WEIGHT_DAMAGED && mface_key_equal(block->source, source->key) &&
            (!layout || mface_key_equal(block->layout, *layout)))
            return i;
    }
    return weights->n_blocks;
}

/* The sound block of a source and layout, or NULL. Called with the lock held. */
static struct mface_weight_block *find_sound(
    const struct mface_weight_source *source, const struct mface_key *layout, size_t bytes)
{
    struct mface_weights *weights = source->store;
    const size_t i = look_up(source, layout);
    if (i == weights->n_blocks)
        return NULL;
    read_block(weights, i);
    struct mface_weight_block *block = &weights->blocks[i];
    return block->state == MFACE_WEIGHT_SOUND && block->bytes == bytes ? block : NULL;
}

const void *mface_weights_find(
    const struct mface_weight_source *source, struct mface_key layout, size_t bytes)
{
    struct mface_weights *weights = source->store;
    if (!weights)
        return NULL;
    if (weights->blank)
        return bytes <= blank_bytes ? weights->blank : NULL;
    pthread_mutex_lock(&weights->lock);
    struct mface_weight_block *block = find_sound(source, &layout, bytes);
    const void *data = block ? block->data : NULL;
    if (block) {
        weights->stats.n_found++;
        weights->stats.read_bytes += block->offset && !block->is_used ? (int64_t)bytes : 0;
        block->is_used = true;
    }
    pthread_mutex_unlock(&weights->lock);
    return data;
}

static bool grow(struct mface_weights *weights)
{
    if (weights->n_blocks < weights->capacity)
        return true;
    const size_t capacity = weights->capacity * 2 + 64;
    struct mface_weight_block *blocks = mface_mem_calloc(capacity, sizeof *blocks);
    if (!blocks)
        return false;
    if (weights->n_blocks)
        memcpy(blocks, weights->blocks, weights->n_blocks * sizeof *blocks);
    mface_mem_free(weights->blocks);
    weights->blocks = blocks;
    weights->capacity = capacity;
    return true;
}

bool mface_weights_give(
    const struct mface_weight_source *source, struct mface_key layout, void *data, size_t bytes)
{
    struct mface_weights *weights = source->store;
    if (!weights || weights->blank)
        return false;
    pthread_mutex_lock(&weights->lock);
    const bool taken = look_up(source, &layout) == weights->n_blocks && grow(weights);
    if (taken) {
        weights->blocks[weights->n_blocks++] = (struct mface_weight_block) {
            .source = source->key,
            .layout = layout,
            .data = data,
            .bytes = bytes,
            .state = MFACE_WEIGHT_SOUND,
            .is_used = true,
        };
        weights->is_changed = true;
        weights->stats.n_packed++;
        weights->stats.memory_bytes += (int64_t)bytes;
    }
    pthread_mutex_unlock(&weights->lock);
    return taken;
}

/* What was read ahead and nobody asked for. */
static void drop_unused(struct mface_weights *weights)
{
    for (size_t i = 0; i < weights->n_blocks; i++) {
        struct mface_weight_block *block = &weights->blocks[i];
        if (block->is_used || block->state != MFACE_WEIGHT_SOUND)
            continue;
        mface_mem_free(block->data);
        block->data = NULL;
        block->state = MFACE_WEIGHT_ABSENT;
    }
}

enum mface_status mface_weights_save(struct mface_weights *weights)
{
    pthread_mutex_lock(&weights->lock);
    drop_unused(weights);
    enum mface_status status = MFACE_OK;
    if (weights->path && weights->is_changed)
        status = mface_weights_file_write(
            weights->path, weights->identity, weights->blocks, weights->n_blocks);
    if (status == MFACE_OK)
        weights->is_changed = false;
    pthread_mutex_unlock(&weights->lock);
    return status;
}

void mface_weights_get_stats(struct mface_weights *weights, struct mface_weights_stats *stats)
{
    pthread_mutex_lock(&weights->lock);
    *stats = weights->stats;
    pthread_mutex_unlock(&weights->lock);
}

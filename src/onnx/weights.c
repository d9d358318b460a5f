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

    pthread_mutex_t lock; // guards what follows
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
    return MFACE_OK;
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
    for (size_t i = 0; i < weights->n_blocks; i++)
        if (!weights->blocks[i].is_mapped)
            mface_mem_free((void *)weights->blocks[i].data);
    mface_mem_free(weights->blocks);
    mface_weights_file_close(&weights->file);
    if (weights->blank)
        munmap(weights->blank, blank_bytes);
    mface_mem_free(weights->path);
    pthread_mutex_destroy(&weights->lock);
    mface_mem_free(weights);
    *weights_ptr = NULL;
}

/* The block of a source, in a certain layout or (NULL) in any. */
static struct mface_weight_block *look_up(
    const struct mface_weight_source *source, const struct mface_key *layout)
{
    struct mface_weights *weights = source->store;
    for (size_t i = 0; i < weights->n_blocks; i++) {
        struct mface_weight_block *block = &weights->blocks[i];
        if (!block->is_damaged && mface_key_equal(block->source, source->key) &&
            (!layout || mface_key_equal(block->layout, *layout)))
            return block;
    }
    return NULL;
}

bool mface_weights_has(const struct mface_weight_source *source)
{
    struct mface_weights *weights = source->store;
    if (!weights)
        return false;
    if (weights->blank)
        return true;
    pthread_mutex_lock(&weights->lock);
    const bool has = look_up(source, NULL) != NULL;
    pthread_mutex_unlock(&weights->lock);
    return has;
}

/* Blocks of the file are verified when first asked for, so that a start pays for those it uses. */
static bool holds(struct mface_weights *weights, struct mface_weight_block *block, size_t bytes)
{
    if (!block->is_checked) {
        block->is_checked = true;
        block->is_damaged = block->bytes != bytes || !mface_key_equal(block->checksum,
                                                         mface_key_from_bytes(block->data, bytes));
        weights->stats.n_damaged += block->is_damaged;
        weights->is_changed |= block->is_damaged;
    }
    return !block->is_damaged && block->bytes == bytes;
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
    struct mface_weight_block *block = look_up(source, &layout);
    const bool found = block && holds(weights, block, bytes);
    const void *data = found ? block->data : NULL;
    if (found) {
        weights->stats.n_found++;
        weights->stats.mapped_bytes += block->is_mapped && !block->is_used ? (int64_t)bytes : 0;
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
    const bool taken = !look_up(source, &layout) && grow(weights);
    if (taken) {
        weights->blocks[weights->n_blocks++] = (struct mface_weight_block) {
            .source = source->key,
            .layout = layout,
            .data = data,
            .bytes = bytes,
            .is_checked = true,
            .is_used = true,
        };
        weights->is_changed = true;
        weights->stats.n_packed++;
        weights->stats.memory_bytes += (int64_t)bytes;
    }
    pthread_mutex_unlock(&weights->lock);
    return taken;
}

enum mface_status mface_weights_save(struct mface_weights *weights)
{
    pthread_mutex_lock(&weights->lock);
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

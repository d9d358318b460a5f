#include "pipeline/preview.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"

#include <pthread.h>
#include <time.h>

struct mface_preview {
    atomic_bool is_wanted;
    pthread_mutex_t lock; // guards what follows
    pthread_cond_t changed;
    struct mface_frame *sides[2]; // of one frame; NULL: none yet
    int64_t n_pairs;
};

enum mface_status mface_preview_create(struct mface_preview **out)
{
    struct mface_preview *preview = mface_mem_calloc(1, sizeof *preview);
    *out = preview;
    if (!preview)
        return mface_fail_nomem("preview");
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); // what mface_time_us() reads
    pthread_cond_init(&preview->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&preview->lock, NULL);
    return MFACE_OK;
}

void mface_preview_clear(struct mface_preview *preview)
{
    pthread_mutex_lock(&preview->lock);
    for (int i = 0; i < 2; i++)
        mface_frame_unref(&preview->sides[i]);
    pthread_mutex_unlock(&preview->lock);
}

void mface_preview_destroy(struct mface_preview **preview)
{
    if (!*preview)
        return;
    mface_preview_clear(*preview);
    pthread_cond_destroy(&(*preview)->changed);
    pthread_mutex_destroy(&(*preview)->lock);
    mface_mem_free(*preview);
    *preview = NULL;
}

struct mface_frame *mface_preview_begin(struct mface_preview *preview, struct mface_frame *frame)
{
    if (!atomic_load_explicit(&preview->is_wanted, memory_order_relaxed) ||
        !atomic_exchange(&preview->is_wanted, false))
        return NULL;
    return mface_frame_ref(frame);
}

void mface_preview_end(
    struct mface_preview *preview, struct mface_frame *before, struct mface_frame *frame)
{
    if (!before)
        return;
    struct mface_frame *after = mface_frame_ref(frame);
    if (!after) {
        mface_frame_unref(&before);
        return;
    }
    pthread_mutex_lock(&preview->lock);
    struct mface_frame *old[2] = { preview->sides[0], preview->sides[1] };
    preview->sides[MFACE_SIDE_BEFORE] = before;
    preview->sides[MFACE_SIDE_AFTER] = after;
    preview->n_pairs++;
    pthread_cond_broadcast(&preview->changed);
    pthread_mutex_unlock(&preview->lock);
    for (int i = 0; i < 2; i++)
        mface_frame_unref(&old[i]);
}

struct mface_frame *mface_preview_get(
    struct mface_preview *preview, enum mface_side side, int wait_ms)
{
    const int64_t until_us = mface_time_us() + 1000 * (int64_t)wait_ms;
    const struct timespec deadline = {
        .tv_sec = until_us / 1000000,
        .tv_nsec = until_us % 1000000 * 1000,
    };
    pthread_mutex_lock(&preview->lock);
    const int64_t n_before = preview->n_pairs;
    atomic_store(&preview->is_wanted, true);
    while (preview->n_pairs == n_before && mface_time_us() < until_us)
        pthread_cond_timedwait(&preview->changed, &preview->lock, &deadline);
    struct mface_frame *frame = preview->sides[side] ? mface_frame_ref(preview->sides[side]) : NULL;
    pthread_mutex_unlock(&preview->lock);
    return frame;
}

#include "media/carry.h"

#include "base/log.h"
#include "base/mem.h"

#include <libavutil/avutil.h>
#include <pthread.h>
#include <string.h>

enum { UNATTACHED_MAX_BYTES = 64 << 20 };

struct node {
    AVPacket *packet;
    struct node *next;
};

struct mface_carry {
    pthread_mutex_t lock; // guards all below
    int n_refs;
    struct node *head, **tail;
    int64_t bytes;
    bool attached, ended;
    bool *wanted; // n_wanted; NULL until attached
    int n_wanted;
};

enum mface_status mface_carry_create(struct mface_carry **out)
{
    struct mface_carry *carry = mface_mem_calloc(1, sizeof *carry);
    if (!carry)
        return mface_fail_nomem("opening the input");
    pthread_mutex_init(&carry->lock, NULL);
    carry->n_refs = 1;
    carry->tail = &carry->head;
    *out = carry;
    return MFACE_OK;
}

struct mface_carry *mface_carry_ref(struct mface_carry *carry)
{
    pthread_mutex_lock(&carry->lock);
    carry->n_refs++;
    pthread_mutex_unlock(&carry->lock);
    return carry;
}

static AVPacket *pop(struct mface_carry *carry)
{
    struct node *node = carry->head;
    AVPacket *packet = node->packet;
    carry->head = node->next;
    if (!carry->head)
        carry->tail = &carry->head;
    carry->bytes -= packet->size;
    mface_mem_free(node);
    return packet;
}

static void drop_all(struct mface_carry *carry)
{
    while (carry->head) {
        AVPacket *packet = pop(carry);
        av_packet_free(&packet);
    }
}

void mface_carry_clear(struct mface_carry *carry)
{
    pthread_mutex_lock(&carry->lock);
    drop_all(carry);
    carry->ended = false;
    pthread_mutex_unlock(&carry->lock);
}

void mface_carry_unref(struct mface_carry **carry)
{
    struct mface_carry *gone = *carry;
    *carry = NULL;
    if (!gone)
        return;
    pthread_mutex_lock(&gone->lock);
    const bool last = --gone->n_refs == 0;
    pthread_mutex_unlock(&gone->lock);
    if (!last)
        return;
    drop_all(gone);
    pthread_mutex_destroy(&gone->lock);
    mface_mem_free(gone->wanted);
    mface_mem_free(gone);
}

static bool is_wanted(const struct mface_carry *carry, const AVPacket *packet)
{
    if (!carry->attached)
        return carry->bytes + packet->size <= UNATTACHED_MAX_BYTES;
    return packet->stream_index < carry->n_wanted && carry->wanted[packet->stream_index];
}

static bool append(struct mface_carry *carry, AVPacket *packet)
{
    struct node *node = mface_mem_calloc(1, sizeof *node);
    AVPacket *kept = av_packet_alloc();
    if (!node || !kept || av_packet_make_refcounted(packet) < 0) {
        mface_mem_free(node);
        av_packet_free(&kept);
        return false;
    }
    av_packet_move_ref(kept, packet);
    node->packet = kept;
    *carry->tail = node;
    carry->tail = &node->next;
    carry->bytes += kept->size;
    return true;
}

enum mface_status mface_carry_put(struct mface_carry *carry, AVPacket *packet)
{
    pthread_mutex_lock(&carry->lock);
    const bool ok = !is_wanted(carry, packet) || append(carry, packet);
    pthread_mutex_unlock(&carry->lock);
    av_packet_unref(packet);
    return ok ? MFACE_OK : mface_fail_nomem("carrying the other streams");
}

void mface_carry_end(struct mface_carry *carry)
{
    pthread_mutex_lock(&carry->lock);
    carry->ended = true;
    pthread_mutex_unlock(&carry->lock);
}

bool mface_carry_has_ended(struct mface_carry *carry)
{
    pthread_mutex_lock(&carry->lock);
    const bool ended = carry->ended;
    pthread_mutex_unlock(&carry->lock);
    return ended;
}

enum mface_status mface_carry_attach(struct mface_carry *carry, const bool *wanted, int n)
{
    bool *copy = mface_mem_calloc((size_t)n, sizeof *copy);
    if (!copy)
        return mface_fail_nomem("opening the output");
    memcpy(copy, wanted, (size_t)n * sizeof *copy);
    pthread_mutex_lock(&carry->lock);
    mface_mem_free(carry->wanted);
    carry->wanted = copy;
    carry->n_wanted = n;
    carry->attached = true;
    pthread_mutex_unlock(&carry->lock);
    return MFACE_OK;
}

static bool is_due(const AVPacket *packet, double time_s)
{
    const int64_t ts = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
    return ts == AV_NOPTS_VALUE || (double)ts * av_q2d(packet->time_base) <= time_s;
}

AVPacket *mface_carry_take(struct mface_carry *carry, double time_s)
{
    AVPacket *packet = NULL;
    pthread_mutex_lock(&carry->lock);
    while (!packet && carry->head && is_due(carry->head->packet, time_s)) {
        packet = pop(carry);
        if (!is_wanted(carry, packet)) // put before the writer had said what it wants
            av_packet_free(&packet);
    }
    pthread_mutex_unlock(&carry->lock);
    return packet;
}

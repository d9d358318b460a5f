/* What a cache that knows the future could save at most.
 *
 * To hit a result at frame d it must have lain in the cache since the frame p where it last
 * occurred: bytes × (d − p) of cache-time. Give each frame's cache-time a price λ(t) ≥ 0. Then for
 * each frame by itself we may choose freely which results to have kept for it: that maximises what
 * it saves less what its choice costs. Adding the worth of all there is to sell, budget × Σ λ(t),
 *
 *     D(λ) = Σ_t λ(t) × budget + Σ_frames max over choices (saved − price)
 *
 * is at least what any policy saves, whatever the prices (weak duality: a real policy's choices
 * never need more than the budget at any time, so their price is covered by the first sum). The
 * bound is the lowest D found. Prices are constant within each of N_WINDOWS parts of the trace, and
 * rise where the choices take more than there is, fall where they take less. It generalises
 * Belady's rule to costs, sizes and stages that save each other: keeping `merge` saves all before
 * it, keeping `swap` saves `pre`.
 *
 * Every relaxation is in the cache's favour: a result is there from its last occurrence on even if
 * it was not computed then, entries take no overhead, the crop is free, parts of entries fit. */
#include "replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_WINDOWS = 240, N_ROUNDS = 600 };

static const double RATE = 6;

/* A use of an object at a frame, and the frame of the use before. */
struct use {
    uint32_t object;
    int32_t previous; // frame; -1: this is the first, it cannot be kept
};

enum { DETECT_USE, MERGE_USE, N_FRAME_USES };
enum { MARK_USE, ALIGN_USE, PRE_USE, SWAP_USE, POST_USE, N_FACE_USES };

struct bound {
    const struct trace *trace;
    double budget_bytes;
    struct use *frame_uses; // [n_frames × N_FRAME_USES]
    struct use *face_uses;  // [n_faces × N_FACE_USES]
    double *price;          // [n_frames + 1]: of a byte from frame 0 to frame t
    double *taken;          // [n_frames + 1]: bytes chosen, as differences
    double window_price[N_WINDOWS];
};

static uint32_t window_start(const struct bound *bound, int window)
{
    return (uint32_t)((uint64_t)bound->trace->n_frames * (uint64_t)window / N_WINDOWS);
}

static double cost_of(const struct bound *bound, const struct use *use)
{
    return bound->trace->objects[use->object].cost_us;
}

static double price_of(const struct bound *bound, const struct use *use, uint32_t frame)
{
    if (use->previous < 0)
        return INFINITY;
    return (double)bound->trace->objects[use->object].bytes *
           (bound->price[frame] - bound->price[use->previous]);
}

static void take(struct bound *bound, const struct use *use, uint32_t frame)
{
    const double bytes = (double)bound->trace->objects[use->object].bytes;
    bound->taken[use->previous] += bytes;
    bound->taken[frame] -= bytes;
}

/* Keeps what saves more than its price; what it gains. */
static double keep_if_worth(
    struct bound *bound, const struct use *use, uint32_t frame, double saves_us)
{
    const double gain = saves_us - price_of(bound, use, frame);
    if (gain <= 0)
        return 0;
    take(bound, use, frame);
    return gain;
}

static double pre_cost(const struct bound *bound, const struct use *uses)
{
    return uses[PRE_USE].object ? cost_of(bound, &uses[PRE_USE]) : 0;
}

/* The best for one face if its frame has to be merged; `picks` is what to take for it. */
static double best_face(
    const struct bound *bound, const struct use *uses, uint32_t frame, int *pick)
{
    const double pre_us = pre_cost(bound, uses), swap_us = pre_us + cost_of(bound, &uses[SWAP_USE]);
    const double gain[N_FACE_USES] = {
        [PRE_USE] = pre_us - (uses[PRE_USE].object ? price_of(bound, &uses[PRE_USE], frame) : 0),
        [SWAP_USE] = swap_us - price_of(bound, &uses[SWAP_USE], frame),
        [POST_USE] =
            swap_us + cost_of(bound, &uses[POST_USE]) - price_of(bound, &uses[POST_USE], frame),
    };
    double best = 0;
    *pick = -1;
    for (int use = PRE_USE; use <= POST_USE; use++)
        if (gain[use] > best) {
            best = gain[use];
            *pick = use;
        }
    return best;
}

static double best_faces(struct bound *bound, const struct frame *frame, uint32_t t, bool takes)
{
    double gain = 0;
    for (uint32_t i = 0; i < frame->n_faces; i++) {
        const struct use *uses = &bound->face_uses[(frame->first_face + i) * N_FACE_USES];
        int pick;
        gain += best_face(bound, uses, t, &pick);
        if (takes && pick >= 0)
            take(bound, &uses[pick], t);
    }
    return gain;
}

static double best_frame(struct bound *bound, uint32_t t)
{
    const struct frame *frame = &bound->trace->frames[t];
    const struct use *own = &bound->frame_uses[t * N_FRAME_USES];
    double gain = keep_if_worth(bound, &own[DETECT_USE], t, cost_of(bound, &own[DETECT_USE]));
    double all_us = 0;
    for (uint32_t i = 0; i < frame->n_faces; i++) {
        const struct use *uses = &bound->face_uses[(frame->first_face + i) * N_FACE_USES];
        gain += keep_if_worth(bound, &uses[MARK_USE], t, cost_of(bound, &uses[MARK_USE]));
        gain += keep_if_worth(bound, &uses[ALIGN_USE], t, cost_of(bound, &uses[ALIGN_USE]));
        all_us += pre_cost(bound, uses) + cost_of(bound, &uses[SWAP_USE]) +
                  cost_of(bound, &uses[POST_USE]);
    }
    if (!frame->merge)
        return gain;
    const double merged =
        all_us + cost_of(bound, &own[MERGE_USE]) - price_of(bound, &own[MERGE_USE], t);
    const double parts = best_faces(bound, frame, t, false);
    if (merged > parts) {
        take(bound, &own[MERGE_USE], t);
        return gain + merged;
    }
    return gain + best_faces(bound, frame, t, true);
}

static struct use use_of(int32_t *last, uint32_t object, uint32_t frame)
{
    const struct use use = { object, object ? last[object] : -1 };
    if (object)
        last[object] = (int32_t)frame;
    return use;
}

static void find_uses(struct bound *bound, int32_t *last)
{
    const struct trace *trace = bound->trace;
    memset(last, 0xff, ((size_t)trace->n_objects + 1) * sizeof *last);
    for (uint32_t t = 0; t < trace->n_frames; t++) {
        const struct frame *frame = &trace->frames[t];
        bound->frame_uses[t * N_FRAME_USES + DETECT_USE] = use_of(last, frame->detect, t);
        bound->frame_uses[t * N_FRAME_USES + MERGE_USE] = use_of(last, frame->merge, t);
        for (uint32_t i = 0; i < frame->n_faces; i++) {
            const struct face *face = &trace->faces[frame->first_face + i];
            struct use *uses = &bound->face_uses[(frame->first_face + i) * N_FACE_USES];
            uses[MARK_USE] = use_of(last, face->mark, t);
            uses[ALIGN_USE] = use_of(last, face->align, t);
            uses[PRE_USE] = use_of(last, face->pre == face->crop ? 0 : face->pre, t);
            uses[SWAP_USE] = use_of(last, face->swap, t);
            uses[POST_USE] = use_of(last, face->post, t);
        }
    }
}

/* D at the present prices; leaves the bytes taken at each frame. */
static double evaluate(struct bound *bound)
{
    const uint32_t n = bound->trace->n_frames;
    double dual = 0;
    bound->price[0] = 0;
    for (int w = 0; w < N_WINDOWS; w++)
        for (uint32_t t = window_start(bound, w); t < window_start(bound, w + 1); t++)
            bound->price[t + 1] = bound->price[t] + bound->window_price[w];
    dual = bound->price[n] * bound->budget_bytes;
    memset(bound->taken, 0, ((size_t)n + 1) * sizeof *bound->taken);
    for (uint32_t t = 0; t < n; t++)
        dual += best_frame(bound, t);
    for (uint32_t t = 1; t <= n; t++)
        bound->taken[t] += bound->taken[t - 1];
    return dual;
}

/* How far each window is from taking just what there is; the largest, in magnitude. */
static double find_excess(const struct bound *bound, double *excess)
{
    double largest = 0;
    for (int w = 0; w < N_WINDOWS; w++) {
        double taken = 0;
        const uint32_t start = window_start(bound, w), end = window_start(bound, w + 1);
        for (uint32_t t = start; t < end; t++)
            taken += bound->taken[t];
        excess[w] = start == end ? 0 : taken / (end - start) / bound->budget_bytes - 1;
        largest = fmax(largest, fabs(excess[w]));
    }
    return largest;
}

/* Steps in proportion to the excess (mirror descent): where much is wanted the price rises more
 * often than it falls. The scale is the largest excess so far, so that steps up and down compare.
 */
static void adjust_prices(struct bound *bound, double rate, double *scale)
{
    double excess[N_WINDOWS];
    *scale = fmax(*scale, find_excess(bound, excess));
    for (int w = 0; w < N_WINDOWS; w++)
        bound->window_price[w] *= exp(rate * excess[w] / *scale);
}

static void first_prices(struct bound *bound)
{
    const struct trace *trace = bound->trace;
    double bytes = 1;
    for (uint32_t id = 1; id <= trace->n_objects; id++)
        bytes += (double)trace->objects[id].bytes;
    const double price = trace_cost_us(trace) / bytes / trace->n_frames;
    for (int w = 0; w < N_WINDOWS; w++)
        bound->window_price[w] = price;
}

static double lowest(struct bound *bound)
{
    double best = trace_cost_us(bound->trace), scale = 1;
    first_prices(bound);
    for (int round = 0; round < N_ROUNDS; round++) {
        const double dual = evaluate(bound);
        if (dual < best)
            best = dual;
        adjust_prices(bound, RATE / sqrt(1 + round), &scale);
    }
    for (int w = 0; w < N_WINDOWS; w++)
        bound->window_price[w] = 0; // the bound of a cache without limit: each first use is paid
    return fmin(best, evaluate(bound));
}

double bound_saved_us(const struct trace *trace, int64_t budget_bytes)
{
    struct bound bound = {
        .trace = trace,
        .budget_bytes = (double)budget_bytes,
        .frame_uses = calloc((size_t)trace->n_frames * N_FRAME_USES, sizeof *bound.frame_uses),
        .face_uses = calloc((size_t)trace->n_faces * N_FACE_USES + 1, sizeof *bound.face_uses),
        .price = calloc((size_t)trace->n_frames + 1, sizeof *bound.price),
        .taken = calloc((size_t)trace->n_frames + 1, sizeof *bound.taken),
    };
    int32_t *last = malloc(((size_t)trace->n_objects + 1) * sizeof *last);
    if (!bound.frame_uses || !bound.face_uses || !bound.price || !bound.taken || !last) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    find_uses(&bound, last);
    const double saved_us = lowest(&bound);
    free(last);
    free(bound.taken);
    free(bound.price);
    free(bound.face_uses);
    free(bound.frame_uses);
    return saved_us;
}

#include "pipeline/demand.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/spill.h"

#include <assert.h>
#include <string.h>

void mface_result_clear(struct mface_result *result)
{
    if (result->blob)
        mface_blob_unref(result->cache, &result->blob);
    mface_mem_free(result->own);
    *result = (struct mface_result) { 0 };
}

struct mface_result mface_result_borrow(const struct mface_result *result)
{
    struct mface_result copy = *result;
    copy.own = NULL;
    if (copy.blob)
        copy.blob = mface_blob_ref(copy.blob);
    return copy;
}

void mface_load_add_store(struct mface_load *load, int64_t start_ns)
{
    load->store_ns += mface_time_ns() - start_ns;
}

void *mface_load_keep(struct mface_load *load, size_t size)
{
    struct mface_result *result = &load->result;
    assert(!result->data);
    if (!load->cache)
        return NULL;
    const int64_t start_ns = mface_time_ns();
    const enum mface_status status =
        mface_cache_reserve(load->cache, load->key, load->stage, size, &result->blob);
    mface_load_add_store(load, start_ns);
    if (status != MFACE_OK)
        return NULL;
    void *data = mface_blob_data_mut(result->blob);
    result->data = data;
    result->size = size;
    return data;
}

void *mface_load_room(struct mface_load *load, size_t size)
{
    void *data = mface_load_keep(load, size);
    if (data)
        return data;
    data = mface_mem_alloc(size);
    if (!data) {
        (void)mface_fail_nomem(mface_stage_get(load->stage)->name);
        return NULL;
    }
    load->result.own = data;
    load->result.data = data;
    load->result.size = size;
    return data;
}

/* Runs a stage and records the time that is its own. */
static enum mface_status run_timed(struct mface_demander *demander, struct mface_load *load,
    mface_run_fn run, void *user, int64_t *own_ns)
{
    const int64_t outer_child_ns = demander->child_ns, start_ns = mface_time_ns();
    demander->child_ns = 0;
    const enum mface_status status = run(user, load);
    *own_ns = mface_time_ns() - start_ns - demander->child_ns - load->store_ns + load->ahead_ns;
    demander->child_ns = outer_child_ns;
    if (status == MFACE_OK) {
        mface_hist_add(&demander->tally->stage[load->stage].runs, *own_ns / 1000);
        mface_tally_cost(demander->tally, load->stage, *own_ns / 1000);
    }
    return status;
}

/* Publishes what the run made, or tells those who wait that there is nothing. */
static void end_load(struct mface_load *load, enum mface_status status, int64_t own_ns)
{
    struct mface_result *result = &load->result;
    if (!load->cache)
        return;
    if (status == MFACE_OK && result->blob) {
        mface_cache_commit(load->cache, result->blob, own_ns / 1000);
        return;
    }
    mface_cache_abort(load->cache, load->key, result->blob, status);
    result->blob = NULL;
}

static bool uses_disk(const struct mface_demander *demander, enum mface_stage stage)
{
    return demander->disk && (demander->cached & MFACE_STAGE_BIT(stage));
}

static void keep_on_disk(
    struct mface_demander *demander, const struct mface_load *load, int64_t own_us)
{
    const struct mface_result *result = &load->result;
    if (result->data && mface_spill_writes(load->stage, own_us, result->size))
        mface_disk_put(demander->disk, load->key, load->stage, own_us, result->data, result->size);
}

static enum mface_status load_result(struct mface_demander *demander, struct mface_load *load,
    mface_run_fn run, void *user, struct mface_result *out)
{
    int64_t own_ns;
    const enum mface_status status = run_timed(demander, load, run, user, &own_ns);
    if (demander->trace && status == MFACE_OK)
        mface_trace_add_result(demander->trace, load->stage, load->key, own_ns, load->result.size);
    const int64_t start_ns = mface_time_ns();
    load->result.cache = load->cache;
    end_load(load, status, own_ns);
    mface_load_add_store(load, start_ns);
    if (status != MFACE_OK)
        mface_result_clear(&load->result);
    if (status == MFACE_OK && load->cache)
        mface_value_add_miss(
            &demander->tally->stage[load->stage].value, load->lookup_ns, own_ns, load->store_ns);
    if (status == MFACE_OK && uses_disk(demander, load->stage))
        keep_on_disk(demander, load, own_ns / 1000);
    *out = load->result;
    return status;
}

/* What a look on disk came to. */
enum found {
    FOUND,
    NOT_FOUND, // the caller still loads
    LOST,      // what was there was no good, and the load is over
};

static enum found read_failed(struct mface_load *load)
{
    struct mface_result *result = &load->result;
    if (!result->blob) {
        mface_result_clear(result);
        return NOT_FOUND;
    }
    mface_cache_abort(load->cache, load->key, result->blob, MFACE_OK);
    *result = (struct mface_result) { 0 };
    return LOST;
}

static enum found find_on_disk(struct mface_demander *demander, struct mface_load *load)
{
    struct mface_disk_hit hit;
    if (!uses_disk(demander, load->stage) || !mface_spill_reads(load->stage) ||
        !mface_disk_find(demander->disk, load->key, &hit))
        return NOT_FOUND;
    void *room = mface_load_room(load, hit.size);
    if (!room)
        return NOT_FOUND;
    if (mface_disk_read(demander->disk, &hit, room) != MFACE_OK)
        return read_failed(load);
    load->result.cache = load->cache;
    end_load(load, MFACE_OK, 1000 * hit.cost_us);
    mface_tally_cost(demander->tally, load->stage, hit.cost_us);
    return FOUND;
}

/* A hit in the cache or on disk is in *out; else the caller loads. */
static enum mface_status look_up(struct mface_demander *demander, struct mface_load *load,
    bool *is_hit, struct mface_result *out)
{
    enum found found = LOST;
    while (found == LOST) {
        enum mface_cache_outcome outcome = MFACE_CACHE_LOAD;
        struct mface_blob *blob = NULL;
        const int64_t start_ns = mface_time_ns();
        if (load->cache)
            MFACE_TRY(mface_cache_begin(load->cache, load->key, load->stage, &outcome, &blob));
        load->lookup_ns = mface_time_ns() - start_ns;
        *is_hit = outcome == MFACE_CACHE_HIT;
        if (*is_hit) {
            mface_value_add_hit(&demander->tally->stage[load->stage].value);
            *out = (struct mface_result) {
                .cache = load->cache,
                .blob = blob,
                .data = mface_blob_data(blob),
                .size = mface_blob_size(blob),
            };
            return MFACE_OK;
        }
        found = find_on_disk(demander, load);
    }
    *is_hit = found == FOUND;
    *out = load->result;
    return MFACE_OK;
}

static enum mface_status hit_or_load(struct mface_demander *demander, struct mface_load *load,
    mface_run_fn run, void *user, struct mface_result *out)
{
    bool is_hit;
    MFACE_TRY(look_up(demander, load, &is_hit, out));
    if (!is_hit)
        return load_result(demander, load, run, user, out);
    mface_counter_add(&demander->tally->stage[load->stage].hits, 1);
    return MFACE_OK;
}

static bool is_kept(struct mface_demander *demander, enum mface_stage stage, struct mface_key key)
{
    return demander->cache && demander->cached & MFACE_STAGE_BIT(stage) &&
           mface_value_keeps(&demander->tally->stage[stage].value, key);
}

enum mface_status mface_demand(struct mface_demander *demander, enum mface_stage stage,
    struct mface_key key, mface_run_fn run, void *user, struct mface_result *out)
{
    struct mface_load load = {
        .cache = is_kept(demander, stage, key) ? demander->cache : NULL,
        .key = key,
        .stage = stage,
    };
    const int64_t start_ns = mface_time_ns();
    *out = (struct mface_result) { 0 };
    mface_counter_add(&demander->tally->stage[stage].demands, 1);
    const enum mface_status status = hit_or_load(demander, &load, run, user, out);
    demander->child_ns += mface_time_ns() - start_ns;
    return status;
}

bool mface_demand_would_hit(
    const struct mface_demander *demander, enum mface_stage stage, struct mface_key key)
{
    if (!(demander->cached & MFACE_STAGE_BIT(stage)))
        return false;
    return (demander->cache && mface_cache_has(demander->cache, key)) ||
           (demander->disk && mface_spill_reads(stage) && mface_disk_has(demander->disk, key));
}

void mface_demand_offer(struct mface_demander *demander, enum mface_stage stage,
    struct mface_key key, const void *data, size_t size, int64_t cost_ns)
{
    enum mface_cache_outcome outcome;
    struct mface_blob *blob;
    if (demander->trace)
        mface_trace_add_result(demander->trace, stage, key, cost_ns, size);
    if (!is_kept(demander, stage, key))
        return;
    const int64_t start_ns = mface_time_ns();
    if (mface_cache_begin(demander->cache, key, stage, &outcome, &blob) != MFACE_OK)
        return;
    if (outcome == MFACE_CACHE_LOAD) {
        if (mface_cache_reserve(demander->cache, key, stage, size, &blob) != MFACE_OK) {
            mface_cache_abort(demander->cache, key, NULL, MFACE_OK);
            return;
        }
        memcpy(mface_blob_data_mut(blob), data, size);
        mface_cache_commit(demander->cache, blob, cost_ns / 1000);
        mface_value_add_miss(
            &demander->tally->stage[stage].value, 0, cost_ns, mface_time_ns() - start_ns);
    } else {
        mface_value_add_hit(&demander->tally->stage[stage].value);
    }
    mface_blob_unref(demander->cache, &blob);
}

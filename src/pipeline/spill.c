#include "pipeline/spill.h"

#include "base/cpu.h"
#include "base/hash.h"
#include "onnx/onnx.h"
#include <memoface/session.h>

#include <assert.h>

/* The small records lead from a frame to the keys of everything else, so they are always kept:
 * without them nothing else is found. A swap is the dearest result there is. The others are kept
 * where computing them takes several times as long as reading them; crops never do. */
enum worth { NEVER, IF_DEAR, ALWAYS };

static const enum worth worth_of[MFACE_N_STAGES] = {
    [MFACE_STAGE_DETECT] = ALWAYS,
    [MFACE_STAGE_MARK] = ALWAYS,
    [MFACE_STAGE_ALIGN] = ALWAYS,
    [MFACE_STAGE_CROP] = NEVER,
    [MFACE_STAGE_PRE] = IF_DEAR,
    [MFACE_STAGE_SWAP] = ALWAYS,
    [MFACE_STAGE_POST] = IF_DEAR,
    [MFACE_STAGE_MERGE] = IF_DEAR,
};

/* A plain SATA disk without moving parts; anything slower serves swaps all the same. */
enum { READ_US = 100, READ_BYTES_PER_US = 500, DEAR = 4 };

bool mface_spill_reads(enum mface_stage stage)
{
    assert(stage < MFACE_N_STAGES);
    return worth_of[stage] != NEVER;
}

bool mface_spill_writes(enum mface_stage stage, int64_t cost_us, size_t size)
{
    if (worth_of[stage] != IF_DEAR)
        return worth_of[stage] == ALWAYS;
    return cost_us >= DEAR * (READ_US + (int64_t)size / READ_BYTES_PER_US);
}

struct mface_key mface_spill_realm(void)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, mface_version());
    mface_hasher_add_u64(&hasher, mface_cpu_flags());
    mface_hasher_add_key(&hasher, mface_onnx_runtime_key());
    return mface_hasher_finish(&hasher);
}

#include "pipeline/stages.h"

#include "base/hash.h"
#include "pipeline/settings.h"

#include <assert.h>

#define IN(stage_) MFACE_STAGE_BIT(MFACE_STAGE_##stage_)

// clang-format off
static const struct mface_stage_info stages[MFACE_N_STAGES] = {
    [MFACE_STAGE_DECODE] = { "decode", 0, 1, MFACE_BY_CONTENT, MFACE_ROLE_NONE, false,
        "the frame, in the decoder's pixel format", "3-6 MB at 1080p", "2-5 ms" },
    [MFACE_STAGE_DETECT] = { "detect", IN(DECODE), 2, MFACE_BY_CONTENT, MFACE_ROLE_DETECTOR, true,
        "boxes and scores of all faces", "< 1 KB", "5-60 ms" },
    [MFACE_STAGE_SELECT] = { "select", IN(DETECT), 1, MFACE_BY_CONTENT, MFACE_ROLE_NONE, false,
        "the boxes to swap, sorted", "< 1 KB", "< 0.01 ms" },
    [MFACE_STAGE_MARK] = { "mark", IN(DECODE) | IN(SELECT), 2, MFACE_BY_CONTENT, MFACE_ROLE_MARKER, true,
        "landmarks of one face", "< 4 KB", "1-5 ms" },
    [MFACE_STAGE_TRACK] = { "track", IN(DECODE) | IN(SELECT) | IN(MARK), 1, MFACE_BY_CONTENT, MFACE_ROLE_NONE, false,
        "the faces followed from the frame before", "4 KB a face", "0.05 ms" },
    [MFACE_STAGE_ALIGN] = { "align", IN(DECODE) | IN(TRACK), 2, MFACE_BY_CONTENT, MFACE_ROLE_NONE, true,
        "where the crop lies, and the hash of its pixels", "< 1 KB", "0.2 ms" },
    [MFACE_STAGE_CROP] = { "crop", IN(DECODE) | IN(ALIGN), 1, MFACE_BY_CONTENT, MFACE_ROLE_NONE, true,
        "the aligned face, U8 BGR", "150 KB at 224", "0.2 ms" },
    [MFACE_STAGE_PRE] = { "pre", IN(CROP), 1, MFACE_BY_DERIVATION, MFACE_ROLE_NONE, true,
        "the face as the model takes it, U8 BGR", "150 KB at 224", "0.1-4 ms" },
    [MFACE_STAGE_SWAP] = { "swap", IN(PRE), 3, MFACE_BY_DERIVATION, MFACE_ROLE_DFM, true,
        "new face, its mask and the old face's mask, U8", "250 KB at 224", "20-400 ms" },
    [MFACE_STAGE_POST] = { "post", IN(SWAP) | IN(CROP) | IN(TRACK) | IN(ALIGN), 3, MFACE_BY_DERIVATION, MFACE_ROLE_NONE, true,
        "the finished face and its mask, U8", "200 KB at 224", "0.1-2 ms" },
    [MFACE_STAGE_MERGE] = { "merge", IN(DECODE) | IN(POST) | IN(ALIGN), 2, MFACE_BY_DERIVATION, MFACE_ROLE_NONE, true,
        "the changed parts of the frame, in its own pixel format", "a face's region", "1-80 ms" },
    [MFACE_STAGE_ENCODE] = { "encode", IN(MERGE), 1, MFACE_BY_DERIVATION, MFACE_ROLE_NONE, false,
        "the output", "", "5-15 ms" },
};
// clang-format on

const struct mface_stage_info *mface_stage_get(enum mface_stage stage)
{
    assert(stage < MFACE_N_STAGES);
    return &stages[stage];
}

const char *mface_role_name(enum mface_model_role role)
{
    static const char *const names[MFACE_N_ROLES] = { "", "detector", "marker", "dfm" };
    return names[role];
}

unsigned mface_stages_downstream(unsigned set)
{
    /* Inputs precede their readers in the table, so one pass reaches everything. */
    for (int i = 0; i < MFACE_N_STAGES; i++)
        if (stages[i].inputs & set)
            set |= MFACE_STAGE_BIT(i);
    return set;
}

static struct mface_key base_of(enum mface_stage stage, const struct mface_settings *settings,
    const struct mface_key digests[MFACE_N_ROLES])
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, stages[stage].name);
    mface_hasher_add_u64(&hasher, stages[stage].version);
    for (size_t i = 0; i < mface_settings_n_rows; i++) {
        const struct mface_option *row = &mface_settings_rows[i];
        if (!(row->stages & MFACE_STAGE_BIT(stage)))
            continue;
        mface_hasher_add_str(&hasher, row->key);
        mface_option_hash(row, settings, &hasher);
    }
    if (stages[stage].model != MFACE_ROLE_NONE)
        mface_hasher_add_key(&hasher, digests[stages[stage].model]);
    return mface_hasher_finish(&hasher);
}

void mface_stage_bases_init(struct mface_stage_bases *bases, const struct mface_settings *settings,
    const struct mface_key digests[MFACE_N_ROLES])
{
    for (int i = 0; i < MFACE_N_STAGES; i++)
        bases->base[i] = base_of((enum mface_stage)i, settings, digests);
}

struct mface_key mface_stage_key(const struct mface_stage_bases *bases, enum mface_stage stage,
    const struct mface_key *inputs, size_t n_inputs)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_key(&hasher, bases->base[stage]);
    for (size_t i = 0; i < n_inputs; i++)
        mface_hasher_add_key(&hasher, inputs[i]);
    return mface_hasher_finish(&hasher);
}

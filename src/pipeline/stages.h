/* The stages of a face swap, declared as data.
 *
 * One row per stage says what it reads, whether its result is kept and how that result is named.
 * Which settings enter a stage is said by the settings' own rows (settings.c). Keys, caching,
 * statistics and `memoface graph` all derive from these two tables. */
#ifndef MFACE_PIPELINE_STAGES_H
#define MFACE_PIPELINE_STAGES_H

#include <memoface/key.h>
#include <stdbool.h>
#include <stddef.h>

struct mface_settings;

/* In the order of the data's flow: inputs come before what reads them. */
enum mface_stage {
    MFACE_STAGE_DECODE,
    MFACE_STAGE_DETECT,
    MFACE_STAGE_SELECT,
    MFACE_STAGE_MARK,
    MFACE_STAGE_TRACK,
    MFACE_STAGE_ALIGN,
    MFACE_STAGE_CROP,
    MFACE_STAGE_PRE,
    MFACE_STAGE_SWAP,
    MFACE_STAGE_POST,
    MFACE_STAGE_MERGE,
    MFACE_STAGE_ENCODE,
    MFACE_N_STAGES,
};

#define MFACE_STAGE_BIT(stage) (1u << (stage))

/* By what name the stages that read a result know it. */
enum mface_identity {
    MFACE_BY_DERIVATION, // the key it was computed under
    MFACE_BY_CONTENT,    // a hash of its bytes: equal results from different inputs are one
};

/* Models whose digest enters a key. */
enum mface_model_role { MFACE_ROLE_NONE, MFACE_ROLE_DETECTOR, MFACE_ROLE_MARKER, MFACE_ROLE_DFM };
enum { MFACE_N_ROLES = 4 };

struct mface_stage_info {
    const char *name;
    unsigned inputs;  // bit set of stages
    unsigned version; // raised whenever the same inputs give other bytes than before
    enum mface_identity identity;
    enum mface_model_role model;
    bool cached;
    const char *result, *bytes, *cost; // for people: what it is, typical size and time
};

/* The row of a stage; stage < MFACE_N_STAGES. */
const struct mface_stage_info *mface_stage_get(enum mface_stage stage);

/* "" | "detector" | "marker" | "dfm". Static storage. */
const char *mface_role_name(enum mface_model_role role);

/* `stages` and every stage that reads them, directly or not. Bit sets. */
unsigned mface_stages_downstream(unsigned stages);

/* What is fixed for the length of a job: per stage a hash of its name, its version, the settings
 * that enter it and the digest of its model. */
struct mface_stage_bases {
    struct mface_key base[MFACE_N_STAGES];
};

/* `digests` by role; entry 0 is not used. */
void mface_stage_bases_init(struct mface_stage_bases *bases, const struct mface_settings *settings,
    const struct mface_key digests[MFACE_N_ROLES]);

/* The key of one result: the stage's base and the identities of its inputs, in a fixed order. */
struct mface_key mface_stage_key(const struct mface_stage_bases *bases, enum mface_stage stage,
    const struct mface_key *inputs, size_t n_inputs);

#endif

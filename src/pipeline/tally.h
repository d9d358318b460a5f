/* What is counted while a job runs. Workers add, any thread reads. */
#ifndef MFACE_PIPELINE_TALLY_H
#define MFACE_PIPELINE_TALLY_H

#include "base/stat.h"
#include "pipeline/stages.h"
#include "pipeline/value.h"

/* Runs of a stage since the session began: what one of them costs on average. */
struct mface_stage_cost {
    mface_counter n, us;
};

struct mface_stage_tally {
    mface_counter demands, hits;
    struct mface_hist runs; // own time of each run, without the stages it demanded
    struct mface_value value;
};

/* Zeroed is ready. */
struct mface_tally {
    mface_counter frames; // written
    mface_counter frames_without_face, frames_failed;
    mface_counter frames_dropped;  // never worked on: newer ones were there
    mface_counter frames_repeated; // seen before (seen.h)
    mface_counter faces;           // swapped
    mface_counter faces_hidden;    // of these, but nothing of it shows
    mface_counter face_demands, face_hits;
    mface_counter hidden_us;   // what stages had cost that a hit after them made needless
    struct mface_hist latency; // decoded to encoded
    struct mface_stage_tally stage[MFACE_N_STAGES];
    struct mface_stage_cost cost[MFACE_N_STAGES]; // of earlier jobs, too
};

/* For the next job of the session. No thread may use it meanwhile. */
void mface_tally_reset(struct mface_tally *tally);

/* A hit saves more than its own stage's run: those before it, which nobody demanded. */
static inline void mface_tally_hide(struct mface_tally *tally, enum mface_stage stage)
{
    const int64_t n = mface_counter_get(&tally->cost[stage].n);
    if (n > 0)
        mface_counter_add(&tally->hidden_us, mface_counter_get(&tally->cost[stage].us) / n);
}

static inline void mface_tally_cost(struct mface_tally *tally, enum mface_stage stage, int64_t us)
{
    mface_counter_add(&tally->cost[stage].n, 1);
    mface_counter_add(&tally->cost[stage].us, us);
}

/* Counts a run of a stage that has no key and so cannot hit. */
static inline void mface_tally_run(struct mface_tally *tally, enum mface_stage stage, int64_t us)
{
    mface_counter_add(&tally->stage[stage].demands, 1);
    mface_hist_add(&tally->stage[stage].runs, us);
}

#endif

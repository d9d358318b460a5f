/* What is counted while a job runs. Workers add, any thread reads. */
#ifndef MFACE_PIPELINE_TALLY_H
#define MFACE_PIPELINE_TALLY_H

#include "base/stat.h"
#include "pipeline/stages.h"
#include "pipeline/value.h"

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
    struct mface_hist latency; // decoded to encoded
    struct mface_stage_tally stage[MFACE_N_STAGES];
};

/* Counts a run of a stage that has no key and so cannot hit. */
static inline void mface_tally_run(struct mface_tally *tally, enum mface_stage stage, int64_t us)
{
    mface_counter_add(&tally->stage[stage].demands, 1);
    mface_hist_add(&tally->stage[stage].runs, us);
}

#endif

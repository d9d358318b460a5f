/* The probe of a plan: a look through the clip, and short swaps at several places of it. */
#ifndef MFACE_STUDY_PROBE_H
#define MFACE_STUDY_PROBE_H

#include "study/pass.h"
#include "study/predict.h"
#include <memoface/forecast.h>

enum { MFACE_PROBE_PLACES = 5 };

struct mface_probe {
    struct mface_job_facts facts;
    int n_cpus;
    /* The look: frames are decoded and hashed, nothing else. */
    int32_t *gaps; // n_looked; see mface_predict_repeats()
    int n_looked;
    bool looked_through; // to the end
    double decode_ms;    // a frame
    /* The swaps. */
    int n_places, place_frames, starts[MFACE_PROBE_PLACES]; // counted in frames
    struct mface_pass cold;                                 // of all places
    double repeats;                                         // 0..1 of its frames equal one before
    struct mface_pass first;                                // of the first alone
    struct mface_pass again;                                // the first once more
    struct mface_pass rerender;                             // the first with another post-gamma
    struct mface_pass toggled; // the first afresh with `parallel` the other way
    double open_s;             // of the first, which lies where the clip begins
};

/* Logs on failure. Release with mface_probe_clear(), also then. */
MFACE_NODISCARD enum mface_status mface_probe_run(
    const struct mface_forecast_params *params, struct mface_probe *probe);
void mface_probe_clear(struct mface_probe *probe);

#endif

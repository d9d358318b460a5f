/* What the files of a plan share. */
#ifndef MFACE_STUDY_FORECAST_H
#define MFACE_STUDY_FORECAST_H

#include "study/probe.h"

enum { MFACE_FORECAST_ADVICE_MAX = 8 };

/* One setting that would serve this clip, and why. */
struct mface_forecast_advice {
    const char *key;
    char value[32], reason[192];
};

struct mface_forecast {
    char *input, *model;   // owned
    double start_s, end_s; // of the input; 0: its own
    struct mface_probe probe;
    struct mface_prediction prediction;
    double frames;                     // of the job; 0: not known
    double repeats;                    // 0..1 of them, within reach of the cache
    double static_faces;               // 0..1 of the faces of new frames needed no inference
    double bytes_per_new_frame;        // in the cache
    int64_t need_bytes;                // for all of the clip; 0: not known
    int64_t memory_bytes, cache_bytes; // of the process and its cache at the end of the job
    int n_advice;
    struct mface_forecast_advice advice[MFACE_FORECAST_ADVICE_MAX];
};

const char *mface_forecast_bottleneck(const struct mface_forecast *plan);

#endif

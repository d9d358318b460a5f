/* Plans: what a swap will take, foretold from a few seconds of its clip (docs/bench.md). */
#ifndef MEMOFACE_FORECAST_H
#define MEMOFACE_FORECAST_H

#include <memoface/session.h>
#include <memoface/settings.h>
#include <memoface/status.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_forecast; // opaque

struct mface_forecast_params {
    const char *model, *input;
    const char *input_format;              // FFmpeg's name, or NULL to probe
    double start_s, end_s;                 // as in struct mface_job
    const char *output;                    // only its name counts, for the encoder; NULL: an MP4
    const struct mface_settings *settings; // of the swap to come
    double seconds; // of the clip to try, 0.2..600; 0: 5; fewer where that takes 6 times as long
};

/* Reads the clip for a few seconds, then swaps parts of it with its encoder into nothing. Logs on
 * failure: MFACE_ERR_ARG (seconds), or what a session says. */
MFACE_API MFACE_NODISCARD enum mface_status mface_forecast_make(
    const struct mface_forecast_params *params, struct mface_forecast **out);
MFACE_API void mface_forecast_free(struct mface_forecast **plan);

/* MFACE_ERR_IO, not logged. */
MFACE_API MFACE_NODISCARD enum mface_status mface_forecast_write(
    const struct mface_forecast *plan, int as_json, FILE *file);

/* What a plan that was saved as JSON says of a job, for mface_job.predicted_fps. MFACE_ERR_ARG: it
 * is about another input, piece or model; MFACE_ERR_FORMAT: no plan; MFACE_ERR_NOENT. Logged. */
MFACE_API MFACE_NODISCARD enum mface_status mface_forecast_read(
    const char *path, const struct mface_job *job, const char *model, double *predicted_fps);

/* By how much the prediction of a finished job was too high, in percent of what was measured. */
MFACE_API double mface_forecast_error_percent(const struct mface_stats *stats);

#ifdef __cplusplus
}
#endif
#endif

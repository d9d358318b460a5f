#include "study/probe.h"

#include "base/cpu.h"
#include "base/log.h"
#include "base/mem.h"
#include "media/media.h"
#include "pipeline/settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_FRAMES_MAX = 4000, LOOK_US_MAX = 6000000, STILLS = 10, WARM_UP = 8 }; // frames

/* The look */

static int32_t gap_of(const struct mface_key *keys, int n)
{
    for (int i = n - 1; i >= 0; i--)
        if (memcmp(&keys[i], &keys[n], sizeof *keys) == 0)
            return n - i;
    return 0;
}

static enum mface_status look_at_frames(
    struct mface_reader *reader, struct mface_key *keys, struct mface_probe *probe)
{
    const int64_t start_us = mface_time_us();
    while (probe->n_looked < LOOK_FRAMES_MAX && mface_time_us() - start_us < LOOK_US_MAX) {
        struct mface_frame *frame = NULL;
        const enum mface_status status = mface_reader_read(reader, &frame);
        probe->looked_through = status == MFACE_ERR_EOF;
        if (probe->looked_through)
            break;
        MFACE_TRY(status);
        keys[probe->n_looked] = mface_frame_key(frame);
        probe->gaps[probe->n_looked] = gap_of(keys, probe->n_looked);
        probe->n_looked++;
        mface_frame_unref(&frame);
    }
    const double took_ms = (double)(mface_time_us() - start_us) / 1000;
    probe->decode_ms = probe->n_looked > 0 ? took_ms / probe->n_looked : 0;
    return MFACE_OK;
}

static enum mface_status look(const struct mface_forecast_params *params, struct mface_probe *probe)
{
    const struct mface_reader_params reader_params = {
        .url = params->input,
        .format = params->input_format,
        .options = params->settings->input_options,
        .start_s = params->start_s,
        .end_s = params->end_s,
        .threads = mface_cpu_count(),
    };
    struct mface_reader *reader;
    struct mface_key *keys = mface_mem_alloc(LOOK_FRAMES_MAX * sizeof *keys);
    probe->gaps = mface_mem_calloc(LOOK_FRAMES_MAX, sizeof *probe->gaps);
    enum mface_status status =
        keys && probe->gaps ? mface_reader_open(&reader_params, &reader) : mface_fail_nomem("plan");
    if (status == MFACE_OK) {
        status = look_at_frames(reader, keys, probe);
        mface_reader_close(&reader);
    }
    mface_mem_free(keys);
    return status;
}

/* The swaps */

struct probing {
    const struct mface_forecast_params *params;
    struct mface_probe *probe;
    struct mface_session *session;
    struct mface_settings settings;
    struct mface_job job;
    char folder[MFACE_PASS_FOLDER_BYTES], output[MFACE_PASS_FOLDER_BYTES + 16];
};

static enum mface_status play(struct probing *probing, int first, struct mface_pass *pass)
{
    probing->job.frames_skip = first;
    return mface_pass_play(pass, probing->session, &probing->job);
}

/* An empty cache of the size that the settings say. */
static enum mface_status start_afresh(struct probing *probing)
{
    struct mface_settings off = probing->settings;
    off.cache_size_bytes = 0;
    MFACE_TRY(mface_session_configure(probing->session, &off));
    return mface_session_configure(probing->session, &probing->settings);
}

static void lay_places(struct mface_probe *probe)
{
    const double last = (double)probe->facts.frames_total - probe->place_frames;
    for (int i = 1; i < probe->n_places; i++)
        probe->starts[i] = (int)(i * last / (probe->n_places - 1));
    probe->repeats = mface_predict_probed_repeats(
        probe->gaps, probe->n_looked, probe->starts, probe->n_places, probe->place_frames);
}

static double seconds_of(const struct mface_forecast_params *params)
{
    return params->seconds > 0 ? params->seconds : 5;
}

/* Several places where the clip is long enough to have them, else its beginning. */
static void choose_places(struct probing *probing)
{
    const struct mface_job_facts *facts = &probing->probe->facts;
    const double clip_frames = seconds_of(probing->params) * facts->fps;
    const double frames = facts->fps > 0 ? fmax(1, ceil(clip_frames)) : STILLS;
    const bool is_long = facts->fps > 0 && (double)facts->frames_total > 1.5 * frames;
    struct mface_probe *probe = probing->probe;
    probe->n_places = is_long && frames >= 2 * MFACE_PROBE_PLACES ? MFACE_PROBE_PLACES : 1;
    probe->place_frames = (int)(frames / probe->n_places);
    probing->job.frames_max = probe->place_frames;
    lay_places(probe);
}

/* Where frames are slow, each place has fewer: nobody waits for minutes to hear how long it takes.
 * `pass`: of the warm-up. */
static void keep_it_short(struct probing *probing, const struct mface_pass *pass)
{
    enum { TIME_FOR_CLIP = 6 }; // seconds a second
    struct mface_probe *probe = probing->probe;
    const double frame_s = pass->frames > 0 ? pass->wall_s / (double)pass->frames : 0;
    const int n_plays = probe->n_places + 2; // those that find nothing in the cache
    const double most_s = TIME_FOR_CLIP * seconds_of(probing->params);
    if (n_plays * probe->place_frames * frame_s <= most_s)
        return;
    const int frames = (int)(most_s / (n_plays * frame_s));
    const int least = probe->place_frames < WARM_UP ? probe->place_frames : WARM_UP;
    probe->place_frames = frames > least ? frames : least;
    probing->job.frames_max = probe->place_frames;
    lay_places(probe);
}

/* What comes once in a process (pages of the model, the processor's clock) is not part of a frame.
 */
static enum mface_status warm_up(struct probing *probing)
{
    struct mface_pass pass = { 0 };
    const int64_t frames_max = probing->job.frames_max;
    probing->job.frames_max = frames_max < WARM_UP ? frames_max : WARM_UP;
    const enum mface_status status = play(probing, 0, &pass);
    probing->job.frames_max = frames_max;
    if (status == MFACE_OK)
        keep_it_short(probing, &pass);
    return status;
}

static enum mface_status play_places(struct probing *probing)
{
    struct mface_probe *probe = probing->probe;
    MFACE_TRY(start_afresh(probing));
    MFACE_TRY(play(probing, 0, &probe->first));
    probe->open_s = probe->first.open_s;
    MFACE_TRY(play(probing, 0, &probe->again));
    probe->cold = probe->first;
    for (int i = 1; i < probe->n_places; i++)
        MFACE_TRY(play(probing, probe->starts[i], &probe->cold));
    return MFACE_OK;
}

static enum mface_status play_variants(struct probing *probing)
{
    struct mface_probe *probe = probing->probe;
    const struct mface_settings settings = probing->settings;
    MFACE_TRY(start_afresh(probing));
    probe->rerender = (struct mface_pass) { 0 };
    MFACE_TRY(play(probing, 0, &probe->rerender));
    probe->rerender = (struct mface_pass) { 0 };
    probing->settings.post_gamma_bgr[2] += probing->settings.post_gamma_bgr[2] < 2 ? 0.1 : -0.1;
    MFACE_TRY(mface_session_configure(probing->session, &probing->settings));
    MFACE_TRY(play(probing, 0, &probe->rerender));
    probing->settings = settings;
    probing->settings.parallel = !settings.parallel;
    MFACE_TRY(start_afresh(probing));
    return play(probing, 0, &probe->toggled);
}

static enum mface_status swap_places(struct probing *probing)
{
    MFACE_TRY(mface_session_create(probing->params->model, &probing->settings, &probing->session));
    MFACE_TRY(mface_session_check(probing->session, &probing->job, &probing->probe->facts));
    /* From here on only checksums of the output are kept; its encoder is the one that was found. */
    snprintf(probing->output, sizeof probing->output, "%s/frames.crc", probing->folder);
    probing->job.output = probing->output;
    probing->job.output_format = "framecrc";
    probing->job.encoder = probing->probe->facts.encoder;
    choose_places(probing);
    MFACE_TRY(warm_up(probing));
    MFACE_TRY(play_places(probing));
    return play_variants(probing);
}

enum mface_status mface_probe_run(
    const struct mface_forecast_params *params, struct mface_probe *probe)
{
    struct probing probing = {
        .params = params,
        .probe = probe,
        .settings = *params->settings,
        .job = {
            .input = params->input,
            .input_format = params->input_format,
            .start_s = params->start_s,
            .end_s = params->end_s,
            .output = params->output ? params->output : "plan.mp4",
            .quality = -1,
            .overwrite = 1,
            .no_provenance = 1,
        },
    };
    *probe = (struct mface_probe) { .n_cpus = mface_cpu_count() };
    probing.settings.disk_cache_size_bytes = 0;
    probing.settings.latency = MFACE_LATENCY_OFF;
    enum mface_status status = look(params, probe);
    if (status == MFACE_OK)
        status = mface_pass_make_folder(probing.folder);
    if (status != MFACE_OK)
        return status;
    status = swap_places(&probing);
    mface_session_free(&probing.session);
    mface_pass_remove_folder(probing.folder);
    return status;
}

void mface_probe_clear(struct mface_probe *probe)
{
    mface_mem_free(probe->gaps);
    probe->gaps = NULL;
}

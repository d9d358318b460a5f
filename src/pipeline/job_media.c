/* What a job reads and writes. */
#include "pipeline/job.h"

#include "base/log.h"
#include "pipeline/live.h"
#include "pipeline/output_check.h"

enum mface_status mface_run_check_paths(const struct mface_run *run)
{
    const struct mface_job *job = run->job;
    const char *const written[] = { job->output, job->sidecar, job->trace };
    const char *const words[] = { "output", "sidecar", "trace" };
    const char *model = mface_session_report_model(run->session).path;
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        if (!written[i])
            continue;
        MFACE_TRY(mface_output_check(job->input, written[i], job->overwrite));
        MFACE_TRY(mface_output_check_differs(written[i], model, "model"));
        for (size_t k = 0; k < i; k++)
            if (written[k])
                MFACE_TRY(mface_output_check_differs(written[i], written[k], words[k]));
    }
    return job->sidecar ? mface_output_check_place(job->sidecar) : MFACE_OK;
}

enum mface_status mface_run_open_reader(struct mface_run *run)
{
    const struct mface_settings *settings = &run->session->settings;
    const bool is_live = mface_input_is_live(run->job->input, run->job->input_format);
    if (is_live && run->job->start_s > 0)
        return mface_fail(MFACE_ERR_ARG,
            "%s: live: it begins when it is opened, so it takes an end but no start",
            run->job->input);
    run->is_live = settings->latency == MFACE_LATENCY_ON ||
                   (settings->latency == MFACE_LATENCY_AUTO && is_live);
    const struct mface_reader_params params = {
        .url = run->job->input,
        .format = run->job->input_format,
        .options = settings->input_options,
        .threads =
            run->is_live ? 1 : mface_settings_n_decode_threads(settings), // each holds a frame
        .start_s = run->job->start_s,
        .end_s = run->job->end_s,
        .n_frames_skip = run->job->frames_skip,
        .n_frames_max = run->job->frames_max,
        .hold = run->job->hold,
        .cancel = &run->session->cancel,
    };
    MFACE_TRY(mface_reader_open(&params, &run->reader));
    struct mface_reader_info info;
    mface_reader_get_info(run->reader, &info);
    run->frames_total = info.n_frames;
    run->has_stills = info.fps == 0;
    return MFACE_OK;
}

/* The encoder chooses its own threads: with some encoders the stream would else depend on a setting
 * that must not show in the output. What the job says goes before what the settings say. */
enum mface_status mface_run_open_writer(struct mface_run *run)
{
    const struct mface_job *job = run->job;
    const struct mface_settings *settings = &run->session->settings;
    const struct mface_report_model model = mface_session_report_model(run->session);
    mface_provenance_init(&run->provenance, &model);
    const struct mface_writer_params params = {
        .url = job->output,
        .format = job->output_format,
        .encoder = job->encoder ? job->encoder : settings->encoder,
        .pixel_format = job->pixel_format ? job->pixel_format : settings->pixel_format,
        .quality = job->quality >= 0 ? job->quality : settings->quality,
        .speed = job->speed ? job->speed : settings->speed,
        .favor = (enum mface_favor)settings->encode_for,
        .encoder_options = settings->encoder_options,
        .check_only = run->check_only,
        .metadata = job->no_provenance ? NULL : run->provenance.metadata,
    };
    return mface_writer_open(&params, run->reader, &run->writer);
}

/* A sound output is finished even if the input broke off or the user stopped it; one without a
 * single frame is not worth keeping. */
enum mface_status mface_run_end_output(
    struct mface_run *run, enum mface_status status, bool is_writable)
{
    const bool is_empty = mface_counter_get(&run->session->tally.frames) == 0;
    if (!is_writable || is_empty) {
        mface_writer_discard(&run->writer);
        if (status == MFACE_OK)
            return mface_fail(MFACE_ERR_FORMAT, "%s: no frame could be decoded", run->job->input);
        return status;
    }
    const enum mface_status finished = mface_writer_finish(&run->writer);
    run->has_output = finished == MFACE_OK;
    return finished != MFACE_OK ? finished : status;
}

enum mface_status mface_run_write_sidecar(const struct mface_run *run)
{
    const struct mface_report_model model = mface_session_report_model(run->session);
    if (!run->job->sidecar || !run->has_output)
        return MFACE_OK;
    return mface_provenance_write_sidecar(run->job, &model);
}

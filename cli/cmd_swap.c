/* memoface swap: the main job. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *const groups[] = { "Cache", "Speed", "Faces", "Alignment", "Swap", "Mask",
    "Merge", "Frame", NULL };

/* The one session a signal may reach. */
static struct mface_session *running;

/* The first Ctrl-C asks the job to stop and finish its file; a second one ends the program. */
static void on_signal(int signal_number)
{
    mface_session_cancel(running);
    signal(signal_number, SIG_DFL);
}

static void watch_signals(struct mface_session *session)
{
    running = session;
    struct sigaction action = { .sa_handler = on_signal };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN); // a closed pipe is a write error, reported as such
    signal(SIGXFSZ, SIG_IGN); // and so is a file-size limit
}

struct swap_args {
    const char *model, *report;
    bool quiet, verbose, overwrite, provenance;
    struct mface_job job;
    struct watch watch;
};

static enum mface_status write_report(
    const struct mface_session *session, const struct mface_stats *stats, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    enum mface_status status = MFACE_ERR_IO;
    if (file) {
        status = mface_session_write_report(session, stats, file);
        if (file != stdout && fclose(file) != 0)
            status = MFACE_ERR_IO;
    }
    if (status != MFACE_OK)
        fprintf(stderr, "memoface: %s: cannot write the report: %s\n", path, strerror(errno));
    return status;
}

static enum mface_status run_watched(
    struct mface_session *session, struct swap_args *args, struct mface_stats *stats)
{
    struct watch *watch = &args->watch;
    progress_init(&watch->progress, args->quiet);
    args->job.progress = watch_show;
    args->job.user = watch;
    args->job.interval_ms = watch->progress.terminal || watch->address ? 250 : 1000;
    enum mface_status status = watch_start(watch, session);
    if (status == MFACE_OK)
        status = mface_session_run(session, &args->job, stats);
    watch_stop(watch);
    return status;
}

static enum mface_status run_job(struct mface_session *session, struct swap_args *args)
{
    struct mface_stats stats;
    args->job.overwrite = args->overwrite;
    args->job.no_provenance = !args->provenance;
    watch_signals(session);
    const enum mface_status status = run_watched(session, args, &stats);
    if (status != MFACE_OK && status != MFACE_ERR_CANCELED)
        return status;
    if (!args->quiet)
        summary_print(&stats, args->job.output, status);
    const enum mface_status report_status =
        args->report ? write_report(session, &stats, args->report) : MFACE_OK;
    return status != MFACE_OK ? status : report_status;
}

static enum exit_code swap_with(
    struct mface_settings *settings, const struct command *command, int argc, char **argv)
{
    struct swap_args a = { .provenance = true, .job = { .quality = -1 } };
    const struct arg args[] = {
        { "input", 'i', ARG_TEXT, &a.job.input, "INPUT",
            "video, image, image pattern, folder of images, device or URL", true },
        { "model", 'm', ARG_TEXT, &a.model, "FILE.dfm", "the DFM model", true },
        { "output", 'o', ARG_TEXT, &a.job.output, "OUTPUT",
            "video, image, image pattern, folder or URL", true },
        { "overwrite", 'y', ARG_FLAG, &a.overwrite, "", "replace an existing output", false },
        { "input-format", 'f', ARG_TEXT, &a.job.input_format, "NAME",
            "FFmpeg input format, for devices (v4l2)", false },
        { "output-format", 0, ARG_TEXT, &a.job.output_format, "NAME",
            "FFmpeg output format; else by the name", false },
        { "encoder", 'c', ARG_TEXT, &a.job.encoder, "NAME",
            "FFmpeg encoder (libx264, ffv1, …); else by the container", false },
        { "quality", 'q', ARG_INT, &a.job.quality, "N",
            "constant quality as the encoder counts it (CRF); else its default", false },
        { "speed", 0, ARG_TEXT, &a.job.speed, "WORD", "encoder preset (ultrafast … slow)", false },
        { "pixel-format", 0, ARG_TEXT, &a.job.pixel_format, "NAME",
            "of the output; else the input's where the encoder can", false },
        { "report", 0, ARG_TEXT, &a.report, "FILE.json",
            "write the figures of the job; - for stdout", false },
        { "provenance", 0, ARG_SWITCH, &a.provenance, "on|off",
            "metadata that says what made the output [on]", false },
        { "sidecar", 0, ARG_TEXT, &a.job.sidecar, "FILE.json",
            "write the provenance to a file as well", false },
        { "record-trace", 0, ARG_TEXT, &a.job.trace, "FILE",
            "record what was demanded of the cache, for bench/cache.sh --replay", false },
        { "dashboard", 0, ARG_MAYBE, &a.watch.address, "[ADDR:PORT]",
            "watch and steer in a browser [127.0.0.1:7878]; port 0: a free one", false },
        { "dashboard-token", 0, ARG_TEXT, &a.watch.token, "TOKEN",
            "what clients must know; off this machine one is made up if none is given", false },
        { "quiet", 0, ARG_FLAG, &a.quiet, "", "errors and warnings only", false },
        { "verbose", 'v', ARG_FLAG, &a.verbose, "", "say more about what is chosen", false },
    };
    enum exit_code code;
    if (!args_parse(command, args, sizeof args / sizeof args[0], settings, NULL, argc, argv, &code))
        return code;
    if (a.verbose)
        mface_log_set_level(MFACE_LOG_INFO);
    struct mface_session *session = NULL;
    enum mface_status status = mface_session_create(a.model, settings, &session);
    if (status == MFACE_OK)
        status = run_job(session, &a);
    mface_session_free(&session);
    return exit_code_of(status);
}

static enum exit_code run(const struct command *command, int argc, char **argv)
{
    struct mface_settings *settings;
    const enum mface_status status = mface_settings_create(&settings);
    if (status != MFACE_OK)
        return exit_code_of(status);
    const enum exit_code code = swap_with(settings, command, argc, argv);
    mface_settings_free(&settings);
    return code;
}

const struct command command_swap = {
    .name = "swap",
    .synopsis = "-i INPUT -m MODEL.dfm -o OUTPUT [OPTIONS] [SETTINGS]",
    .summary = "swap the faces in a video or in images",
    .examples =
        "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4\n"
        "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4 --cache-size 4G "
        "--post-gamma-red 1.1\n"
        "  memoface swap -i group.jpg -m face.dfm -o group-swapped.png --max-faces 0 "
        "--swap-all-faces\n"
        "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4 --dashboard\n"
        "  memoface swap -i /dev/video0 -f v4l2 -m face.dfm -o live.mkv --speed ultrafast\n",
    .setting_groups = groups,
    .run = run,
};

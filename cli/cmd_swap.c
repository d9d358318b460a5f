/* memoface swap: the main job. */
#include "swap.h"
#include "terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const groups[] = { "Starting points", "Cache", "Speed", "Faces", "Alignment",
    "Swap", "Mask", "Merge", "Frame", "Input", "Output", NULL };

/* The one session a signal may reach. */
static struct mface_session *running;

static const int stopping[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t was_asked;

/* The first signal asks the job to stop and finish its file; a second one ends the program, but not
 * a second SIGHUP: where a terminal closes, system and shell both send one. */
static void on_signal(int signal_number)
{
    if (was_asked && signal_number != SIGHUP) {
        terminal_restore();
        signal(signal_number, SIG_DFL);
        raise(signal_number); // once this returns
    }
    was_asked = 1;
    mface_session_cancel(running);
}

/* A terminal that closes ends the job as Ctrl-C does, but not under nohup. */
static bool is_ignored_on_purpose(int signal_number)
{
    struct sigaction action;
    return signal_number == SIGHUP && sigaction(signal_number, NULL, &action) == 0 &&
           action.sa_handler == SIG_IGN;
}

static void watch_signals(struct mface_session *session)
{
    running = session;
    was_asked = 0;
    struct sigaction action = { .sa_handler = on_signal };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof stopping / sizeof stopping[0]; i++)
        if (!is_ignored_on_purpose(stopping[i]))
            sigaction(stopping[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN); // a closed pipe is a write error, reported as such
    signal(SIGXFSZ, SIG_IGN); // and so is a file-size limit
}

/* The session that signals reach is about to go. */
static void unwatch_signals(void)
{
    for (size_t i = 0; i < sizeof stopping / sizeof stopping[0]; i++)
        if (!is_ignored_on_purpose(stopping[i]))
            signal(stopping[i], SIG_DFL);
}

enum mface_status swap_job(struct mface_session *session, const struct swap_args *args,
    const struct mface_job *job, struct mface_stats *stats)
{
    struct watch watch = args->watch;
    struct mface_job watched = *job;
    const bool is_off = args->quiet && args->monitor != MONITOR_JSON;
    watch_begin(&watch, is_off ? MONITOR_OFF : args->monitor);
    watched.progress = watch_show;
    watched.user = &watch;
    watched.interval_ms = watch.progress.terminal || watch.dashboard ? 250 : 1000;
    watch_signals(session);
    const enum mface_status status = mface_session_run(session, &watched, stats);
    stats->insight = watch.insight;
    watch_end(&watch);
    return status;
}

static enum mface_status run_one(struct mface_session *session, struct swap_args *args)
{
    struct mface_stats stats;
    const enum mface_status status = swap_job(session, args, &args->job, &stats);
    if (status != MFACE_OK && status != MFACE_ERR_CANCELED) {
        if (!args->quiet &&
            stats.frames > 0) // the bar stands below the reason and looks like success
            fprintf(stderr, "Failed after %lld frames: see above\n", (long long)stats.frames);
        return status;
    }
    if (!args->quiet)
        summary_print(&stats, args->job.output, status);
    const enum mface_status report_status =
        args->report ? report_write(session, &stats, args->report) : MFACE_OK;
    return status != MFACE_OK ? status : report_status;
}

/* Nothing is kept of a dry run, not even what was measured of the model. */
static enum mface_status create_session(
    const struct swap_args *args, const struct mface_settings *settings, struct mface_session **out)
{
    struct mface_settings *copy;
    enum mface_status status = mface_settings_copy(settings, &copy);
    if (status == MFACE_OK && args->dry_run)
        status = mface_settings_set(copy, "cache-dir", "none");
    if (status == MFACE_OK)
        status = mface_session_create(args->model, copy, out);
    mface_settings_free(&copy);
    return status;
}

static enum exit_code run_jobs(struct mface_session *session, struct swap_args *args)
{
    if (args->inputs.n > 1)
        return batch_run(session, args);
    return exit_code_of(args->dry_run ? dry_run(session, args, &args->job, args->job.output)
                                      : run_one(session, args));
}

static enum exit_code run_session(struct swap_args *args, const struct mface_settings *settings)
{
    struct mface_session *session = NULL;
    if (args->verbose)
        mface_log_set_level(MFACE_LOG_INFO);
    args->job.input = args->inputs.word[0];
    args->job.overwrite = args->overwrite;
    args->job.no_provenance = !args->provenance;
    enum exit_code code = report_check(args);
    if (code == EXIT_OK && args->inputs.n > 1)
        code = batch_check(args);
    if (code == EXIT_OK && args->plan)
        code = exit_code_of(
            mface_forecast_read(args->plan, &args->job, args->model, &args->job.predicted_fps));
    if (code == EXIT_OK)
        code = exit_code_of(create_session(args, settings, &session));
    if (code == EXIT_OK && !args->dry_run)
        code = exit_code_of(watch_start(&args->watch, session));
    if (code == EXIT_OK)
        code = run_jobs(session, args);
    unwatch_signals();
    watch_stop(&args->watch);
    mface_session_free(&session);
    return code;
}

/* JSON lines have stdout to themselves. */
static bool read_monitor(struct swap_args *args, const char *name)
{
    const char *const others[] = { args->job.output, args->report, args->job.sidecar };
    if (!progress_mode(name, &args->monitor)) {
        fprintf(stderr, "memoface swap: --monitor: '%s' is not accepted; give line|full|json|off\n",
            name);
        return false;
    }
    for (size_t i = 0; args->monitor == MONITOR_JSON && i < sizeof others / sizeof others[0]; i++)
        if (others[i] && is_stdout(others[i])) {
            fprintf(stderr, "memoface swap: --monitor json needs stdout; write %s to a file\n",
                i == 0 ? "the output" : "the report");
            return false;
        }
    return true;
}

static enum exit_code swap_with(struct mface_settings_layers *layers, const char **inputs,
    const struct command *command, int argc, char **argv)
{
    const char *monitor = "line";
    struct swap_args a = {
        .provenance = true, .inputs.word = inputs, .watch.keys = true, .job = { .quality = -1 }
    };
    struct piece_args piece = { -1, -1 };
    const struct arg args[] = {
        { "input", 'i', ARG_FILES, &a.inputs, "INPUT",
            "video, image, image pattern, folder of images, device or URL; may be given again",
            true },
        { "model", 'm', ARG_FILE, &a.model, "FILE.dfm", "the DFM model", true },
        { "output", 'o', ARG_FILE, &a.job.output, "OUTPUT",
            "video, image, image pattern, folder or URL; for several inputs a folder", true },
        { "start", 0, ARG_TIME, &piece.start_s, "TIME",
            "where in a video to begin, 12.5 or [HH:]MM:SS; of each input [its beginning]", false },
        { "end", 0, ARG_TIME, &piece.end_s, "TIME",
            "where in a video to end, likewise [its end]; of what is live, how long to record",
            false },
        { "overwrite", 'y', ARG_FLAG, &a.overwrite, "",
            "replace existing files: output, report, sidecar, trace", false },
        { "dry-run", 0, ARG_FLAG, &a.dry_run, "",
            "check everything, say what would be done, write nothing", false },
        { "input-format", 'f', ARG_TEXT, &a.job.input_format, "NAME",
            "FFmpeg input format, for devices (v4l2)", false },
        { "output-format", 0, ARG_TEXT, &a.job.output_format, "NAME",
            "FFmpeg output format; else by the name", false },
        { "report", 0, ARG_FILE, &a.report, "FILE.json",
            "write the figures of the job; - for stdout", false },
        { "plan", 0, ARG_FILE, &a.plan, "FILE.json",
            "compare with what memoface plan --save foretold", false },
        { "provenance", 0, ARG_SWITCH, &a.provenance, "on|off",
            "metadata that says what made the output [on]", false },
        { "sidecar", 0, ARG_FILE, &a.job.sidecar, "FILE.json",
            "write the provenance to a file as well", false },
        { "record-trace", 0, ARG_FILE, &a.job.trace, "FILE",
            "record what was demanded of the cache, for bench/cache.sh --replay", false },
        { "dashboard", 0, ARG_ADDRESS, &a.watch.address, "[ADDR:PORT]",
            "watch and steer in a browser [127.0.0.1:7878]; port 0: a free one", false },
        { "dashboard-token", 0, ARG_TEXT, &a.watch.token, "TOKEN",
            "what clients must know; off this machine one is made up if none is given", false },
        { "monitor", 0, ARG_TEXT, &monitor, "line|full|json|off",
            "what to show of the running job [line]; json: JSON lines on stdout", false },
        { "keys", 0, ARG_SWITCH, &a.watch.keys, "on|off",
            "on a terminal space pauses, q ends the job and finishes its file, ? shows the keys "
            "[on]",
            false },
        { "quiet", 0, ARG_FLAG, &a.quiet, "", "errors and warnings only", false },
        { "verbose", 'v', ARG_FLAG, &a.verbose, "", "say more about what is chosen", false },
    };
    enum exit_code code;
    const struct mface_settings *settings;
    if (!args_parse(command, args, sizeof args / sizeof args[0], layers, &settings, NULL, argc,
            argv, &code))
        return code;
    if (!read_monitor(&a, monitor) || !piece_settle(command, &piece, &a.job.start_s, &a.job.end_s))
        return EXIT_USAGE;
    return run_session(&a, settings);
}

static enum exit_code run(const struct command *command, int argc, char **argv)
{
    struct mface_settings_layers *layers = NULL;
    const char **inputs = calloc((size_t)argc + 1, sizeof *inputs);
    const enum mface_status status =
        inputs ? mface_settings_layers_create(&layers) : MFACE_ERR_NOMEM;
    const enum exit_code code =
        status == MFACE_OK ? swap_with(layers, inputs, command, argc, argv) : exit_code_of(status);
    mface_settings_layers_free(&layers);
    free(inputs);
    return code;
}

const struct command command_swap = {
    .name = "swap",
    .synopsis = "-i INPUT… -m MODEL.dfm -o OUTPUT [OPTIONS] [SETTINGS]",
    .summary = "swap the faces in a video or in images",
    .examples =
        "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4\n"
        "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4 --preset auto --post-gamma-red "
        "1.1\n"
        "  memoface swap -i group.jpg -m face.dfm -o out.png --max-faces 0 --swap-all-faces\n"
        "  memoface swap -i clip.mp4 -m face.dfm -o piece.mp4 --start 1:30 --end 1:40\n"
        "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4 --dashboard\n"
        "  memoface swap -i /dev/video0 -f v4l2 -m face.dfm -o live.mkv --use-case streaming\n"
        "  memoface swap -m face.dfm -o swapped/ --use-case batch monday.mp4 tuesday.mp4\n"
        "  memoface swap -i clip.mp4 -m face.dfm -o swapped.mp4 --profile aggressive --dry-run\n",
    .takes_file = true,
    .setting_groups = groups,
    .run = run,
};

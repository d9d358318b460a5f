/* memoface plan: what a swap will take, and which settings would serve it. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const groups[] = { "Starting points", "Cache", "Speed", "Faces", "Swap", "Input",
    "Output", NULL };

static enum exit_code save(const struct mface_forecast *plan, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file) {
        const enum mface_status status = mface_forecast_write(plan, true, file);
        if (fclose(file) == 0 && status == MFACE_OK)
            return EXIT_OK;
    }
    fprintf(stderr, "memoface plan: %s: cannot be written: %s\n", path, strerror(errno));
    return EXIT_IO;
}

static enum exit_code make(const struct mface_forecast_params *params, const char *path, bool json)
{
    struct mface_forecast *plan = NULL;
    enum exit_code code = exit_code_of(mface_forecast_make(params, &plan));
    if (code == EXIT_OK)
        code = exit_code_of(mface_forecast_write(plan, json, stdout));
    if (code == EXIT_OK && path)
        code = save(plan, path);
    mface_forecast_free(&plan);
    return code;
}

static enum exit_code plan_with(
    struct mface_settings_layers *layers, const struct command *command, int argc, char **argv)
{
    struct mface_forecast_params params = { 0 };
    struct piece_args piece = { -1, -1 };
    const char *path = NULL;
    int seconds = 5;
    bool json = false, overwrite = false;
    const struct arg args[] = {
        { "input", 'i', ARG_FILE, &params.input, "INPUT", "what is to be swapped", true },
        { "model", 'm', ARG_FILE, &params.model, "FILE.dfm", "the DFM model", true },
        { "output", 'o', ARG_FILE, &params.output, "OUTPUT",
            "what it would become, for the choice of encoder [an MP4]; it is not written", false },
        { "input-format", 'f', ARG_TEXT, &params.input_format, "NAME",
            "FFmpeg input format; else by the file", false },
        { "start", 0, ARG_TIME, &piece.start_s, "TIME",
            "where in a video the swap is to begin, 12.5 or [HH:]MM:SS [its beginning]", false },
        { "end", 0, ARG_TIME, &piece.end_s, "TIME", "where it is to end, likewise [its end]",
            false },
        { "seconds", 0, ARG_INT, &seconds, "N", "how much of the clip to try [5]", false },
        { "save", 0, ARG_FILE, &path, "FILE.json",
            "keep the plan for memoface swap --plan, which compares", false },
        { "overwrite", 'y', ARG_FLAG, &overwrite, "", "replace an existing plan", false },
        { "json", 0, ARG_FLAG, &json, "", "print JSON (docs/bench.md)", false },
    };
    enum exit_code code;
    if (!args_parse(command, args, sizeof args / sizeof args[0], layers, &params.settings, NULL,
            argc, argv, &code))
        return code;
    if (!piece_settle(command, &piece, &params.start_s, &params.end_s))
        return EXIT_USAGE;
    const struct other_file others[] = { { "input", params.input }, { "model", params.model } };
    params.seconds = seconds != 0 ? seconds : -1;
    code = check_written(command, "save", path, others, sizeof others / sizeof others[0]);
    if (code == EXIT_OK)
        code = check_replaced(command, "save", path, overwrite);
    return code == EXIT_OK ? make(&params, path, json) : code;
}

static enum exit_code run(const struct command *command, int argc, char **argv)
{
    struct mface_settings_layers *layers;
    const enum mface_status status = mface_settings_layers_create(&layers);
    if (status != MFACE_OK)
        return exit_code_of(status);
    const enum exit_code code = plan_with(layers, command, argc, argv);
    mface_settings_layers_free(&layers);
    return code;
}

const struct command command_plan = {
    .name = "plan",
    .synopsis = "-i INPUT -m MODEL.dfm [OPTIONS] [SETTINGS]",
    .summary = "foretell what a swap will take, and advise settings",
    .examples = "  memoface plan -i clip.mp4 -m face.dfm\n"
                "  memoface plan -i clip.mp4 -m face.dfm --profile aggressive --save plan.json\n"
                "  memoface swap -i clip.mp4 -m face.dfm -o out.mp4 --profile aggressive "
                "--plan plan.json\n",
    .setting_groups = groups,
    .run = run,
};

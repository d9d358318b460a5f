/* memoface bench: what caches are worth, measured. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const groups[] = { "Faces", "Swap", "Input", NULL };

static void tell(void *user, const char *line)
{
    (void)user;
    fprintf(stderr, "  %s\n", line);
}

static enum exit_code fail_write(const char *path)
{
    fprintf(stderr, "memoface bench: %s: cannot be written: %s\n", path, strerror(errno));
    return EXIT_IO;
}

static enum exit_code write_page(const struct mface_bench *bench, const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return fail_write(path);
    const enum mface_status status = mface_bench_write(bench, MFACE_BENCH_HTML, file);
    return fclose(file) == 0 && status == MFACE_OK ? EXIT_OK : fail_write(path);
}

static enum exit_code measure(const struct mface_bench_params *params, const char *html, bool json)
{
    struct mface_bench *bench = NULL;
    enum exit_code code = exit_code_of(mface_bench_run(params, &bench));
    if (code == EXIT_OK &&
        mface_bench_write(bench, json ? MFACE_BENCH_JSON : MFACE_BENCH_TEXT, stdout) != MFACE_OK)
        code = fail_write("standard output");
    if (code == EXIT_OK && html)
        code = write_page(bench, html);
    mface_bench_free(&bench);
    return code;
}

static enum exit_code bench_with(
    struct mface_settings_layers *layers, const struct command *command, int argc, char **argv)
{
    struct mface_bench_params params = { 0 };
    const char *html = NULL;
    bool json = false, quiet = false, overwrite = false;
    int frames = 48;
    const struct arg args[] = {
        { "input", 'i', ARG_FILE, &params.input, "CLIP",
            "a clip with a face; none is made up, for figures without a real one say nothing",
            true },
        { "model", 'm', ARG_FILE, &params.model, "FILE.dfm", "the DFM model", true },
        { "other-model", 0, ARG_FILE, &params.other_model, "FILE.dfm",
            "another one, for workload model; else that is skipped", false },
        { "sizes", 0, ARG_TEXT, &params.sizes, "SIZE,…",
            "sizes of the cache [512M,1G,2G,4G,8G]; off is always measured", false },
        { "workloads", 0, ARG_TEXT, &params.workloads, "NAME,…",
            "first, rerender, loop, held, scrub, model, small [all]", false },
        { "frames", 0, ARG_INT, &frames, "N", "frames of the clip a pass plays [48]", false },
        { "input-format", 'f', ARG_TEXT, &params.input_format, "NAME",
            "FFmpeg input format; else by the file", false },
        { "json", 0, ARG_FLAG, &json, "", "print JSON (docs/bench.md)", false },
        { "html", 0, ARG_FILE, &html, "FILE.html", "also write a page with charts", false },
        { "overwrite", 'y', ARG_FLAG, &overwrite, "", "replace an existing page", false },
        { "quiet", 0, ARG_FLAG, &quiet, "", "do not say what is being measured", false },
    };
    const struct mface_settings *settings;
    enum exit_code code;
    if (!args_parse(command, args, sizeof args / sizeof args[0], layers, &settings, NULL, argc,
            argv, &code))
        return code;
    const struct other_file others[] = { { "input", params.input }, { "model", params.model },
        { "other-model", params.other_model } };
    params.settings = settings;
    params.tell = quiet ? NULL : tell;
    params.frames = frames != 0 ? frames : -1; // 0 would be the default
    code = check_written(command, "html", html, others, sizeof others / sizeof others[0]);
    if (code == EXIT_OK)
        code = check_replaced(command, "html", html, overwrite);
    return code == EXIT_OK ? measure(&params, html, json) : code;
}

/* What is measured is the first word, so what follows it parses like any command's arguments. */
static enum exit_code run(const struct command *command, int argc, char **argv)
{
    struct mface_settings_layers *layers;
    const bool has_word = argc > 1 && argv[1][0] != '-';
    if (has_word ? strcmp(argv[1], "pipeline") != 0
                 : argc < 2 || (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0)) {
        fprintf(stderr, "memoface bench: pipeline is what can be measured; 'memoface bench --help' "
                        "explains\n");
        return EXIT_USAGE;
    }
    const enum mface_status status = mface_settings_layers_create(&layers);
    if (status != MFACE_OK)
        return exit_code_of(status);
    const enum exit_code code = bench_with(layers, command, argc - has_word, argv + has_word);
    mface_settings_layers_free(&layers);
    return code;
}

static const char *const words[] = { "pipeline", NULL };

const struct command command_bench = {
    .name = "bench",
    .synopsis = "pipeline -i CLIP -m MODEL.dfm [OPTIONS] [SETTINGS]",
    .summary = "measure what caches are worth, workload by workload",
    .examples =
        "  memoface bench pipeline -i clip.mp4 -m face.dfm --html bench.html\n"
        "  memoface bench pipeline -i clip.mp4 -m face.dfm --sizes 1G,2G --workloads first,loop\n"
        "It takes minutes, with a large model many; fewer --sizes, --workloads or --frames take "
        "less.\n",
    .words = words,
    .setting_groups = groups,
    .run = run,
};

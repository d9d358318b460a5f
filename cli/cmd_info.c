/* memoface info and memoface graph: looking at a model, looking at the stages. */
#include "cli.h"

#include <stdio.h>

static enum exit_code run_info(const struct command *command, int argc, char **argv)
{
    const char *model = NULL;
    bool json = false;
    const struct arg args[] = { { "json", 0, ARG_FLAG, &json, "", "print JSON", false } };
    enum exit_code code;
    if (!args_parse(command, args, 1, NULL, NULL, &model, argc, argv, &code))
        return code;
    if (!model) {
        fprintf(stderr, "memoface info: which model? give a .dfm or .onnx file\n");
        return EXIT_USAGE;
    }
    return exit_code_of(mface_model_print(model, stdout, json));
}

const struct command command_info = {
    .name = "info",
    .synopsis = "MODEL [--json]",
    .summary = "tell what a model file is and whether it runs here",
    .examples = "  memoface info face.dfm\n",
    .takes_file = true,
    .run = run_info,
};

static enum exit_code run_graph(const struct command *command, int argc, char **argv)
{
    bool json = false;
    const struct arg args[] = { { "json", 0, ARG_FLAG, &json, "", "print JSON", false } };
    enum exit_code code;
    if (!args_parse(command, args, 1, NULL, NULL, NULL, argc, argv, &code))
        return code;
    mface_graph_print(stdout, json);
    return EXIT_OK;
}

const struct command command_graph = {
    .name = "graph",
    .synopsis = "[--json]",
    .summary = "print the stages of a face swap and the settings each depends on",
    .examples = "  memoface graph\n"
                "  memoface graph --json   (the same for programs)\n",
    .run = run_graph,
};

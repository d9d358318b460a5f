/* memoface cache: looking after the folder of the disk tier. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static enum exit_code run_stat(const char *dir, bool json)
{
    return exit_code_of(mface_cache_folder_print(dir, stdout, json));
}

static enum exit_code run_verify(const char *dir, bool json)
{
    int64_t n_damaged;
    const enum mface_status status = mface_cache_folder_verify(dir, stdout, json, &n_damaged);
    return status == MFACE_OK && n_damaged ? EXIT_MALFORMED : exit_code_of(status);
}

static enum exit_code run_clear(const char *dir, bool json)
{
    (void)json;
    int64_t n_removed;
    const enum mface_status status = mface_cache_folder_clear(dir, &n_removed);
    if (status == MFACE_OK)
        fprintf(stderr, "memoface cache: %lld segments removed\n", (long long)n_removed);
    return exit_code_of(status);
}

static const struct {
    const char *name;
    enum exit_code (*run)(const char *dir, bool json);
} actions[] = { { "stat", run_stat }, { "verify", run_verify }, { "clear", run_clear } };

/* The action is the first word, so what follows it parses like any command's arguments. */
static enum exit_code run(const struct command *command, int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    const struct arg args[] = { { "json", 0, ARG_FLAG, &json, "", "print JSON", false } };
    enum exit_code code;
    const bool has_action = argc > 1 && argv[1][0] != '-';
    const int skip = has_action ? 1 : 0;
    if (!args_parse(command, args, 1, NULL, NULL, &dir, argc - skip, argv + skip, &code))
        return code;
    for (size_t i = 0; has_action && i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(argv[1], actions[i].name) == 0)
            return actions[i].run(dir, json);
    fprintf(stderr, "memoface cache: stat, verify or clear? 'memoface cache --help' explains\n");
    return EXIT_USAGE;
}

static const char *const words[] = { "stat", "verify", "clear", NULL };

const struct command command_cache = {
    .name = "cache",
    .synopsis = "stat|verify|clear [DIR] [--json]",
    .summary = "look after the results kept on disk (cache-dir)",
    .examples = "  memoface cache stat\n"
                "  memoface cache verify /data/memoface   (exit code 4: something is damaged)\n"
                "  memoface cache clear /data/memoface\n",
    .words = words,
    .takes_file = true,
    .run = run,
};

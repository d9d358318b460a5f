/* memoface doctor: what this machine is good for. */
#include "cli.h"

static const char *const groups[] = { NULL }; // settings serve, but none is worth showing

static enum exit_code look(
    struct mface_settings_layers *layers, const struct command *command, int argc, char **argv)
{
    bool json = false;
    const struct arg args[] = { { "json", 0, ARG_FLAG, &json, "", "print JSON", false } };
    const struct mface_settings *settings;
    enum exit_code code;
    int n_missing;
    if (!args_parse(command, args, 1, layers, &settings, NULL, argc, argv, &code))
        return code;
    const enum mface_status status = mface_doctor_print(settings, stdout, json, &n_missing);
    return status == MFACE_OK && n_missing ? EXIT_NOT_FOUND : exit_code_of(status);
}

static enum exit_code run(const struct command *command, int argc, char **argv)
{
    struct mface_settings_layers *layers;
    const enum mface_status status = mface_settings_layers_create(&layers);
    const enum exit_code code =
        status == MFACE_OK ? look(layers, command, argc, argv) : exit_code_of(status);
    mface_settings_layers_free(&layers);
    return code;
}

const struct command command_doctor = {
    .name = "doctor",
    .synopsis = "[--json] [SETTINGS]",
    .summary = "tell what this machine is good for, and which preset fits",
    .examples = "  memoface doctor\n"
                "  memoface doctor --marker 468   (exit code 3: something essential is missing)\n",
    .setting_groups = groups,
    .run = run,
};

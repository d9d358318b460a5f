/* Parsing the command line: the command's own options and the library's settings, by one rule:
 * --name VALUE or --name=VALUE; a switch may leave out its value and is then on. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ARGS_MAX = 64, NEAR = 3 };

struct parser {
    const struct command *command;
    const struct arg *args; // the command's and, where it takes settings, ours
    size_t n_args;
    struct mface_settings_layers *layers;
    int argc, next; // argv[next] is the next word
    char **argv;
};

static const struct {
    char letter;
    const char *key;
} setting_letters[] = { { 'c', "encoder" }, { 'q', "quality" } };

enum { N_SETTING_LETTERS = sizeof setting_letters / sizeof setting_letters[0] };

char args_setting_letter(const char *key)
{
    for (size_t i = 0; i < N_SETTING_LETTERS; i++)
        if (strcmp(setting_letters[i].key, key) == 0)
            return setting_letters[i].letter;
    return '\0';
}

static bool fail(const struct parser *parser, const char *what, const char *name)
{
    fprintf(stderr, "memoface %s: %s '%s'; 'memoface %s --help' lists the options\n",
        parser->command->name, what, name, parser->command->name);
    return false;
}

/* The option or setting nearest to a mistyped one, or NULL. */
static const char *find_nearest(const struct parser *parser, const char *name)
{
    const char *nearest = parser->layers ? mface_settings_nearest(name) : NULL;
    int least = nearest ? mface_word_distance(name, nearest) : NEAR + 1;
    for (size_t i = 0; i < parser->n_args; i++) {
        const int distance = mface_word_distance(name, parser->args[i].name);
        if (distance < least && distance < (int)strlen(name)) {
            least = distance;
            nearest = parser->args[i].name;
        }
    }
    return nearest;
}

static bool fail_unknown(const struct parser *parser, const char *name)
{
    const char *nearest = find_nearest(parser, name);
    if (!nearest)
        return fail(parser, "no option or setting", name);
    fprintf(stderr, "memoface %s: no option or setting '%s'; did you mean --%s?\n",
        parser->command->name, name, nearest);
    return false;
}

static bool is_switch_word(const char *word)
{
    static const char *const words[] = { "on", "off", "yes", "no", "true", "false", "1", "0" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp(word, words[i]) == 0)
            return true;
    return false;
}

/* The value of an option: after '=', or the next word; for a switch "on" when neither is there. */
static const char *take_value(struct parser *parser, const char *after_equals, bool is_switch)
{
    if (after_equals)
        return after_equals;
    const char *word = parser->next < parser->argc ? parser->argv[parser->next] : NULL;
    if (is_switch && (!word || !is_switch_word(word)))
        return "on";
    if (word)
        parser->next++;
    return word;
}

static bool store_int(const struct parser *parser, const struct arg *arg, const char *text)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < INT_MIN || value > INT_MAX) {
        fprintf(stderr, "memoface %s: --%s: '%s' is not a whole number\n", parser->command->name,
            arg->name, text);
        return false;
    }
    *(int *)arg->target = (int)value;
    return true;
}

static bool store_time(const struct parser *parser, const struct arg *arg, const char *text)
{
    if (piece_parse_time(text, arg->target))
        return true;
    fprintf(stderr,
        "memoface %s: --%s: '%s' is no time; give seconds, as in 12.5, or [HH:]MM:SS, as in "
        "1:02:03.5\n",
        parser->command->name, arg->name, text);
    return false;
}

static bool store_switch(const struct parser *parser, const struct arg *arg, const char *text)
{
    if (!is_switch_word(text))
        return fail(parser, "on or off is wanted, not", text);
    *(bool *)arg->target = strchr("oytOYT1", text[0]) && strcasecmp(text, "off") != 0;
    return true;
}

static void add_word(struct words *words, const char *word)
{
    words->word[words->n++] = word;
}

static bool store_value(const struct parser *parser, const struct arg *arg, const char *text)
{
    switch (arg->kind) {
    case ARG_INT:
        return store_int(parser, arg, text);
    case ARG_TIME:
        return store_time(parser, arg, text);
    case ARG_SWITCH:
        return store_switch(parser, arg, text);
    case ARG_FILES:
        add_word(arg->target, text);
        return true;
    default:
        *(const char **)arg->target = text;
        return true;
    }
}

/* The value of an option that may go without: the next word only if it looks like one, since it may
 * as well be an input. */
static const char *take_address(struct parser *parser, const char *after_equals)
{
    static const char name[] = "localhost";
    const char *word = parser->next < parser->argc ? parser->argv[parser->next] : "";
    const char *rest = strncmp(word, name, sizeof name - 1) == 0 ? word + sizeof name - 1 : word;
    if (after_equals)
        return after_equals;
    if (!word[0] || rest[strspn(rest, "0123456789abcdefABCDEF.:[]")])
        return "";
    parser->next++;
    return word;
}

static bool store(struct parser *parser, const struct arg *arg, const char *after_equals)
{
    if (arg->kind == ARG_FLAG) {
        if (after_equals)
            return fail(parser, "no value goes with option", arg->name);
        *(bool *)arg->target = true;
        return true;
    }
    if (arg->kind == ARG_ADDRESS) {
        *(const char **)arg->target = take_address(parser, after_equals);
        return true;
    }
    const char *value = take_value(parser, after_equals, arg->kind == ARG_SWITCH);
    if (!value)
        return fail(parser, "a value is missing after option", arg->name);
    return store_value(parser, arg, value);
}

static bool store_setting(struct parser *parser, const char *key, const char *after_equals)
{
    for (size_t i = 0; parser->layers && i < mface_settings_count(); i++) {
        const struct mface_setting_info info = mface_settings_info(i);
        if (strcmp(info.key, key) != 0)
            continue;
        const char *value = take_value(parser, after_equals, info.is_switch);
        if (!value)
            return fail(parser, "a value is missing after setting", key);
        return mface_settings_layers_set(parser->layers, key, value) == MFACE_OK;
    }
    return fail_unknown(parser, key);
}

static bool parse_long(struct parser *parser, const char *word)
{
    char name[64];
    const char *equals = strchr(word, '=');
    const size_t length = equals ? (size_t)(equals - word) : strlen(word);
    if (length >= sizeof name)
        return fail(parser, "no option or setting", word);
    memcpy(name, word, length);
    name[length] = '\0';
    for (size_t i = 0; i < parser->n_args; i++)
        if (strcmp(parser->args[i].name, name) == 0)
            return store(parser, &parser->args[i], equals ? equals + 1 : NULL);
    return store_setting(parser, name, equals ? equals + 1 : NULL);
}

static bool parse_short(struct parser *parser, const char *word)
{
    for (size_t i = 0; i < parser->n_args; i++)
        if (parser->args[i].letter == word[0] && word[1] == '\0')
            return store(parser, &parser->args[i], NULL);
    for (size_t i = 0; parser->layers && i < N_SETTING_LETTERS; i++)
        if (setting_letters[i].letter == word[0] && word[1] == '\0')
            return store_setting(parser, setting_letters[i].key, NULL);
    return fail(parser, "no option", word);
}

static struct words *list_of(const struct parser *parser)
{
    for (size_t i = 0; i < parser->n_args; i++)
        if (parser->args[i].kind == ARG_FILES)
            return parser->args[i].target;
    return NULL;
}

static bool take_operand(struct parser *parser, const char **operand, const char *word)
{
    struct words *list = list_of(parser);
    if (list)
        add_word(list, word);
    else if (operand && !*operand)
        *operand = word;
    else
        return fail(parser, "one argument too many:", word);
    return true;
}

static bool parse_word(struct parser *parser, const char **operand, const char *word)
{
    if (strncmp(word, "--", 2) == 0)
        return parse_long(parser, word + 2);
    if (word[0] == '-' && word[1])
        return parse_short(parser, word + 1);
    return take_operand(parser, operand, word);
}

/* What follows "--" is no option, even if it looks like one. */
static bool parse_words(struct parser *parser, const char **operand)
{
    bool ended = false;
    while (parser->next < parser->argc) {
        const char *word = parser->argv[parser->next++];
        const bool ends = !ended && strcmp(word, "--") == 0;
        if (!ends && !(ended ? take_operand : parse_word)(parser, operand, word))
            return false;
        ended |= ends;
    }
    return true;
}

/* An empty word, of a script's unset variable say, names nothing. */
static bool is_given(const struct arg *arg)
{
    const struct words *words = arg->target;
    const char *word = arg->kind != ARG_FILES ? *(const char **)arg->target
                       : words->n > 0         ? words->word[0]
                                              : NULL;
    return word && word[0];
}

static bool has_required(const struct parser *parser)
{
    for (size_t i = 0; i < parser->n_args; i++) {
        const struct arg *arg = &parser->args[i];
        if (!arg->required || is_given(arg))
            continue;
        fprintf(stderr, "memoface %s: --%s %s is needed (%s)\n", parser->command->name, arg->name,
            arg->value, arg->help);
        return false;
    }
    return true;
}

/* What every command with settings takes beside its own options. */
struct common {
    const char *config;
    bool print_config;
};

static size_t add_common(const struct command *command, const struct arg *args, size_t n_args,
    struct common *common, struct arg all[ARGS_MAX])
{
    const struct arg own[] = {
        { "config", 0, ARG_FILE, &common->config, "FILE",
            "read settings from this file, not from the user's own; none: from no file", false },
        { "print-config", 0, ARG_FLAG, &common->print_config, "",
            "print every setting and where it came from, and do nothing else", false },
    };
    memcpy(all, args, n_args * sizeof *args);
    if (!command->setting_groups)
        return n_args;
    memcpy(all + n_args, own, sizeof own);
    return n_args + sizeof own / sizeof own[0];
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static enum mface_status complete(struct mface_settings_layers *layers, const char *config,
    const struct mface_settings **settings)
{
    enum mface_status status = MFACE_OK;
    if (!config || strcmp(config, "none") != 0)
        status = mface_settings_layers_read_file(layers, config);
    return status == MFACE_OK ? mface_settings_layers_resolve(layers, settings) : status;
}

/* Completes the settings; false when that is all there is to do, or failed. */
static bool settle(const struct common *common, struct mface_settings_layers *layers,
    const struct mface_settings **settings, enum exit_code *code)
{
    *code = exit_code_of(complete(layers, common->config, settings));
    if (*code != EXIT_OK || !common->print_config)
        return *code == EXIT_OK;
    *code = exit_code_of(mface_settings_layers_print(layers, stdout));
    return false;
}

bool args_parse(const struct command *command, const struct arg *args, size_t n_args,
    struct mface_settings_layers *layers, const struct mface_settings **settings,
    const char **operand, int argc, char **argv, enum exit_code *code)
{
    struct arg all[ARGS_MAX];
    struct common common = { 0 };
    const size_t n_all = add_common(command, args, n_args, &common, all);
    if (wants_help(argc, argv)) {
        help_print_command(command, all, n_all);
        *code = EXIT_OK;
        return false;
    }
    struct parser parser = { command, all, n_all, layers, argc, 1, argv };
    *code = EXIT_USAGE;
    if (!parse_words(&parser, operand))
        return false;
    if (layers && !settle(&common, layers, settings, code))
        return false;
    *code = EXIT_USAGE;
    return has_required(&parser);
}

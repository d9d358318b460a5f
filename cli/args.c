/* Parsing the command line: the command's own options and the library's settings, by one rule:
 * --name VALUE or --name=VALUE; a switch may leave out its value and is then on. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parser {
    const struct command *command;
    const struct arg *args;
    size_t n_args;
    struct mface_settings *settings;
    int argc, next; // argv[next] is the next word
    char **argv;
};

static bool fail(const struct parser *parser, const char *what, const char *name)
{
    fprintf(stderr, "memoface %s: %s '%s'; 'memoface %s --help' lists the options\n",
        parser->command->name, what, name, parser->command->name);
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

static bool store(struct parser *parser, const struct arg *arg, const char *after_equals)
{
    if (arg->kind == ARG_FLAG) {
        if (after_equals)
            return fail(parser, "no value goes with option", arg->name);
        *(bool *)arg->target = true;
        return true;
    }
    if (arg->kind == ARG_MAYBE) {
        const bool has_value = parser->next < parser->argc && parser->argv[parser->next][0] != '-';
        *(const char **)arg->target = after_equals ? after_equals
                                      : has_value  ? parser->argv[parser->next++]
                                                   : "";
        return true;
    }
    const char *value = take_value(parser, after_equals, arg->kind == ARG_SWITCH);
    if (!value)
        return fail(parser, "a value is missing after option", arg->name);
    if (arg->kind == ARG_INT)
        return store_int(parser, arg, value);
    if (arg->kind == ARG_TEXT) {
        *(const char **)arg->target = value;
        return true;
    }
    if (!is_switch_word(value))
        return fail(parser, "on or off is wanted, not", value);
    *(bool *)arg->target = strchr("oytOYT1", value[0]) && strcasecmp(value, "off") != 0;
    return true;
}

static bool store_setting(struct parser *parser, const char *key, const char *after_equals)
{
    for (size_t i = 0; parser->settings && i < mface_settings_count(); i++) {
        const struct mface_setting_info info = mface_settings_info(i);
        if (strcmp(info.key, key) != 0)
            continue;
        const char *value = take_value(parser, after_equals, info.is_switch);
        if (!value)
            return fail(parser, "a value is missing after setting", key);
        return mface_settings_set(parser->settings, key, value) == MFACE_OK;
    }
    return fail(parser, "no option or setting", key);
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
    return fail(parser, "no option", word);
}

static bool parse_words(struct parser *parser, const char **operand)
{
    while (parser->next < parser->argc) {
        const char *word = parser->argv[parser->next++];
        if (strncmp(word, "--", 2) == 0 && word[2]) {
            if (!parse_long(parser, word + 2))
                return false;
        } else if (word[0] == '-' && word[1]) {
            if (!parse_short(parser, word + 1))
                return false;
        } else if (operand && !*operand) {
            *operand = word;
        } else {
            return fail(parser, "one argument too many:", word);
        }
    }
    return true;
}

/* An option that was required and not given, or NULL. */
static const struct arg *find_missing(const struct arg *args, size_t n_args)
{
    for (size_t i = 0; i < n_args; i++)
        if (args[i].required && !*(const char **)args[i].target)
            return &args[i];
    return NULL;
}

bool args_parse(const struct command *command, const struct arg *args, size_t n_args,
    struct mface_settings *settings, const char **operand, int argc, char **argv,
    enum exit_code *code)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_print_command(command, args, n_args);
            *code = EXIT_OK;
            return false;
        }
    }
    struct parser parser = { command, args, n_args, settings, argc, 1, argv };
    *code = EXIT_USAGE;
    if (!parse_words(&parser, operand))
        return false;
    const struct arg *missing = find_missing(args, n_args);
    if (missing) {
        fprintf(stderr, "memoface %s: --%s %s is needed (%s)\n", command->name, missing->name,
            missing->value, missing->help);
        return false;
    }
    return true;
}

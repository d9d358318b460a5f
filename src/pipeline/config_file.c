#include "pipeline/config_file.h"

#include "base/log.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1 << 20, SHOWN_BYTES = 60, COMMENT_COLUMN = 34 };

struct parser {
    const char *name;
    int line;
    mface_config_fn each;
    void *user;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char *skip_blanks(char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

static void cut_blanks(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1]))
        text[--length] = '\0';
}

static bool is_end(const char *text)
{
    return *text == '\0' || *text == '#';
}

/* The character that \c stands for in quotes; 0: none. */
static char unescape(char c)
{
    static const char from[] = "\"\\nrt", to[] = "\"\\\n\r\t";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : '\0';
}

/* Takes the quoted text at *text apart in place: *text is then what it means. False: no end, an
 * unknown escape, or something after it. */
static bool read_quoted(char **text)
{
    char *from = *text + 1, *to = *text;
    while (*from && *from != '"') {
        char c = *from++;
        if (c == '\\' && (c = unescape(*from++)) == '\0')
            return false;
        *to++ = c;
    }
    if (*from != '"' || !is_end(skip_blanks(from + 1)))
        return false;
    *to = '\0';
    return true;
}

static void cut_comment(char *text)
{
    for (char *c = text; *c; c++)
        if (*c == '#' && (c == text || is_blank(c[-1])))
            *c = '\0';
    cut_blanks(text);
}

static enum mface_status fail_line(
    const struct parser *parser, const char *text, const char *wanted)
{
    return mface_fail(MFACE_ERR_ARG, "%s:%d: '%.*s' is no %s", parser->name, parser->line,
        SHOWN_BYTES, text, wanted);
}

static bool is_name(const char *text)
{
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("-_.", *text))
            return false;
    return true;
}

static enum mface_status parse_section(const struct parser *parser, char *line)
{
    char *name = skip_blanks(line + 1), *end = strchr(line, ']');
    if (!end || !is_end(skip_blanks(end + 1)))
        return fail_line(parser, line, "[section]");
    *end = '\0';
    cut_blanks(name);
    const size_t length = strlen(name);
    if (!is_name(name))
        return fail_line(parser, name, "name for a section (letters, digits, - _ .)");
    if (length == 0 || length >= MFACE_CONFIG_SECTION_BYTES)
        return fail_line(parser, name, "name for a section (1 to 63 letters)");
    return parser->each(parser->user, parser->line, NULL, name);
}

static enum mface_status parse_value(const struct parser *parser, char *line)
{
    char *equals = strchr(line, '=');
    if (!equals || equals == line)
        return fail_line(parser, line, "'key = value'");
    *equals = '\0';
    cut_blanks(line);
    if (!is_name(line))
        return fail_line(parser, line, "name for a key (letters, digits, - _ .)");
    char *value = skip_blanks(equals + 1);
    if (*value != '"')
        cut_comment(value);
    else if (!read_quoted(&value))
        return mface_fail(MFACE_ERR_ARG,
            "%s:%d: %.*s: a quoted value ends with \" and knows \\\" \\\\ \\n \\r \\t only",
            parser->name, parser->line, SHOWN_BYTES, line);
    return parser->each(parser->user, parser->line, line, value);
}

static enum mface_status parse_line(const struct parser *parser, char *line)
{
    line = skip_blanks(line);
    cut_blanks(line);
    if (is_end(line))
        return MFACE_OK;
    return *line == '[' ? parse_section(parser, line) : parse_value(parser, line);
}

static enum mface_status check_line(const struct parser *parser, const char *text, size_t length)
{
    if (length > MFACE_CONFIG_LINE_BYTES)
        return mface_fail(MFACE_ERR_FORMAT, "%s:%d: a line of more than %d bytes; is this a text?",
            parser->name, parser->line, MFACE_CONFIG_LINE_BYTES);
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 127)
            return mface_fail(MFACE_ERR_FORMAT, "%s:%d: control character 0x%02x; is this a text?",
                parser->name, parser->line, (unsigned char)text[i]);
    return MFACE_OK;
}

enum mface_status mface_config_parse(
    const char *name, const char *text, size_t length, mface_config_fn each, void *user)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct parser parser = { .name = name, .each = each, .user = user };
    const size_t skip = length >= 3 && memcmp(text, bom, 3) == 0 ? 3 : 0;
    for (size_t at = skip, next; at < length; at = next + 1) {
        const char *end = memchr(text + at, '\n', length - at);
        char line[MFACE_CONFIG_LINE_BYTES + 1];
        next = end ? (size_t)(end - text) : length;
        size_t n = next - at;
        n -= n > 0 && text[at + n - 1] == '\r';
        parser.line++;
        MFACE_TRY(check_line(&parser, text + at, n));
        memcpy(line, text + at, n);
        line[n] = '\0';
        MFACE_TRY(parse_line(&parser, line));
    }
    return MFACE_OK;
}

static enum mface_status read_all(const char *path, char *text, size_t *length)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return mface_fail(errno == ENOENT || errno == ENOTDIR ? MFACE_ERR_NOENT : MFACE_ERR_IO,
            "%s: the configuration cannot be read: %s", path, strerror(errno));
    *length = fread(text, 1, FILE_BYTES_MAX + 1, file);
    const int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error)
        return mface_fail(
            MFACE_ERR_IO, "%s: the configuration cannot be read: %s", path, strerror(error));
    if (*length > FILE_BYTES_MAX)
        return mface_fail(MFACE_ERR_FORMAT, "%s: too large for a configuration", path);
    return MFACE_OK;
}

enum mface_status mface_config_read(const char *path, mface_config_fn each, void *user)
{
    size_t length = 0;
    char *text = mface_mem_alloc(FILE_BYTES_MAX + 1);
    if (!text)
        return mface_fail_nomem(path);
    enum mface_status status = read_all(path, text, &length);
    if (status == MFACE_OK)
        status = mface_config_parse(path, text, length, each, user);
    mface_mem_free(text);
    return status;
}

static bool wants_quotes(const char *value)
{
    const size_t length = strlen(value);
    return length == 0 || is_blank(value[0]) || is_blank(value[length - 1]) ||
           strpbrk(value, "#\"\\\n\r\t");
}

static int write_quoted(FILE *file, const char *value)
{
    static const char from[] = "\n\r\t\"\\", to[] = "nrt\"\\";
    int n = 2;
    fputc('"', file);
    for (; *value; value++, n++) {
        const char *at = strchr(from, *value);
        if (at)
            fputc('\\', file), n++;
        fputc(at ? to[at - from] : *value, file);
    }
    fputc('"', file);
    return n;
}

void mface_config_write(FILE *file, const char *key, const char *value, const char *comment)
{
    int n = fprintf(file, "%s = ", key);
    n += wants_quotes(value) ? write_quoted(file, value) : fprintf(file, "%s", value);
    fprintf(file, "%*s   # %s\n", n < COMMENT_COLUMN ? COMMENT_COLUMN - n : 0, "", comment);
}

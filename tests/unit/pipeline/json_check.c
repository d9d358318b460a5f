#include "json_check.h"

#include <ctype.h>
#include <string.h>

static bool read_value(const char **p);

static void skip_space(const char **p)
{
    *p += strspn(*p, " \t\r\n");
}

static bool take(const char **p, const char *word)
{
    if (strncmp(*p, word, strlen(word)) != 0)
        return false;
    *p += strlen(word);
    return true;
}

static bool read_escape(const char **p)
{
    if (**p == 'u') {
        for (int i = 1; i <= 4; i++)
            if (!isxdigit((unsigned char)(*p)[i]))
                return false;
        *p += 5;
        return true;
    }
    return **p && strchr("\"\\/bfnrt", *(*p)++);
}

static bool read_string(const char **p)
{
    if (!take(p, "\""))
        return false;
    while (**p != '"') {
        if ((unsigned char)**p < 0x20)
            return false;
        if (*(*p)++ == '\\' && !read_escape(p))
            return false;
    }
    return take(p, "\"");
}

static bool read_digits(const char **p)
{
    const size_t n = strspn(*p, "0123456789");
    *p += n;
    return n > 0;
}

static bool read_number(const char **p)
{
    take(p, "-");
    if (!take(p, "0") && !read_digits(p))
        return false;
    if (take(p, ".") && !read_digits(p))
        return false;
    if (take(p, "e") || take(p, "E")) {
        if (!take(p, "+"))
            take(p, "-");
        return read_digits(p);
    }
    return true;
}

static bool read_member(const char **p)
{
    skip_space(p);
    if (!read_string(p))
        return false;
    skip_space(p);
    return take(p, ":") && read_value(p);
}

static bool read_items(const char **p, const char *end, bool (*read_item)(const char **))
{
    skip_space(p);
    if (take(p, end))
        return true;
    do {
        if (!read_item(p))
            return false;
        skip_space(p);
    } while (take(p, ","));
    return take(p, end);
}

static bool read_value(const char **p)
{
    skip_space(p);
    if (take(p, "{"))
        return read_items(p, "}", read_member);
    if (take(p, "["))
        return read_items(p, "]", read_value);
    if (**p == '"')
        return read_string(p);
    return take(p, "true") || take(p, "false") || take(p, "null") || read_number(p);
}

bool json_is_valid(const char *text)
{
    const char *p = text;
    if (!read_value(&p))
        return false;
    skip_space(&p);
    return *p == '\0';
}

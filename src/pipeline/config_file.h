/* Configuration files: `key = value` lines, [section] lines, # comments. This knows lines, not
 * settings.
 *
 *     cache-size = 4G       # a comment
 *     cache-dir = "/data/a # b"
 *     [night]
 *     preset = 32gb
 *
 * A value may stand in double quotes, with \" \\ \n \r \t inside; without quotes it ends before
 * white space and a #. Text is UTF-8 or ASCII without control characters. */
#ifndef MFACE_PIPELINE_CONFIG_FILE_H
#define MFACE_PIPELINE_CONFIG_FILE_H

#include <memoface/status.h>
#include <stddef.h>
#include <stdio.h>

enum { MFACE_CONFIG_LINE_BYTES = 4096, MFACE_CONFIG_SECTION_BYTES = 64 };

/* One line of meaning: `key` is NULL where a section begins. The strings are valid during the
 * call. What it returns, unless MFACE_OK, ends the reading. */
typedef enum mface_status (*mface_config_fn)(
    void *user, int line, const char *key, const char *value);

/* `name` is how errors call the file. Logs "NAME:LINE: …": MFACE_ERR_ARG (a line that is neither),
 * MFACE_ERR_FORMAT (control characters, a line too long), or what `each` returned, silently. */
MFACE_NODISCARD enum mface_status mface_config_parse(
    const char *name, const char *text, size_t length, mface_config_fn each, void *user);

/* The same for a file of at most 1 MiB; MFACE_ERR_NOENT, MFACE_ERR_IO, MFACE_ERR_NOMEM also. */
MFACE_NODISCARD enum mface_status mface_config_read(
    const char *path, mface_config_fn each, void *user);

/* Writes `key = value`, in quotes where need be. */
void mface_config_write(FILE *file, const char *key, const char *value, const char *comment);

#endif

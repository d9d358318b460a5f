/* What the media tests share: a folder of their own, inputs made by the ffmpeg command, and a copy
 * of an input through our reader and writer. */
#ifndef MFACE_TESTS_MEDIA_FIXTURE_H
#define MFACE_TESTS_MEDIA_FIXTURE_H

#include "media/media.h"

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka group set-up and tear-down: a fresh temporary folder becomes the working directory, and
 * messages are collected instead of printed. */
int fixture_enter(void **state);
int fixture_leave(void **state);

/* Runs a shell command made as by printf(); the test fails unless it succeeds. */
void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first line a command prints (static buffer), without the line end. */
const char *output_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Errors and warnings since forget_messages(). */
const char *messages(void);
int n_messages(void);
void forget_messages(void);

struct mface_reader *open_reader(const char *url);

/* Reads `in` and writes `out` as params say (their url is ignored; NULL: defaults). Returns the
 * status of the first failure, or of finish; *n_frames may be NULL. */
enum mface_status copy_media(
    const char *in, const char *out, const struct mface_writer_params *params, int64_t *n_frames);

/* The same with a reader's parameters of one's own. */
enum mface_status copy_between(const struct mface_reader_params *source,
    const struct mface_writer_params *target, int64_t *n_frames);

/* The MD5 of what ffmpeg decodes, in a pixel format. */
const char *md5_of(const char *file, const char *pixel_format);

bool file_exists(const char *path);
int n_files_here(void); // hidden ones included

#endif

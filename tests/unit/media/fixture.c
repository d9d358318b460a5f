#include "fixture.h"

#include <dirent.h>
#include <memoface/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[1024];
static char text[4096];
static int n_logged;

static void collect(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    const size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s\n", message);
    n_logged++;
}

int fixture_enter(void **state)
{
    (void)state;
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/memoface-media-XXXXXX", parent ? parent : P_tmpdir);
    mface_log_set(collect, NULL);
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

int fixture_leave(void **state)
{
    (void)state;
    char command[1100];
    mface_log_set(NULL, NULL);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") == 0 ? system(command) : -1;
}

void run(const char *format, ...)
{
    char command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

const char *output_of(const char *format, ...)
{
    static char line[1024];
    char command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    if (!fgets(line, sizeof line, pipe))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    pclose(pipe);
    return line;
}

const char *messages(void)
{
    return text;
}

int n_messages(void)
{
    return n_logged;
}

void forget_messages(void)
{
    text[0] = '\0';
    n_logged = 0;
}

struct mface_reader *open_reader(const char *url)
{
    const struct mface_reader_params params = { .url = url };
    struct mface_reader *reader = NULL;
    if (mface_reader_open(&params, &reader) != MFACE_OK)
        fail_msg("%s: %s", url, messages());
    return reader;
}

static enum mface_status pump(
    struct mface_reader *reader, struct mface_writer *writer, int64_t *n_frames)
{
    struct mface_frame *frame = NULL;
    enum mface_status status;
    while ((status = mface_reader_read(reader, &frame)) == MFACE_OK) {
        *n_frames += 1;
        status = mface_writer_write(writer, frame);
        mface_frame_unref(&frame);
        if (status != MFACE_OK)
            return status;
    }
    return status == MFACE_ERR_EOF ? MFACE_OK : status;
}

enum mface_status copy_between(const struct mface_reader_params *source,
    const struct mface_writer_params *target, int64_t *n_frames)
{
    struct mface_reader *reader = NULL;
    struct mface_writer *writer = NULL;
    int64_t n = 0;
    enum mface_status status = mface_reader_open(source, &reader);
    if (status == MFACE_OK)
        status = mface_writer_open(target, reader, &writer);
    if (status == MFACE_OK)
        status = pump(reader, writer, &n);
    if (status == MFACE_OK)
        status = mface_writer_finish(&writer);
    mface_writer_discard(&writer);
    mface_reader_close(&reader);
    if (n_frames)
        *n_frames = n;
    return status;
}

enum mface_status copy_media(
    const char *in, const char *out, const struct mface_writer_params *params, int64_t *n_frames)
{
    const struct mface_reader_params source = { .url = in };
    struct mface_writer_params target =
        params ? *params : (struct mface_writer_params) { .quality = -1 };
    target.url = out;
    return copy_between(&source, &target, n_frames);
}

const char *md5_of(const char *file, const char *pixel_format)
{
    return output_of("ffmpeg -v error -i '%s' -map 0:v:0 -fps_mode passthrough -sws_flags "
                     "accurate_rnd+bitexact -pix_fmt %s -f md5 -",
        file, pixel_format);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

int n_files_here(void)
{
    DIR *dir = opendir(".");
    assert_non_null(dir);
    int n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

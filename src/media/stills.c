#include "media/stills.h"

#include "base/log.h"
#include "base/mem.h"
#include "media/reader.h"
#include "media/still.h"
#include "media/target.h"

#include <errno.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

static enum mface_status make_folder(const char *url, const char *input)
{
    if (mface_target_is_same(url, input))
        return mface_fail(MFACE_ERR_ARG, "%s: the output is the input", url);
    if (mkdir(url, 0777) == 0 || errno == EEXIST)
        return MFACE_OK;
    return mface_fail(errno == ENOENT ? MFACE_ERR_NOENT : MFACE_ERR_IO,
        "%s: the folder cannot be made: %s", url, strerror(errno));
}

static enum mface_status copy_names(
    struct mface_stills *stills, const struct mface_listing *listing)
{
    const size_t n = (size_t)listing->n_files;
    if (n == 0)
        return MFACE_OK;
    stills->names = mface_mem_calloc(n, sizeof *stills->names);
    stills->numbers = mface_mem_calloc(n, sizeof *stills->numbers);
    if (!stills->names || !stills->numbers)
        return mface_fail_nomem(stills->url);
    for (; stills->n_names < listing->n_files; stills->n_names++) {
        const struct mface_listing_file *file = &listing->files[stills->n_names];
        stills->numbers[stills->n_names] = file->number;
        stills->names[stills->n_names] = mface_mem_strdup(file->name);
        if (!stills->names[stills->n_names])
            return mface_fail_nomem(stills->url);
    }
    return MFACE_OK;
}

/* The input's name where an encoder for its extension exists, else the name as a PNG. */
static void print_folder_name(const struct mface_stills *stills, const struct mface_frame *frame,
    char *path, size_t path_bytes)
{
    if (frame->file < 0 || frame->file >= stills->n_names) {
        snprintf(path, path_bytes, "%s/frame_%06lld.png", stills->url, (long long)frame->index + 1);
        return;
    }
    const char *name = stills->names[frame->file];
    const AVOutputFormat *images = av_guess_format("image2", NULL, NULL);
    const enum AVCodecID id = av_guess_codec(images, NULL, name, NULL, AVMEDIA_TYPE_VIDEO);
    const bool can_encode = id != AV_CODEC_ID_NONE && avcodec_find_encoder(id);
    const int stem_bytes = (int)(strrchr(name, '.') - name);
    if (can_encode)
        snprintf(path, path_bytes, "%s/%s", stills->url, name);
    else
        snprintf(path, path_bytes, "%s/%.*s.png", stills->url, stem_bytes, name);
}

static enum mface_status print_path(const struct mface_stills *stills,
    const struct mface_frame *frame, char *path, size_t path_bytes)
{
    const bool is_listed = frame->file >= 0 && frame->file < stills->n_names;
    const int64_t number = is_listed ? stills->numbers[frame->file] : frame->index + 1;
    switch (stills->kind) {
    case MFACE_STILLS_FOLDER:
        print_folder_name(stills, frame, path, path_bytes);
        return MFACE_OK;
    case MFACE_STILLS_PATTERN:
        if (av_get_frame_filename2(path, (int)path_bytes, stills->url, (int)number, 0) < 0)
            return mface_fail(MFACE_ERR_ARG, "%s: not a number pattern", stills->url);
        return MFACE_OK;
    case MFACE_STILLS_FILE:
        snprintf(path, path_bytes, "%s", stills->url);
    }
    return MFACE_OK;
}

static enum mface_status check_place(const char *path, const struct mface_reader *reader)
{
    const int file = reader->first->file;
    const bool is_listed = file >= 0 && file < reader->listing.n_files;
    const char *input = is_listed ? reader->listing.files[file].path : reader->params.url;
    struct mface_target target;
    MFACE_TRY(mface_target_init(&target, path, input, false));
    mface_target_drop(&target);
    return MFACE_OK;
}

/* Whether a folder that is not there yet could be made. */
static enum mface_status check_folder(const char *url, const struct mface_reader *reader)
{
    char path[PATH_BYTES];
    size_t length = (size_t)snprintf(path, sizeof path, "%s", url);
    while (length < sizeof path && length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    return check_place(path, reader);
}

/* Whatever would fail later with the first frame shall fail now. */
static enum mface_status try_first(struct mface_stills *stills, const struct mface_reader *reader)
{
    const AVCodec *codec;
    char path[PATH_BYTES];
    struct stat info;
    const bool is_made = stills->kind != MFACE_STILLS_FOLDER || stat(stills->url, &info) == 0;
    MFACE_TRY(print_path(stills, reader->first, path, sizeof path));
    MFACE_TRY(mface_still_choose(path, &stills->params, &codec));
    MFACE_TRY(is_made ? check_place(path, reader) : check_folder(stills->url, reader));
    stills->encoder = codec->name;
    return mface_still_write(NULL, &stills->params, codec, reader->first, &stills->pixel_format);
}

enum mface_status mface_stills_open(struct mface_stills *stills, enum mface_stills_kind kind,
    const struct mface_writer_params *params, const struct mface_reader *reader)
{
    stills->kind = kind;
    stills->params = *params;
    stills->url = mface_mem_strdup(params->url);
    if (!stills->url)
        return mface_fail_nomem(params->url);
    if (kind == MFACE_STILLS_FILE && reader->info.n_frames > 1)
        return mface_fail(MFACE_ERR_ARG,
            "%s: one picture for %lld frames; give a pattern such as out_%%05d.png, or a folder",
            params->url, (long long)reader->info.n_frames);
    MFACE_TRY(copy_names(stills, &reader->listing));
    if (kind == MFACE_STILLS_FOLDER && !params->check_only)
        MFACE_TRY(make_folder(params->url, reader->params.url));
    return try_first(stills, reader);
}

enum mface_status mface_stills_write(struct mface_stills *stills, const struct mface_frame *frame)
{
    const AVCodec *codec;
    char path[PATH_BYTES];
    if (stills->kind == MFACE_STILLS_FILE && stills->n_written > 0)
        return mface_fail(MFACE_ERR_ARG, "%s: more than one frame for one picture", stills->url);
    MFACE_TRY(print_path(stills, frame, path, sizeof path));
    MFACE_TRY(mface_still_choose(path, &stills->params, &codec));
    stills->encoder = codec->name;
    MFACE_TRY(mface_still_write(path, &stills->params, codec, frame, &stills->pixel_format));
    stills->n_written++;
    return MFACE_OK;
}

void mface_stills_close(struct mface_stills *stills)
{
    for (int i = 0; i < stills->n_names; i++)
        mface_mem_free(stills->names[i]);
    mface_mem_free(stills->names);
    mface_mem_free(stills->numbers);
    mface_mem_free(stills->url);
    *stills = (struct mface_stills) { 0 };
}

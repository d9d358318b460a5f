/* Writing: decides what kind of output a name stands for and passes frames to it. */
#include "base/log.h"
#include "base/mem.h"
#include "media/av.h"
#include "media/mux.h"
#include "media/pixfmt.h"
#include "media/stills.h"

#include <libavutil/pixdesc.h>
#include <string.h>
#include <sys/stat.h>

struct mface_writer {
    bool is_stills;
    struct mface_stills stills;
    struct mface_mux mux;
    enum mface_status status; // of the first write that failed
};

struct scheme_row {
    const char *scheme, *format;
};

/* What streaming protocols carry by custom. */
static const struct scheme_row scheme_rows[] = {
    { "rtmp", "flv" },
    { "rtsp://", "rtsp" },
    { "udp://", "mpegts" },
    { "tcp://", "mpegts" },
    { "srt://", "mpegts" },
    { "rtp://", "rtp_mpegts" },
};

static const AVOutputFormat *guess_format(const char *url)
{
    for (size_t i = 0; i < sizeof scheme_rows / sizeof scheme_rows[0]; i++)
        if (strncmp(url, scheme_rows[i].scheme, strlen(scheme_rows[i].scheme)) == 0)
            return av_guess_format(scheme_rows[i].format, NULL, NULL);
    if (mface_listing_is_image_name(url))
        return av_guess_format("image2", NULL, NULL);
    return av_guess_format(NULL, url, NULL);
}

static bool is_folder(const char *url, const struct mface_reader *reader)
{
    struct stat st;
    if (url[0] && url[strlen(url) - 1] == '/')
        return true;
    if (stat(url, &st) == 0)
        return S_ISDIR(st.st_mode);
    return reader->info.is_directory && !strstr(url, "://") && !guess_format(url);
}

static enum mface_status find_format(
    const struct mface_writer_params *params, const AVOutputFormat **format)
{
    *format =
        params->format ? av_guess_format(params->format, NULL, NULL) : guess_format(params->url);
    if (!*format && params->format)
        return mface_fail(
            MFACE_ERR_UNSUPPORTED, "%s: no container called %s", params->url, params->format);
    if (!*format)
        return mface_fail(MFACE_ERR_UNSUPPORTED,
            "%s: the name tells no container; use .mp4, .mkv, … or name the format", params->url);
    return MFACE_OK;
}

static enum mface_status open_any(struct mface_writer *writer,
    const struct mface_writer_params *params, struct mface_reader *reader)
{
    const AVOutputFormat *format;
    writer->is_stills = !params->format && is_folder(params->url, reader);
    if (writer->is_stills)
        return mface_stills_open(&writer->stills, MFACE_STILLS_FOLDER, params, reader);
    MFACE_TRY(find_format(params, &format));
    writer->is_stills = strcmp(format->name, "image2") == 0;
    if (!writer->is_stills)
        return mface_mux_open(&writer->mux, params, format, reader);
    const bool is_pattern = av_filename_number_test(params->url);
    return mface_stills_open(
        &writer->stills, is_pattern ? MFACE_STILLS_PATTERN : MFACE_STILLS_FILE, params, reader);
}

/* Said of the first frame: the others of a video are like it. */
static void say_transparency(const struct mface_writer *writer, const char *url, const AVFrame *in)
{
    const char *name = mface_writer_pixel_format(writer);
    if (!mface_pixfmt_has_alpha(av_get_pix_fmt(name)) && mface_pixfmt_is_transparent(in))
        mface_log(MFACE_LOG_WARN,
            "%s: transparency is left out: %s has none as %s (FFV1 in .mkv, VP9 in .webm and PNG "
            "do)",
            url, mface_writer_encoder(writer), name);
}

enum mface_status mface_writer_open(const struct mface_writer_params *params,
    struct mface_reader *reader, struct mface_writer **out)
{
    mface_av_init();
    struct mface_writer *writer = mface_mem_calloc(1, sizeof *writer);
    if (!writer)
        return mface_fail_nomem(params->url);
    const enum mface_status status = open_any(writer, params, reader);
    if (status == MFACE_OK)
        say_transparency(writer, params->url, reader->first->av);
    else
        mface_writer_discard(&writer);
    *out = writer;
    return status;
}

enum mface_status mface_writer_write(struct mface_writer *writer, struct mface_frame *frame)
{
    if (writer->status == MFACE_OK)
        writer->status = writer->is_stills ? mface_stills_write(&writer->stills, frame)
                                           : mface_mux_write(&writer->mux, frame);
    return writer->status;
}

enum mface_status mface_writer_finish(struct mface_writer **writer)
{
    struct mface_writer *gone = *writer;
    const enum mface_status status = gone->status;
    if (status != MFACE_OK || gone->is_stills) {
        mface_writer_discard(writer);
        return status;
    }
    *writer = NULL;
    const enum mface_status finished = mface_mux_finish(&gone->mux);
    mface_mem_free(gone);
    return finished;
}

void mface_writer_discard(struct mface_writer **writer)
{
    struct mface_writer *gone = *writer;
    *writer = NULL;
    if (!gone)
        return;
    if (gone->is_stills)
        mface_stills_close(&gone->stills);
    else
        mface_mux_discard(&gone->mux);
    mface_mem_free(gone);
}

const char *mface_writer_encoder(const struct mface_writer *writer)
{
    return writer->is_stills ? writer->stills.encoder : writer->mux.encoder.ctx->codec->name;
}

const char *mface_writer_pixel_format(const struct mface_writer *writer)
{
    return writer->is_stills ? writer->stills.pixel_format
                             : av_get_pix_fmt_name(writer->mux.encoder.target->format);
}

/* Reading: one stream of frames from a file, device or URL, or from a listing of image files. */
#include "media/reader.h"

#include "base/log.h"
#include "base/mem.h"
#include "media/av.h"
#include "media/decode.h"
#include "media/start.h"

#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LISTING_FPS = 25 };

static bool is_listing(const struct mface_reader *reader)
{
    return reader->listing.n_files > 0;
}

static bool is_folder(const char *url)
{
    struct stat st;
    return stat(url, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_still(const struct mface_demux *demux)
{
    const char *name = demux->ic->iformat->name;
    const size_t length = strlen(name);
    const bool is_sequence = demux->video->duration > 1; // image2 counts pictures
    return (strcmp(name, "image2") == 0 && !is_sequence) ||
           (length > 5 && strcmp(name + length - 5, "_pipe") == 0) ||
           (demux->video->disposition & AV_DISPOSITION_ATTACHED_PIC);
}

static int64_t estimate_n_frames(const struct mface_reader *reader)
{
    const AVStream *video = reader->demux.video;
    if (reader->info.is_image)
        return 1;
    if (video->nb_frames > 0)
        return video->nb_frames;
    return (int64_t)(reader->info.duration_s * reader->info.fps + 0.5);
}

static void describe_stream(struct mface_reader *reader)
{
    struct mface_reader_info *info = &reader->info;
    const AVStream *video = reader->demux.video;
    info->codec = avcodec_get_name(video->codecpar->codec_id);
    info->is_image = is_still(&reader->demux);
    info->fps = info->is_image ? 0 : av_q2d(reader->frame_rate);
    info->duration_s = info->is_image ? 0 : mface_demux_duration_s(&reader->demux);
    info->n_frames = estimate_n_frames(reader);
}

static void describe_first_frame(struct mface_reader *reader)
{
    const struct mface_frame *first = reader->first;
    const struct mface_picture picture = mface_frame_picture(first);
    reader->info.w = picture.w;
    reader->info.h = picture.h;
    reader->info.rotation_deg = mface_orient_degrees(first->orient);
    reader->info.pixel_format = av_get_pix_fmt_name(first->av->format);
}

static void set_rates(struct mface_reader *reader)
{
    AVStream *video = reader->demux.video;
    reader->time_base = video->time_base;
    reader->frame_rate = video->avg_frame_rate;
    if (reader->frame_rate.num <= 0 || reader->frame_rate.den <= 0)
        reader->frame_rate = av_guess_frame_rate(reader->demux.ic, video, NULL);
    if (reader->frame_rate.num <= 0 || reader->frame_rate.den <= 0)
        reader->frame_rate = av_make_q(LISTING_FPS, 1);
}

static enum mface_status refuse_piece_of_images(const struct mface_reader *reader)
{
    if (reader->params.start_s == 0 && reader->params.end_s == 0)
        return MFACE_OK;
    return mface_fail(
        MFACE_ERR_ARG, "%s: start and end are for videos, not for images", reader->params.url);
}

static enum mface_status open_stream(struct mface_reader *reader)
{
    MFACE_TRY(mface_demux_open(&reader->demux, &reader->params));
    MFACE_TRY(mface_decode_open(reader));
    set_rates(reader);
    describe_stream(reader);
    if (reader->info.is_image)
        MFACE_TRY(refuse_piece_of_images(reader));
    mface_piece_init(&reader->piece, &reader->demux, &reader->params);
    reader->info.n_frames = mface_start_count(reader, reader->info.n_frames);
    return mface_start_reading(reader);
}

/* A picture of a listing as its one frame. */
static enum mface_status read_picture(
    struct mface_reader *reader, const char *path, struct mface_frame **frame)
{
    const struct mface_reader_params params = {
        .url = path, .threads = 1, .cancel = reader->params.cancel
    };
    struct mface_reader *one = NULL;
    MFACE_TRY(mface_reader_open(&params, &one));
    const enum mface_status status = mface_reader_read(one, frame);
    reader->n_damaged += one->n_damaged > 0;
    reader->info.codec = one->info.codec;
    mface_reader_close(&one);
    return status;
}

static enum mface_status next_picture(struct mface_reader *reader, struct mface_frame **frame)
{
    while (reader->next_file < reader->listing.n_files) {
        const int file = reader->next_file++;
        const enum mface_status status =
            read_picture(reader, reader->listing.files[file].path, frame);
        if (status == MFACE_ERR_NOMEM || status == MFACE_ERR_CANCELED)
            return status;
        if (status != MFACE_OK) { // said by whoever found it; the others go on
            reader->n_damaged++;
            continue;
        }
        (*frame)->file = file;
        (*frame)->index = reader->n_frames++;
        (*frame)->av->pts = file;
        (*frame)->av->pkt_duration = 1;
        (*frame)->time_s = (double)file / LISTING_FPS;
        return MFACE_OK;
    }
    return MFACE_ERR_EOF;
}

static enum mface_status open_listing(struct mface_reader *reader)
{
    const char *options = reader->params.options;
    if (options && options[0])
        return mface_fail(MFACE_ERR_ARG,
            "input-options: a folder or pattern of pictures takes none: '%s'", options);
    MFACE_TRY(refuse_piece_of_images(reader));
    MFACE_TRY(mface_listing_init(&reader->listing, reader->params.url));
    reader->time_base = av_make_q(1, LISTING_FPS);
    reader->frame_rate = av_make_q(LISTING_FPS, 1);
    reader->info.is_directory = reader->listing.is_directory;
    reader->info.fps = reader->listing.is_directory ? 0 : LISTING_FPS;
    reader->info.duration_s =
        reader->listing.is_directory ? 0 : (double)reader->listing.n_files / LISTING_FPS;
    reader->next_file = (int)FFMIN(reader->params.n_frames_skip, reader->listing.n_files);
    reader->info.n_frames = reader->listing.n_files - reader->next_file;
    const enum mface_status status = next_picture(reader, &reader->first);
    mface_carry_end(reader->carry);
    if (status == MFACE_ERR_EOF)
        return mface_fail(
            MFACE_ERR_FORMAT, "%s: none of its images can be read", reader->params.url);
    return status;
}

static enum mface_status copy_params(
    struct mface_reader *reader, const struct mface_reader_params *params)
{
    reader->params = *params;
    reader->params.url = mface_mem_strdup(params->url);
    reader->params.format = params->format ? mface_mem_strdup(params->format) : NULL;
    reader->params.options = params->options ? mface_mem_strdup(params->options) : NULL;
    if (!reader->params.url || (params->format && !reader->params.format) ||
        (params->options && !reader->params.options))
        return mface_fail_nomem(params->url);
    return mface_carry_create(&reader->carry);
}

/* Times are counted finer where every frame is given several times. */
static void describe_part(struct mface_reader *reader)
{
    const struct mface_reader_params *params = &reader->params;
    struct mface_reader_info *info = &reader->info;
    const int hold = params->hold > 1 ? params->hold : 1;
    info->n_frames *= hold;
    if (params->n_frames_max > 0 && (info->n_frames == 0 || info->n_frames > params->n_frames_max))
        info->n_frames = params->n_frames_max;
    if (hold == 1)
        return;
    info->fps *= hold;
    reader->time_base.den *= hold;
    reader->frame_rate.num *= hold;
}

static enum mface_status open_any(
    struct mface_reader *reader, const struct mface_reader_params *params)
{
    MFACE_TRY(mface_piece_check(params));
    MFACE_TRY(copy_params(reader, params));
    const bool many =
        !params->format && (is_folder(params->url) || mface_listing_is_pattern(params->url));
    MFACE_TRY(many ? open_listing(reader) : open_stream(reader));
    describe_first_frame(reader);
    describe_part(reader);
    return MFACE_OK;
}

enum mface_status mface_reader_open(
    const struct mface_reader_params *params, struct mface_reader **out)
{
    mface_av_init();
    struct mface_reader *reader = mface_mem_calloc(1, sizeof *reader);
    if (!reader)
        return mface_fail_nomem(params->url);
    const enum mface_status status = open_any(reader, params);
    if (status != MFACE_OK)
        reader->said_damage = true; // the failure has been said
    if (status != MFACE_OK)
        mface_reader_close(&reader);
    *out = reader;
    return status;
}

static void say_damage(struct mface_reader *reader)
{
    const int64_t n = mface_reader_n_damaged(reader);
    if (n == 0 || reader->said_damage || is_listing(reader))
        return;
    reader->said_damage = true;
    const char *url = reader->params.url;
    const double promise_s = mface_demux_duration_s(&reader->demux);
    if (reader->demux.ended_early && promise_s <= 0)
        mface_log(MFACE_LOG_WARN, "%s: broke off at %.2f s; what came before is kept", url,
            reader->demux.end_s);
    else if (reader->demux.ended_early)
        mface_log(MFACE_LOG_WARN,
            "%s: the file ends early, at %.2f of %.2f s; what is readable is kept", url,
            reader->demux.end_s, promise_s);
    else
        mface_log(MFACE_LOG_WARN, "%s: %lld damaged packets or frames; what can be decoded is kept",
            url, (long long)n);
}

void mface_reader_close(struct mface_reader **reader)
{
    struct mface_reader *gone = *reader;
    *reader = NULL;
    if (!gone)
        return;
    say_damage(gone);
    mface_frame_unref(&gone->first);
    mface_frame_unref(&gone->held);
    mface_decode_close(gone);
    mface_demux_close(&gone->demux);
    mface_carry_unref(&gone->carry);
    mface_listing_clear(&gone->listing);
    mface_mem_free((void *)gone->params.url);
    mface_mem_free((void *)gone->params.format);
    mface_mem_free((void *)gone->params.options);
    mface_mem_free(gone);
}

void mface_reader_get_info(const struct mface_reader *reader, struct mface_reader_info *info)
{
    *info = reader->info;
}

static enum mface_status next_of_stream(struct mface_reader *reader, struct mface_frame **frame)
{
    if (reader->has_ended)
        return MFACE_ERR_EOF;
    MFACE_TRY(mface_decode_next(reader, frame));
    reader->has_ended = reader->now >= reader->piece.end;
    if (!reader->has_ended)
        return MFACE_OK;
    mface_frame_unref(frame);
    MFACE_TRY(mface_decode_drain(reader));
    return MFACE_ERR_EOF;
}

static enum mface_status read_new(struct mface_reader *reader, struct mface_frame **frame)
{
    if (!reader->gave_first) {
        reader->gave_first = true;
        *frame = mface_frame_ref(reader->first);
        return *frame ? MFACE_OK : mface_fail_nomem(reader->params.url);
    }
    const enum mface_status status =
        is_listing(reader) ? next_picture(reader, frame) : next_of_stream(reader, frame);
    if (status == MFACE_ERR_EOF)
        say_damage(reader);
    return status;
}

/* The frame `held`, later by its share of the time until the next. */
static enum mface_status give_held(struct mface_reader *reader, struct mface_frame **frame)
{
    const int hold = reader->params.hold;
    *frame = mface_frame_ref(reader->held);
    if (!*frame)
        return mface_fail_nomem(reader->params.url);
    AVFrame *av = (*frame)->av;
    (*frame)->index = (*frame)->index * hold + reader->n_held;
    (*frame)->time_s = (double)(*frame)->index * av_q2d(av_inv_q(reader->frame_rate));
    if (av->pts != AV_NOPTS_VALUE) {
        av->pts = av->pts * hold + reader->n_held * av->pkt_duration;
        (*frame)->time_s = (double)(av->pts - reader->start_pts * hold) * av_q2d(reader->time_base);
    }
    if (++reader->n_held == hold)
        mface_frame_unref(&reader->held);
    return MFACE_OK;
}

enum mface_status mface_reader_read(struct mface_reader *reader, struct mface_frame **frame)
{
    const struct mface_reader_params *params = &reader->params;
    if (params->cancel && atomic_load_explicit(params->cancel, memory_order_relaxed))
        return MFACE_ERR_CANCELED;
    if (params->n_frames_max > 0 && reader->n_given >= params->n_frames_max)
        return MFACE_ERR_EOF;
    if (!reader->held && params->hold > 1) {
        reader->n_held = 0;
        MFACE_TRY(read_new(reader, &reader->held));
    }
    MFACE_TRY(reader->held ? give_held(reader, frame) : read_new(reader, frame));
    reader->n_given++;
    return MFACE_OK;
}

int64_t mface_reader_n_damaged(const struct mface_reader *reader)
{
    return reader->n_damaged + reader->demux.n_damaged + reader->demux.ended_early;
}

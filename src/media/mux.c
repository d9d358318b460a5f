/* Filling and ending a container. */
#include "media/mux.h"

#include "base/log.h"
#include "base/mem.h"
#include "media/av.h"

#include <math.h>

static enum mface_status explain(const struct mface_mux *mux, int err)
{
    const bool is_full = mface_av_status(err) == MFACE_ERR_NOSPC;
    return mface_fail(is_full ? MFACE_ERR_NOSPC : MFACE_ERR_IO, "%s: not written: %s",
        mux->target.path, is_full ? "no space left" : mface_av_reason(err));
}

/* What libav says of a write, or what one of the muxer's own files met. */
static int outcome(const struct mface_mux *mux, int err)
{
    return err < 0 ? err : mux->files.error;
}

static enum mface_status put_encoded(struct mface_mux *mux)
{
    for (;;) {
        const enum mface_status status = mface_encoder_receive(&mux->encoder, mux->packet);
        if (status != MFACE_OK)
            return status == MFACE_ERR_EOF ? MFACE_OK : status;
        mux->packet->stream_index = 0;
        av_packet_rescale_ts(
            mux->packet, mux->encoder.ctx->time_base, mux->oc->streams[0]->time_base);
        mface_av_forget();
        const int err = outcome(mux, av_interleaved_write_frame(mux->oc, mux->packet));
        if (err < 0)
            return explain(mux, err);
    }
}

/* A video that is copied begins with a key frame; its piece need not. */
static bool is_of_output(const struct mface_mux *mux, AVPacket *packet)
{
    const struct mface_stream_copy *copy = &mux->copies[packet->stream_index];
    const bool is_video = copy->out->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
    if (mux->piece.is_part && is_video && copy->last_dts == AV_NOPTS_VALUE &&
        !(packet->flags & AV_PKT_FLAG_KEY))
        return false;
    return mface_piece_cut(&mux->piece, copy->out, mux->may_be_negative, packet);
}

/* A packet the container refuses (damaged sound, say) is left out; the film goes on. */
static enum mface_status put_carried(struct mface_mux *mux, double until_s)
{
    AVPacket *packet;
    while (mux->carry && (packet = mface_carry_take(mux->carry, until_s))) {
        if (!is_of_output(mux, packet)) {
            av_packet_free(&packet);
            continue;
        }
        mface_streams_adapt(&mux->copies[packet->stream_index], mux->oc, packet);
        mface_av_forget();
        const int err = outcome(mux, av_interleaved_write_frame(mux->oc, packet));
        av_packet_free(&packet);
        const bool is_refused =
            err == AVERROR(EINVAL) || err == AVERROR_INVALIDDATA || err == AVERROR_PATCHWELCOME;
        if (err < 0 && !is_refused)
            return explain(mux, err);
        mux->n_refused += is_refused;
    }
    return MFACE_OK;
}

enum mface_status mface_mux_write(struct mface_mux *mux, const struct mface_frame *frame)
{
    const AVFrame *av = frame->av;
    if (av->pts != AV_NOPTS_VALUE) {
        const double unit_s = av_q2d(mux->in_time_base);
        MFACE_TRY(put_carried(mux, (double)av->pts * unit_s));
        mux->end_s = fmax(mux->end_s, (double)(av->pts + av->pkt_duration) * unit_s);
    }
    MFACE_TRY(mface_encoder_send(&mux->encoder, frame));
    return put_encoded(mux);
}

/* A run that was cut short ends its sound with its picture. */
static enum mface_status end_file(struct mface_mux *mux)
{
    const bool whole = mux->carry && mface_carry_has_ended(mux->carry);
    MFACE_TRY(mface_encoder_send(&mux->encoder, NULL));
    MFACE_TRY(put_encoded(mux));
    MFACE_TRY(put_carried(mux, whole ? INFINITY : mux->end_s));
    if (mux->n_refused)
        mface_log(MFACE_LOG_WARN, "%s: %lld damaged packets of other streams left out",
            mux->target.path, (long long)mux->n_refused);
    mface_av_forget();
    int err = outcome(mux, av_write_trailer(mux->oc));
    if (!(mux->oc->oformat->flags & AVFMT_NOFILE)) {
        const int close_err = avio_closep(&mux->oc->pb);
        err = err < 0 ? err : close_err;
    }
    return err < 0 ? explain(mux, err) : MFACE_OK;
}

static void release(struct mface_mux *mux)
{
    mface_encoder_close(&mux->encoder);
    if (mux->oc && !(mux->oc->oformat->flags & AVFMT_NOFILE))
        avio_closep(&mux->oc->pb);
    avformat_free_context(mux->oc);
    av_packet_free(&mux->packet);
    mface_carry_unref(&mux->carry);
    mface_mem_free(mux->copies);
    mux->oc = NULL;
    mux->copies = NULL;
}

enum mface_status mface_mux_finish(struct mface_mux *mux)
{
    const enum mface_status status = end_file(mux);
    release(mux);
    if (status == MFACE_OK)
        return mface_target_keep(&mux->target);
    mface_target_drop(&mux->target);
    return status;
}

void mface_mux_discard(struct mface_mux *mux)
{
    release(mux);
    mface_target_drop(&mux->target);
}

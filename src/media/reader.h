/* What the module's own files see of a reader. */
#ifndef MFACE_MEDIA_READER_H
#define MFACE_MEDIA_READER_H

#include "media/carry.h"
#include "media/convert.h"
#include "media/demux.h"
#include "media/frame.h"
#include "media/listing.h"
#include "media/piece.h"

#include <libavcodec/avcodec.h>

struct mface_reader {
    struct mface_reader_params params; // url and format owned
    struct mface_listing listing;      // n_files > 0: every file is opened by a reader of its own
    int next_file;
    struct mface_reader_info info;

    /* One file or stream; all unset with a listing. */
    struct mface_demux demux;
    struct mface_piece piece;
    AVCodecContext *decoder;
    AVPacket *packet;
    struct mface_carry *carry; // also set with a listing: then always empty
    struct mface_converter converter;
    bool has_stream_matrix; // the display matrix is the stream's, not each frame's
    struct mface_orient orient;
    bool at_end, said_angle;
    bool has_ended;    // the piece has
    uint64_t past_end; // of the first 64 streams, those met behind the piece

    AVRational time_base, frame_rate;
    struct mface_frame *first; // decoded while opening; kept as the writer's template
    bool gave_first;
    struct mface_frame *held; // to be given again; NULL: none
    int n_held;               // times it was given
    int64_t n_given;          // frames given in all
    int64_t start_pts;        // of the first frame
    int64_t n_passed;         // frames decoded before the first
    int64_t now;              // of the last decoded, in the stream's time base; told or guessed
    int64_t n_frames;
    int64_t n_damaged;
    bool said_damage;
};

#endif

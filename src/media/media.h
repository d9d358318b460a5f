/* Media: frames in from anything FFmpeg opens, frames out to anything FFmpeg writes.
 *
 * A reader decodes the video stream and carries everything else (audio, subtitles, attachments,
 * chapters, metadata) to the writer as it is. The reader and the writer may be used by two
 * different threads; each of them by one thread at a time. */
#ifndef MFACE_MEDIA_MEDIA_H
#define MFACE_MEDIA_MEDIA_H

#include "image/picture.h"
#include <memoface/key.h>
#include <memoface/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* One decoded frame, reference counted, pixels shared until made writable. */
struct mface_frame;

/* A second owner of the same pixels; NULL when out of memory. */
struct mface_frame *mface_frame_ref(struct mface_frame *frame);
void mface_frame_unref(struct mface_frame **frame); // nulls; accepts NULL inside

/* The pixels as an upright picture: a stream's rotation is part of the view, so nothing is
 * copied, and the file keeps its rotation flag. Valid while the frame is referenced, until it is
 * made writable. A mirrored view of odd size sees subsampled chroma half a sample off. */
struct mface_picture mface_frame_picture(const struct mface_frame *frame);

/* Copies the pixels if anyone else (another reference, the decoder) shares them. */
MFACE_NODISCARD enum mface_status mface_frame_make_writable(struct mface_frame *frame);

/* Hash of every visible sample, the size, the pixel format, colour tags and rotation: the root
 * key. Timestamps are left out, so a held frame has the key of its original. */
struct mface_key mface_frame_key(const struct mface_frame *frame);

int64_t mface_frame_index(const struct mface_frame *frame); // 0, 1, … in reading order
double mface_frame_time_s(const struct mface_frame *frame); // from the stream's start

struct mface_reader;

struct mface_reader_params {
    const char *url;           // file, pattern, directory of images, device, URL
    const char *format;        // FFmpeg input format, or NULL to probe
    const char *options;       // "framerate=30:…" for that format; NULL or "": none
    int threads;               // for the decoder; 0: its own choice
    double start_s, end_s;     // the piece of a video: frames with start <= time < end
    int64_t n_frames_skip;     // so many before the first that is given, as the rate counts them
    int64_t n_frames_max;      // the end comes after so many; 0: with the input's
    int hold;                  // each frame is given so often, in its time; 0 and 1: once
    const atomic_bool *cancel; // when set to true, blocking reads end; may be NULL
};

/* Logs on failure; the error line names the file. MFACE_ERR_NOENT, MFACE_ERR_FORMAT (no media),
 * MFACE_ERR_UNSUPPORTED (no decoder, no video stream), MFACE_ERR_IO, MFACE_ERR_NOMEM, MFACE_ERR_ARG
 * (a piece that is none, holds no frame, or of images).
 *
 * The piece's times are counted in seconds from the input's beginning, whatever its clock says
 * there; 0 both: the whole. Its first frame is found by decoding from a key frame before, or from
 * the beginning where the input cannot be sought in; it is the output's 0, and other streams are
 * cut alike (media/piece.h). A frame's index and time count from the first frame given. */
MFACE_NODISCARD enum mface_status mface_reader_open(
    const struct mface_reader_params *params, struct mface_reader **out);
void mface_reader_close(struct mface_reader **reader);

struct mface_reader_info {
    int w, h;                 // upright pixels (the first image's, for a directory)
    double fps;               // average; 0 for still images
    double duration_s;        // of the whole input; 0 unknown
    int64_t n_frames;         // to be given, an estimate for progress; 0 unknown
    const char *codec;        // "h264"
    const char *pixel_format; // "yuv420p"
    bool is_image;            // one still image
    bool is_directory;
    int rotation_deg; // 0, 90, 180, 270
};
void mface_reader_get_info(const struct mface_reader *reader, struct mface_reader_info *info);

/* The next frame; the caller owns the reference. MFACE_ERR_EOF at the end, MFACE_ERR_CANCELED.
 * Damaged data: what can be decoded is kept; counted, and warned of once. */
MFACE_NODISCARD enum mface_status mface_reader_read(
    struct mface_reader *reader, struct mface_frame **frame);

/* Packets or frames that could not be decoded so far; an early end of the file counts as one. */
int64_t mface_reader_n_damaged(const struct mface_reader *reader);

struct mface_writer;

/* What an encoder should favour where it is told no speed. */
enum mface_favor { MFACE_FAVOR_BOTH, MFACE_FAVOR_SPEED, MFACE_FAVOR_QUALITY };

struct mface_writer_params {
    const char *url;          // a file, an image pattern, a directory (with directory input), a URL
    const char *format;       // FFmpeg output format, or NULL to go by the name
    const char *encoder;      // "libx264", …; NULL or "auto": by the container
    const char *pixel_format; // "yuv420p", …; NULL or "auto": the input's where the encoder can
    int quality;              // constant quality as the encoder counts (CRF), -1: its default
    const char *speed;        // encoder preset word, "veryfast"; NULL or "": by `favor`
    enum mface_favor favor;   // media/choose.h
    /* "b=4M:g=50", further options of the encoder as FFmpeg names them; NULL or "": none. They go
     * before all else that was chosen. */
    const char *encoder_options;
    bool check_only;             // nothing is written: only mface_writer_discard() may follow
    int threads;                 // for the encoder; 0: its own choice
    const char *const *metadata; // key, value, …, NULL: added to the container's metadata; borrowed
                                 // until the writer is finished or discarded
};

/* Opens the output beside its final name as a temporary file (directories, URLs and devices are
 * written directly), with the reader's streams, tags, rotation and timestamps as the template.
 * What `params` points to is borrowed until the writer is gone; the reader may be closed earlier.
 * A container without a place for a rotation, and every still image, gets upright pixels. An
 * encoder that refuses an odd size in 4:2:0 gets 4:4:4, said in a warning; so is what of the other
 * streams the container cannot hold. Defaults per container and encoder: media/choose.h.
 * Logs on failure. MFACE_ERR_IO, MFACE_ERR_NOENT (no such folder), MFACE_ERR_UNSUPPORTED (no
 * encoder or container of that name), MFACE_ERR_ARG (an option the encoder has not; the output is
 * the input; one image file for several frames).
 * What viewers join midway (a URL, HLS, DASH) gets a key frame every two seconds. */
MFACE_NODISCARD enum mface_status mface_writer_open(const struct mface_writer_params *params,
    struct mface_reader *reader, struct mface_writer **out);

/* Encodes one frame, in the reader's order, and whatever of the other streams is due before it.
 * `frame` is borrowed. MFACE_ERR_IO, MFACE_ERR_NOSPC (disk full), MFACE_ERR_INTERNAL. */
MFACE_NODISCARD enum mface_status mface_writer_write(
    struct mface_writer *writer, struct mface_frame *frame);

/* Flushes, writes the trailer, renames to the final name, and frees the writer even on failure
 * (the temporary file is then removed). */
MFACE_NODISCARD enum mface_status mface_writer_finish(struct mface_writer **writer);

/* Drops the output: removes the temporary file, frees the writer. Accepts NULL inside. */
void mface_writer_discard(struct mface_writer **writer);

/* What was chosen: "libx264", "yuv420p". Owned by the writer. */
const char *mface_writer_encoder(const struct mface_writer *writer);
const char *mface_writer_pixel_format(const struct mface_writer *writer);

/* The frame, upright, as a JPEG no wider or higher than `max_side_px` ≥ 2. *jpeg is released with
 * mface_mem_free(). MFACE_ERR_NOMEM, MFACE_ERR_UNSUPPORTED; logged. */
MFACE_NODISCARD enum mface_status mface_frame_to_jpeg(
    const struct mface_frame *frame, int max_side_px, unsigned char **jpeg, size_t *bytes);

/* One still image ↔ BGR U8 memory, for `detect` and the previews. Save picks PNG or JPEG by the
 * name. Rotation tags are applied. Load allocates `image`; release with mface_image_clear(). */
MFACE_NODISCARD enum mface_status mface_image_load(const char *path, struct mface_image *image);
MFACE_NODISCARD enum mface_status mface_image_save(
    const char *path, const struct mface_image *image);

#endif

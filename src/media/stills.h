/* Writing still images: one file, a numbered pattern, or a folder of files named as the input's.
 *
 * Every image is encoded by itself, upright, in its own size, and is complete or not there. */
#ifndef MFACE_MEDIA_STILLS_H
#define MFACE_MEDIA_STILLS_H

#include "media/listing.h"
#include "media/media.h"

struct mface_frame;

enum mface_stills_kind {
    MFACE_STILLS_FILE,
    MFACE_STILLS_PATTERN, // "f_%04d.png", numbers as in the input, else from 1
    MFACE_STILLS_FOLDER,
};

struct mface_stills {
    enum mface_stills_kind kind;
    struct mface_writer_params params; // borrowed until the writer is gone
    char *url;                         // owned
    char **names;                      // owned: per listed input file, NULL: none
    int64_t *numbers;
    int n_names;
    int64_t n_written;
    const char *encoder, *pixel_format; // static strings, of the last image
};

/* Makes the folder if need be and tries the encoder on the reader's first frame. The stills start
 * zeroed; release with mface_stills_close(), also after a failure. Statuses as
 * mface_writer_open(). */
MFACE_NODISCARD enum mface_status mface_stills_open(struct mface_stills *stills,
    enum mface_stills_kind kind, const struct mface_writer_params *params,
    const struct mface_reader *reader);
MFACE_NODISCARD enum mface_status mface_stills_write(
    struct mface_stills *stills, const struct mface_frame *frame);
void mface_stills_close(struct mface_stills *stills);

#endif

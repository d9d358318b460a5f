#include "media/mux_files.h"

static int note(struct mface_mux_files *files, int error)
{
    if (error < 0 && files->error >= 0)
        files->error = error;
    return error;
}

/* What is read (a playlist to go on with) may be missing. */
static int open_file(
    AVFormatContext *oc, AVIOContext **pb, const char *url, int flags, AVDictionary **options)
{
    struct mface_mux_files *files = oc->opaque;
    const int error = files->open(oc, pb, url, flags, options);
    return flags & AVIO_FLAG_WRITE ? note(files, error) : error;
}

static int close_file(AVFormatContext *oc, AVIOContext *pb)
{
    struct mface_mux_files *files = oc->opaque;
    if (pb && pb->write_flag) {
        avio_flush(pb);
        note(files, pb->error);
    }
    return note(files, files->close(oc, pb));
}

void mface_mux_files_watch(struct mface_mux_files *files, AVFormatContext *oc)
{
    *files = (struct mface_mux_files) { .open = oc->io_open, .close = oc->io_close2 };
    oc->opaque = files;
    oc->io_open = open_file;
    oc->io_close2 = close_file;
}

/* Listings: image files that together are one input, from a directory or a numbered pattern. */
#ifndef MFACE_MEDIA_LISTING_H
#define MFACE_MEDIA_LISTING_H

#include <memoface/status.h>
#include <stdbool.h>
#include <stdint.h>

struct mface_listing_file {
    char *path;
    const char *name; // last part of path
    int64_t number;   // the pattern's number in it; its place in a directory
};

struct mface_listing {
    struct mface_listing_file *files; // a directory in natural order ("f2" before "f10"); a
                                      // pattern by number
    int n_files;
    bool is_directory;
};

/* Whether the last part of `url` is a number pattern ("f_%04d.png") and no file has that very
 * name. */
bool mface_listing_is_pattern(const char *url);

/* Whether the name's extension is that of a still image. */
bool mface_listing_is_image_name(const char *name);

/* Lists `url`, a directory or a pattern. MFACE_ERR_NOENT when no image is there, MFACE_ERR_IO,
 * MFACE_ERR_NOMEM; logged. Release with mface_listing_clear(). */
MFACE_NODISCARD enum mface_status mface_listing_init(
    struct mface_listing *listing, const char *url);
void mface_listing_clear(struct mface_listing *listing);

#endif

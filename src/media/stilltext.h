/* Text inside image files: PNG tEXt chunks (PNG 1.2, 11.3.4.3), JPEG comments (T.81, B.2.4.5). */
#ifndef MFACE_MEDIA_STILLTEXT_H
#define MFACE_MEDIA_STILLTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes an encoded image with `pairs` (key, value, …, NULL; may be NULL) inside, where its format
 * has a place for them; other formats are written as they are. False on a failed write. */
bool mface_still_put(FILE *file, const uint8_t *bytes, size_t n_bytes, const char *const *pairs);

#endif

/* The page as it was embedded at build time (tools/embed_page.py, src/serve/page/). */
#ifndef MFACE_SERVE_PAGE_H
#define MFACE_SERVE_PAGE_H

#include <stddef.h>

extern const unsigned char mface_page[];
extern const size_t mface_page_bytes;
/* Content-Security-Policy that allows the page's own script and style, by hash, and nothing else.
 */
extern const char mface_page_policy[];

#endif

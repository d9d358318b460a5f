/* JSON as the dashboard sends it. */
#ifndef MFACE_SERVE_JSON_TEXT_H
#define MFACE_SERVE_JSON_TEXT_H

#include <jansson.h>

/* One text that ends in a line break; takes `root`. NULL when memory is out or root is NULL. Free
 * with free(). */
char *mface_json_text(json_t *root, size_t flags);

#endif

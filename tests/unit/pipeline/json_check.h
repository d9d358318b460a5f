/* A strict reader of JSON (RFC 8259) that keeps nothing: is this text one JSON value? */
#ifndef MFACE_TESTS_PIPELINE_JSON_CHECK_H
#define MFACE_TESTS_PIPELINE_JSON_CHECK_H

#include <stdbool.h>

bool json_is_valid(const char *text);

#endif

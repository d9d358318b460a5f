/* Refuses outputs that would destroy something, before anything is opened. */
#ifndef MFACE_PIPELINE_OUTPUT_CHECK_H
#define MFACE_PIPELINE_OUTPUT_CHECK_H

#include <memoface/status.h>
#include <stdbool.h>

/* MFACE_ERR_ARG, logged, when input and output are the same file or folder, or when the output (a
 * file, any file of an image pattern, a folder with anything in it) exists and `overwrite` is
 * false. Devices and URLs pass. */
MFACE_NODISCARD enum mface_status mface_output_check(
    const char *input, const char *output, bool overwrite);

#endif

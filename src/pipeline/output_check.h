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

/* MFACE_ERR_IO, logged, when the file cannot be written where it is to lie. Nothing is made. */
MFACE_NODISCARD enum mface_status mface_output_check_place(const char *output);

/* MFACE_ERR_ARG, logged, when `output` is `other`, which is the job's `what`. Devices and URLs
 * pass. */
MFACE_NODISCARD enum mface_status mface_output_check_differs(
    const char *output, const char *other, const char *what);

#endif

/* The folder in which things are kept between runs. */
#ifndef MFACE_PIPELINE_FOLDER_H
#define MFACE_PIPELINE_FOLDER_H

#include <limits.h>

/* `setting`: a path; "" for memoface under XDG_CACHE_HOME (else ~/.cache); "none" for none. The
 * folder need not exist. "" where there is none to be. */
void mface_folder_find(const char *setting, char folder[PATH_MAX]);

#endif

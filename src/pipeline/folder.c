#include "pipeline/folder.h"

#include <memoface/disk.h>
#include <stdlib.h>
#include <string.h>

void mface_folder_find(const char *setting, char folder[PATH_MAX])
{
    folder[0] = '\0';
    if (strcmp(setting, "none") == 0)
        return;
    if (!*setting && !getenv("XDG_CACHE_HOME") && !getenv("HOME"))
        return; // a service without a home: nothing is kept, and that is no mistake
    if (mface_cache_folder(setting, folder, PATH_MAX) != MFACE_OK)
        folder[0] = '\0';
}

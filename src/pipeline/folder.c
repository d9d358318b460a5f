#include "pipeline/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void join(const char *a, const char *b, char folder[PATH_MAX])
{
    if (snprintf(folder, PATH_MAX, "%s%s", a, b) >= PATH_MAX)
        folder[0] = '\0';
}

void mface_folder_find(const char *setting, char folder[PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    folder[0] = '\0';
    if (strcmp(setting, "none") == 0)
        return;
    if (*setting)
        join(setting, "", folder);
    else if (cache && *cache == '/') // relative ones are to be ignored (XDG base directories 0.8)
        join(cache, "/memoface", folder);
    else if (home && *home)
        join(home, "/.cache/memoface", folder);
}

#include "pipeline/locate.h"

#include "base/log.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const builtin[][2] = {
    { "ssd", "ssd_mobilenetv1.onnx" },
    { "tiny", "tiny_face_detector.onnx" },
    { "68", "face_landmark_68.onnx" },
    { "468", "facemesh468.onnx" },
};

static const char *file_of(const char *name)
{
    for (size_t i = 0; i < sizeof builtin / sizeof builtin[0]; i++)
        if (strcmp(builtin[i][0], name) == 0)
            return builtin[i][1];
    return NULL;
}

static bool join(const char *a, const char *b, const char *c, char *path, size_t path_bytes)
{
    const int length = snprintf(path, path_bytes, "%s/%s%s", a, b, c);
    return length > 0 && (size_t)length < path_bytes && access(path, R_OK) == 0;
}

/* In the folders of a build and of an installation, seen from a program or library of theirs. */
static bool find_near(const char *program, const char *file, char *path, size_t path_bytes)
{
    static const char *const folders[] = { "models/", "../models/", "../share/memoface/models/",
        "../../share/memoface/models/" }; // lib/x86_64-linux-gnu
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s", program);
    char *slash = strrchr(dir, '/');
    if (!slash)
        return false;
    *slash = '\0';
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (join(dir, folders[i], file, path, path_bytes))
            return true;
    return false;
}

static bool find_near_executable(const char *file, char *path, size_t path_bytes)
{
    char program[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return false;
    program[length] = '\0';
    return find_near(program, file, path, path_bytes);
}

/* Programs that use the library lie anywhere. */
static bool find_near_library(const char *file, char *path, size_t path_bytes)
{
    static const char here;
    Dl_info info;
    return dladdr(&here, &info) && info.dli_fname &&
           find_near(info.dli_fname, file, path, path_bytes);
}

static bool find_in_home(const char *file, char *path, size_t path_bytes)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data)
        return join(data, "memoface/models/", file, path, path_bytes);
    return home && *home && join(home, ".local/share/memoface/models/", file, path, path_bytes);
}

static enum mface_status copy_path(const char *name, char *path, size_t path_bytes)
{
    if (strlen(name) >= path_bytes)
        return mface_fail(MFACE_ERR_ARG, "%s: path too long", name);
    memcpy(path, name, strlen(name) + 1);
    return MFACE_OK;
}

static bool find_builtin(const char *file, char *path, size_t path_bytes)
{
    const char *folder = getenv("MEMOFACE_MODELS");
    if (folder && *folder)
        return join(folder, "", file, path, path_bytes);
    return find_near_executable(file, path, path_bytes) ||
           find_near_library(file, path, path_bytes) || find_in_home(file, path, path_bytes);
}

bool mface_model_find(const char *name, char *path, size_t path_bytes)
{
    const char *file = file_of(name);
    if (file)
        return find_builtin(file, path, path_bytes);
    const int length = snprintf(path, path_bytes, "%s", name);
    return length >= 0 && (size_t)length < path_bytes && access(path, R_OK) == 0;
}

enum mface_status mface_model_locate(const char *name, char *path, size_t path_bytes)
{
    const char *file = file_of(name);
    const char *folder = getenv("MEMOFACE_MODELS");
    if (!file && (strchr(name, '/') || strchr(name, '.')))
        return copy_path(name, path, path_bytes);
    if (!file)
        return mface_fail(MFACE_ERR_ARG,
            "%s: neither a built-in model (ssd, tiny, 68, 468) nor the path of a file", name);
    if (find_builtin(file, path, path_bytes))
        return MFACE_OK;
    if (folder && *folder)
        return mface_fail(MFACE_ERR_NOENT, "%s: not in %s ($MEMOFACE_MODELS)", file, folder);
    return mface_fail(MFACE_ERR_NOENT,
        "%s: model not found; run 'make build', give a path, or name its folder in "
        "$MEMOFACE_MODELS",
        file);
}

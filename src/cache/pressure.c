#include "cache/pressure.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 512 };

const struct mface_pressure_paths mface_pressure_system = {
    .proc = "/proc",
    .cgroup = "/sys/fs/cgroup",
};

static FILE *open_at(const char *folder, const char *name)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n > 0 && n < (int)sizeof path ? fopen(path, "re") : NULL;
}

/* The number after `label` at the beginning of a line, or -1. */
static double find_number(const char *folder, const char *name, const char *label)
{
    char line[LINE_BYTES];
    double number = -1;
    FILE *file = open_at(folder, name);
    if (!file)
        return -1;
    while (number < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, label, strlen(label)) == 0 &&
            sscanf(line + strlen(label), "%lf", &number) != 1)
            number = -1;
    fclose(file);
    return number;
}

/* Keeps whichever is fuller, and beside it the smallest. */
static void consider(
    struct mface_pressure *pressure, const char *source, double limit_bytes, double used_bytes)
{
    if (limit_bytes <= 0 || used_bytes < 0)
        return;
    if (pressure->smallest_bytes == 0 || limit_bytes < (double)pressure->smallest_bytes) {
        pressure->smallest_bytes = (int64_t)limit_bytes;
        pressure->smallest_source = source;
    }
    const double now = (double)pressure->used_bytes * limit_bytes;
    if (pressure->limit_bytes > 0 && used_bytes * (double)pressure->limit_bytes <= now)
        return;
    pressure->source = source;
    pressure->limit_bytes = (int64_t)limit_bytes;
    pressure->used_bytes = (int64_t)used_bytes;
}

static void read_machine(const char *proc, struct mface_pressure *pressure)
{
    const double kib = 1024, total = find_number(proc, "meminfo", "MemTotal:");
    const double available = find_number(proc, "meminfo", "MemAvailable:");
    if (total > 0 && available >= 0)
        consider(pressure, "machine", kib * total, kib * (total - available));
}

static double lower(double a, double b)
{
    return a > 0 && (b <= 0 || a < b) ? a : b;
}

/* A limit of "max" is no number and so no limit. */
static void read_group(const char *folder, struct mface_pressure *pressure)
{
    const double limit =
        lower(find_number(folder, "memory.max", ""), find_number(folder, "memory.high", ""));
    const double current = find_number(folder, "memory.current", "");
    const double idle = find_number(folder, "memory.stat", "inactive_file ");
    if (current >= 0)
        consider(pressure, "cgroup", limit, idle > 0 && idle < current ? current - idle : current);
}

/* The path of this process's group below the mount: "" for the root, "/a/b". */
static void find_own_group(const char *proc, char *path, size_t path_bytes)
{
    char line[PATH_MAX];
    FILE *file = open_at(proc, "self/cgroup");
    *path = '\0';
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "0::/", 4) != 0 || strstr(line, "/..")) // outside what we may see
            continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(path, path_bytes, "%s", strcmp(line + 3, "/") == 0 ? "" : line + 3);
    }
    fclose(file);
}

static void read_groups(const struct mface_pressure_paths *paths, struct mface_pressure *pressure)
{
    char own[PATH_MAX], folder[2 * PATH_MAX];
    find_own_group(paths->proc, own, sizeof own);
    for (;;) {
        snprintf(folder, sizeof folder, "%s%s", paths->cgroup, own);
        read_group(folder, pressure);
        char *slash = strrchr(own, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
}

bool mface_pressure_read(void *user, struct mface_pressure *pressure)
{
    const struct mface_pressure_paths *paths = user;
    *pressure = (struct mface_pressure) { 0 };
    read_machine(paths->proc, pressure);
    read_groups(paths, pressure);
    const double stall = find_number(paths->proc, "pressure/memory", "some avg10=");
    pressure->stall_percent = stall > 0 ? stall : 0;
    return pressure->limit_bytes > 0;
}

/* The file of --report: whether it may lie there, asked before hours of work, and writing it. */
#include "swap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool is_same_file(const char *a, const char *b)
{
    struct stat sa, sb;
    return strcmp(a, b) == 0 || (stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
                                    sa.st_ino == sb.st_ino);
}

bool is_stdout(const char *path)
{
    static const char *const names[] = { "-", "pipe:", "pipe:1", "/dev/stdout", "/dev/fd/1" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    return false;
}

static bool is_plain(const char *path)
{
    struct stat info;
    return stat(path, &info) != 0 || S_ISREG(info.st_mode);
}

static bool differs(const char *report, const char *other, const char *option)
{
    const bool is_same = other && is_plain(report) && is_same_file(report, other);
    if (is_same)
        fprintf(stderr, "memoface swap: --report: %s is what --%s names; give another\n", report,
            option);
    return !is_same;
}

static bool has_stdout_to_itself(const struct swap_args *args)
{
    if (!is_stdout(args->job.output))
        return true;
    fprintf(stderr, "memoface swap: --report: the output goes to stdout already; give a file\n");
    return false;
}

static bool names_nothing_else(const struct swap_args *args)
{
    const char *report = args->report;
    for (int i = 0; i < args->inputs.n; i++)
        if (!differs(report, args->inputs.word[i], "input"))
            return false;
    return differs(report, args->model, "model") && differs(report, args->job.output, "output") &&
           differs(report, args->job.sidecar, "sidecar") &&
           differs(report, args->job.trace, "record-trace") && differs(report, args->plan, "plan");
}

enum mface_status report_check(const struct swap_args *args)
{
    const char *report = args->report;
    if (!report)
        return MFACE_OK;
    if (is_stdout(report))
        return has_stdout_to_itself(args) ? MFACE_OK : MFACE_ERR_ARG;
    return names_nothing_else(args) ? MFACE_OK : MFACE_ERR_ARG;
}

enum mface_status report_write(
    const struct mface_session *session, const struct mface_stats *stats, const char *path)
{
    FILE *file = is_stdout(path) ? stdout : fopen(path, "we");
    enum mface_status status = MFACE_ERR_IO;
    if (file) {
        status = mface_session_write_report(session, stats, file);
        if ((file == stdout ? fflush(file) : fclose(file)) != 0)
            status = MFACE_ERR_IO;
    }
    if (status != MFACE_OK)
        fprintf(stderr, "memoface: %s: cannot write the report: %s\n", path, strerror(errno));
    return status;
}

/* The file of --report. */
#include "swap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool has_stdout_to_itself(const struct swap_args *args)
{
    if (!is_stdout(args->report) || !is_stdout(args->job.output))
        return true;
    fprintf(stderr, "memoface swap: --report: the output goes to stdout already; give a file\n");
    return false;
}

enum mface_status report_check(const struct swap_args *args)
{
    const struct other_file others[] = { { "model", args->model }, { "output", args->job.output },
        { "sidecar", args->job.sidecar }, { "record-trace", args->job.trace },
        { "plan", args->plan } };
    if (!args->report)
        return MFACE_OK;
    if (!has_stdout_to_itself(args))
        return MFACE_ERR_ARG;
    for (int i = 0; i < args->inputs.n; i++) {
        const struct other_file input = { "input", args->inputs.word[i] };
        const enum mface_status status = file_check("swap", "report", args->report, &input, 1);
        if (status != MFACE_OK)
            return status;
    }
    return file_check("swap", "report", args->report, others, sizeof others / sizeof others[0]);
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

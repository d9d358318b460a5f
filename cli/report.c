/* The file of --report. */
#include "swap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool has_stdout_to_itself(const struct swap_args *args)
{
    if (!args->report || !is_stdout(args->report) || !is_stdout(args->job.output))
        return true;
    fprintf(stderr, "memoface swap: --report: the output goes to stdout already; give a file\n");
    return false;
}

enum exit_code report_check(const struct swap_args *args)
{
    const struct other_file others[] = { { "model", args->model }, { "output", args->job.output },
        { "sidecar", args->job.sidecar }, { "record-trace", args->job.trace },
        { "plan", args->plan } };
    const size_t n_others = sizeof others / sizeof others[0];
    if (!has_stdout_to_itself(args))
        return EXIT_USAGE;
    enum exit_code code = check_written(&command_swap, "report", args->report, others, n_others);
    for (int i = 0; i < args->inputs.n && code == EXIT_OK; i++) {
        const struct other_file input = { "input", args->inputs.word[i] };
        code = check_written(&command_swap, "report", args->report, &input, 1);
    }
    return code == EXIT_OK ? check_replaced(&command_swap, "report", args->report, args->overwrite)
                           : code;
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

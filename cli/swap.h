/* What the files of `memoface swap` share. */
#ifndef MFACE_CLI_SWAP_H
#define MFACE_CLI_SWAP_H

#include "cli.h"

struct swap_args {
    const char *model, *report, *plan;
    enum monitor_mode monitor;
    bool quiet, verbose, overwrite, provenance, dry_run;
    struct words inputs;  // one at least
    struct watch watch;   // its dashboard is there for all jobs
    struct mface_job job; // all but the input and, for several inputs, the output
};

/* Runs one job with progress. */
enum mface_status swap_job(struct mface_session *session, const struct swap_args *args,
    const struct mface_job *job, struct mface_stats *stats);

/* Checks one job and says on stdout what it would do. `output` is what it is called where the job's
 * own output stands in for one whose folder is not there yet. */
enum mface_status dry_run(struct mface_session *session, const struct swap_args *args,
    const struct mface_job *job, const char *output);

/* Whether --report may be written where it is to lie, is none of the job's other files, and
 * replaces nothing unasked. Prints its own error line. */
enum exit_code report_check(const struct swap_args *args);
/* Prints its own error line; MFACE_ERR_IO. */
enum mface_status report_write(
    const struct mface_session *session, const struct mface_stats *stats, const char *path);

/* Several inputs into one folder. `check` says what cannot be, before the model is opened. */
enum exit_code batch_check(const struct swap_args *args);
enum exit_code batch_run(struct mface_session *session, struct swap_args *args);

#endif

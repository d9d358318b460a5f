/* --dry-run: everything is opened and checked, nothing is written. */
#include "swap.h"

#include <stdio.h>

static void print_facts(const struct swap_args *args, const struct mface_job *job,
    const char *output, const struct mface_job_facts *facts)
{
    printf("%s -> %s\n", job->input, output);
    printf("  input    %d×%d %s", facts->w, facts->h, facts->codec);
    if (facts->fps > 0)
        printf(", %.4g FPS", facts->fps);
    if (facts->frames_total > 0)
        printf(", %lld %s", (long long)facts->frames_total,
            facts->frames_total == 1 ? "frame" : "frames");
    if (job->start_s > 0)
        printf(", from %.9g s", job->start_s);
    if (job->end_s > 0)
        printf(", to %.9g s", job->end_s);
    printf("\n  model    %s: %d×%d, %s, sha256 %.16s…\n", args->model, facts->model_w,
        facts->model_h, facts->model_precision, facts->model_sha256);
    printf("  output   %s %s\n", facts->encoder, facts->pixel_format);
    printf("  nothing was written: this was a dry run\n");
}

enum mface_status dry_run(struct mface_session *session, const struct swap_args *args,
    const struct mface_job *job, const char *output)
{
    struct mface_job_facts facts;
    const enum mface_status status = mface_session_check(session, job, &facts);
    if (status == MFACE_OK)
        print_facts(args, job, output, &facts);
    return status;
}

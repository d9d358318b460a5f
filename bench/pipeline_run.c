/* Runs jobs in one session, as it is told line by line; bench/pipeline.sh drives it.
 *
 *   pipeline-run MODEL
 *
 * A line of stdin is INPUT OUTPUT [cold] [KEY=VALUE ...]: a job with these settings, from an empty
 * cache if it says `cold`. Settings that a line does not name are the defaults; the cache keeps
 * what it holds from job to job. The answer is the report of the job (docs/report.md), with the
 * peak of memory since the job began, and an empty line. Paths must hold no spaces. */
#include "base/mem.h"
#include <memoface/memoface.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 16384 };

static void need(enum mface_status status)
{
    if (status != MFACE_OK)
        exit(1);
}

static struct mface_settings *defaults(void)
{
    struct mface_settings *settings;
    need(mface_settings_create(&settings));
    return settings;
}

static void configure(struct mface_session *session, struct mface_settings **settings)
{
    need(mface_session_configure(session, *settings));
    mface_settings_free(settings);
}

static void empty_cache(struct mface_session *session)
{
    struct mface_settings *settings = defaults();
    need(mface_settings_set(settings, "cache-size", "0"));
    configure(session, &settings);
}

static void set(struct mface_settings *settings, char *pair)
{
    char *value = strchr(pair, '=');
    if (!value) {
        fprintf(stderr, "pipeline-run: '%s' is no KEY=VALUE\n", pair);
        exit(2);
    }
    *value = '\0';
    need(mface_settings_set(settings, pair, value + 1));
}

/* The report's peak is to be this job's: Linux starts it anew from what is resident now. */
static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

static void run(struct mface_session *session, const struct mface_job *job)
{
    struct mface_stats *stats = mface_mem_calloc(1, sizeof *stats);
    if (!stats)
        exit(1);
    forget_peak();
    need(mface_session_run(session, job, stats));
    need(mface_session_write_report(session, stats, stdout));
    mface_mem_free(stats);
    printf("\n");
    fflush(stdout);
}

static void obey(struct mface_session *session, char *line)
{
    struct mface_settings *settings = defaults();
    char *rest;
    struct mface_job job = { .quality = -1, .overwrite = 1 };
    job.input = strtok_r(line, " \n", &rest);
    job.output = strtok_r(NULL, " \n", &rest);
    if (!job.output) {
        fprintf(stderr, "pipeline-run: a line is INPUT OUTPUT [cold] [KEY=VALUE ...]\n");
        exit(2);
    }
    for (char *word; (word = strtok_r(NULL, " \n", &rest));) {
        if (strcmp(word, "cold") == 0)
            empty_cache(session);
        else
            set(settings, word);
    }
    configure(session, &settings);
    run(session, &job);
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES];
    if (argc != 2) {
        fprintf(stderr, "usage: pipeline-run MODEL <JOBS\n");
        return 2;
    }
    struct mface_settings *settings = defaults();
    struct mface_session *session;
    need(mface_session_create(argv[1], settings, &session));
    mface_settings_free(&settings);
    while (fgets(line, sizeof line, stdin))
        obey(session, line);
    mface_session_free(&session);
    return 0;
}

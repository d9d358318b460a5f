/* Several inputs, one session: cache and models are shared, so what one clip taught serves the
 * next. Each output lies in the given folder under its input's name with "-swapped" before the
 * extension. An input that fails is told and the next one goes on; the exit code is that of the
 * first failure. */
#include "swap.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct item {
    const char *input;
    char output[PATH_MAX];
    bool was_started;
    enum mface_status status;
    struct mface_stats stats;
};

/* "clip.mp4", not "clips" nor "clips/" nor "2024.05.12/x": a second input that was none, a word
 * behind a switch for instance, must not make a folder of the file it was to be. */
static bool looks_like_file(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    const size_t length = dot ? strlen(dot + 1) : 0;
    return dot > name && length >= 2 && length <= 4 && strspn(dot + 1, "0123456789") < length;
}

static bool fail(const char *what, const char *path)
{
    fprintf(stderr, "memoface swap: %s: %s\n", path, what);
    return false;
}

enum exit_code batch_check(const struct swap_args *args)
{
    struct stat info;
    const char *folder = args->job.output;
    if (args->job.sidecar || args->job.trace || args->plan) {
        fprintf(
            stderr, "memoface swap: --sidecar, --record-trace and --plan go with one input only\n");
        return EXIT_USAGE;
    }
    const bool is_there = stat(folder, &info) == 0;
    if (is_there ? !S_ISDIR(info.st_mode) : looks_like_file(folder)) {
        fprintf(stderr,
            "memoface swap: %s is no folder, which %d inputs need to be swapped into: %s … %s\n",
            folder, args->inputs.n, args->inputs.word[0], args->inputs.word[args->inputs.n - 1]);
        return EXIT_USAGE;
    }
    if (is_there)
        return EXIT_OK;
    if (args->dry_run || mkdir(folder, 0777) == 0)
        return EXIT_OK;
    const bool is_missing = errno == ENOENT;
    fail(strerror(errno), folder);
    return is_missing ? EXIT_NOT_FOUND : EXIT_IO;
}

/* Names */

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* "clip" and ".mp4" of "a/clip.mp4", of an URL without what follows its path. A folder has no
 * extension, and what else has none becomes Matroska, which holds anything. */
static void split_name(const char *input, char stem[NAME_MAX], char extension[16])
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", input);
    if (strstr(path, "://"))
        path[strcspn(path, "?#")] = '\0';
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    const char *slash = strrchr(path, '/'), *name = slash && slash[1] ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    const bool has_extension = dot && dot > name && strlen(dot) > 1 && strlen(dot) < 8;
    const bool is_dir = is_folder(input);
    snprintf(extension, 16, "%s", is_dir ? "" : has_extension ? dot : ".mkv");
    snprintf(stem, NAME_MAX, "%.*s",
        has_extension && !is_dir ? (int)(dot - name) : (int)strlen(name), name);
}

/* An output must be neither that of an input before it nor any of the inputs. */
static bool is_taken(const struct item *items, int i, int n, const char *output)
{
    for (int k = 0; k < n; k++)
        if ((k < i && strcmp(items[k].output, output) == 0) || is_same_file(items[k].input, output))
            return true;
    return false;
}

static bool name_output(struct item *items, int i, int n, const char *folder)
{
    char stem[NAME_MAX], extension[16], *output = items[i].output;
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    split_name(items[i].input, stem, extension);
    for (int number = 1; number <= n + 1; number++) {
        char count[16] = "";
        if (number > 1)
            snprintf(count, sizeof count, "-%d", number);
        const int length =
            snprintf(output, PATH_MAX, "%s%s%s-swapped%s%s", folder, slash, stem, count, extension);
        if (length >= PATH_MAX)
            return fail("the path is too long", folder);
        if (!is_taken(items, i, n, output))
            return true;
    }
    return fail("no name is free for its output", items[i].input);
}

/* The report: {"jobs": [{"input", "output", "status", "report"}]} */

static const char *status_words(const struct item *item)
{
    if (!item->was_started)
        return "not started";
    return item->status == MFACE_OK ? "done" : mface_status_str(item->status);
}

static void report_item(
    const struct mface_session *session, const struct item *item, bool is_first, FILE *report)
{
    const bool has_figures = item->was_started && item->stats.frames > 0;
    fprintf(report, is_first ? "{\"jobs\": [\n{\"input\": " : ",\n{\"input\": ");
    mface_json_write_text(report, item->input);
    fprintf(report, ", \"output\": ");
    mface_json_write_text(report, item->output);
    fprintf(report, ", \"status\": ");
    mface_json_write_text(report, status_words(item));
    fprintf(report, ", \"report\": ");
    if (!has_figures || mface_session_write_report(session, &item->stats, report) != MFACE_OK)
        fprintf(report, "null");
    fprintf(report, "}");
}

static FILE *open_report(const struct swap_args *args)
{
    if (!args->report || args->dry_run)
        return NULL;
    FILE *file = strcmp(args->report, "-") == 0 ? stdout : fopen(args->report, "we");
    if (!file)
        fprintf(
            stderr, "memoface: %s: cannot write the report: %s\n", args->report, strerror(errno));
    return file;
}

static bool close_report(FILE *report, const char *path)
{
    if (!report)
        return true;
    fprintf(report, "\n]}\n");
    const bool is_good = !ferror(report) && fflush(report) == 0;
    const bool is_closed = report == stdout || fclose(report) == 0;
    return (is_good && is_closed) || fail("cannot write the report", path);
}

/* The runs */

static void print_table(const struct item *items, int n)
{
    enum { WIDTH_MAX = 48 };
    int width = 5;
    for (int i = 0; i < n; i++)
        if ((int)strlen(items[i].input) > width)
            width = (int)strlen(items[i].input);
    width = width < WIDTH_MAX ? width : WIDTH_MAX;
    fprintf(stderr, "\n%-*s %8s %8s %7s %9s  %s\n", width, "input", "frames", "faces", "FPS",
        "hit rate", "status");
    for (int i = 0; i < n; i++) {
        const struct mface_stats *stats = &items[i].stats;
        const int skip = (int)strlen(items[i].input) - width;
        fprintf(stderr, "%-*s %8lld %8lld %7.1f %8.0f%%  %s%s%s\n", width,
            items[i].input + (skip > 0 ? skip : 0), (long long)stats->frames,
            (long long)stats->faces, stats->fps, stats->hit_rate * 100, status_words(&items[i]),
            stats->frames > 0 ? " -> " : "", stats->frames > 0 ? items[i].output : "");
    }
}

/* A dry run makes no folder: what would lie in a missing one is checked where that would lie. */
static enum mface_status dry_run_item(
    struct mface_session *session, const struct swap_args *args, struct mface_job *job)
{
    char stand_in[2 * PATH_MAX], folder[PATH_MAX];
    const char *output = job->output;
    if (is_folder(args->job.output))
        return dry_run(session, args, job, output);
    snprintf(folder, sizeof folder, "%s", args->job.output);
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/';)
        folder[--n] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[1] = '\0';
    snprintf(stand_in, sizeof stand_in, "%s%s", slash ? folder : "", strrchr(output, '/') + 1);
    job->output = stand_in;
    return dry_run(session, args, job, output);
}

static void run_item(
    struct mface_session *session, const struct swap_args *args, struct item *item, int i, int n)
{
    struct mface_job job = args->job;
    job.input = item->input;
    job.output = item->output;
    item->was_started = true;
    if (args->dry_run) {
        item->status = dry_run_item(session, args, &job);
        return;
    }
    if (!args->quiet)
        fprintf(stderr, "[%d/%d] %s -> %s\n", i + 1, n, item->input, item->output);
    item->status = swap_job(session, args, &job, &item->stats);
}

static enum exit_code run_items(
    struct mface_session *session, const struct swap_args *args, struct item *items, FILE *report)
{
    enum mface_status first = MFACE_OK;
    const int n = args->inputs.n;
    for (int i = 0; i < n; i++) {
        if (first != MFACE_ERR_CANCELED)
            run_item(session, args, &items[i], i, n);
        if (items[i].status == MFACE_ERR_CANCELED || first == MFACE_OK)
            first = items[i].status; // stopping is what counts, whatever failed before
        if (report)
            report_item(session, &items[i], i == 0, report);
    }
    if (!args->quiet && !args->dry_run)
        print_table(items, n);
    return exit_code_of(first);
}

enum exit_code batch_run(struct mface_session *session, struct swap_args *args)
{
    const int n = args->inputs.n;
    struct item *items = calloc((size_t)n, sizeof *items);
    if (!items)
        return EXIT_NO_MEMORY;
    enum exit_code code = EXIT_OK;
    for (int i = 0; i < n; i++)
        items[i].input = args->inputs.word[i];
    for (int i = 0; i < n && code == EXIT_OK; i++)
        if (!name_output(items, i, n, args->job.output))
            code = EXIT_USAGE;
    FILE *report = code == EXIT_OK ? open_report(args) : NULL;
    if (code == EXIT_OK && args->report && !args->dry_run && !report)
        code = EXIT_IO;
    if (code == EXIT_OK)
        code = run_items(session, args, items, report);
    if (!close_report(report, args->report) && code == EXIT_OK)
        code = EXIT_IO;
    free(items);
    return code;
}

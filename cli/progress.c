/* Progress while a job runs. On a terminal two lines are redrawn in place; elsewhere a plain line
 * appears every few seconds, so that logs stay readable. */
#include "cli.h"

#include <stdio.h>
#include <unistd.h>

static const double plain_interval_s = 5;

void progress_init(struct progress *progress, bool quiet)
{
    *progress = (struct progress) {
        .quiet = quiet,
        .terminal = isatty(STDERR_FILENO) != 0,
    };
}

static void print_clock(char *text, size_t text_bytes, double seconds)
{
    const long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, text_bytes, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, text_bytes, "%ld:%02ld", s / 60, s % 60);
}

/* "[########------------]  40%  120/300 frames  ETA 0:12", or without a total the count alone. */
static void print_bar(char *text, size_t text_bytes, const struct mface_stats *stats)
{
    enum { WIDTH = 24 };
    if (stats->frames_total <= 0) {
        snprintf(text, text_bytes, "%lld frames", (long long)stats->frames);
        return;
    }
    double share = (double)stats->frames / (double)stats->frames_total;
    share = share > 1 ? 1 : share;
    char bar[WIDTH + 1], eta[32] = "-:--";
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < share * WIDTH ? '#' : '-';
    bar[WIDTH] = '\0';
    if (stats->frames > 0 && stats->wall_s > 0)
        print_clock(eta, sizeof eta, stats->wall_s / share - stats->wall_s);
    snprintf(text, text_bytes, "[%s] %3.0f%%  %lld/%lld frames  ETA %s", bar, share * 100,
        (long long)stats->frames, (long long)stats->frames_total, eta);
}

static void print_monitor(char *text, size_t text_bytes, const struct mface_stats *stats)
{
    const struct mface_monitor_sample sample = {
        .cache_used_bytes = stats->cache.used_bytes,
        .cache_limit_bytes = stats->cache.limit_bytes,
        .hit_rate = stats->hit_rate,
        .cpu_percent = stats->cpu_percent,
        .fps = stats->fps,
    };
    mface_monitor_print_line(&sample, text, text_bytes);
}

static void redraw(struct progress *progress, const char *bar, const char *line, int done)
{
    if (progress->n_lines_shown)
        fprintf(stderr, "\033[%dA", progress->n_lines_shown);
    fprintf(stderr, "\r\033[K%s\n\033[K%s\n", bar, line);
    progress->n_lines_shown = done ? 0 : 2;
}

void progress_show(void *arg, const struct mface_stats *stats, int done)
{
    struct progress *progress = arg;
    if (progress->quiet || (done && stats->frames == 0))
        return; // nothing was written: the error line says all there is to say
    char bar[160], line[160];
    print_bar(bar, sizeof bar, stats);
    print_monitor(line, sizeof line, stats);
    if (progress->terminal) {
        redraw(progress, bar, line, done);
    } else if (done || stats->wall_s - progress->last_line_s >= plain_interval_s) {
        progress->last_line_s = stats->wall_s;
        fprintf(stderr, "%s\n%s\n", bar, line);
    }
}

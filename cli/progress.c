/* The running job on stderr, as --monitor says: a bar and lines of figures, which a terminal sees
 * redrawn in place and a log every few seconds; or JSON lines on stdout, for programs. Advice and
 * what auto-tune does are told as they come. */
#include "cli.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE_BYTES = 256, JSON_BYTES = 8192 };

static const double plain_interval_s = 5, advice_interval_s = 60;

static const char *const mode_names[] = {
    [MONITOR_LINE] = "line",
    [MONITOR_FULL] = "full",
    [MONITOR_JSON] = "json",
    [MONITOR_OFF] = "off",
};

bool progress_mode(const char *name, enum monitor_mode *mode)
{
    for (int i = 0; i < (int)(sizeof mode_names / sizeof mode_names[0]); i++) {
        *mode = (enum monitor_mode)i;
        if (strcmp(name, mode_names[i]) == 0)
            return true;
    }
    return false;
}

void progress_init(struct progress *progress, enum monitor_mode mode)
{
    *progress = (struct progress) {
        .mode = mode,
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
static void print_bar(char text[LINE_BYTES], const struct mface_stats *stats,
    const struct mface_rates *rates, const char *ending)
{
    enum { WIDTH = 24 };
    if (stats->frames_total <= 0) {
        snprintf(text, LINE_BYTES, "%lld frames%s", (long long)stats->frames, ending);
        return;
    }
    double share = (double)stats->frames / (double)stats->frames_total;
    share = share > 1 ? 1 : share;
    char bar[WIDTH + 1], eta[32] = "-:--";
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < share * WIDTH ? '#' : '-';
    bar[WIDTH] = '\0';
    const double eta_s = mface_monitor_eta_s(stats, rates);
    if (eta_s >= 0)
        print_clock(eta, sizeof eta, eta_s);
    snprintf(text, LINE_BYTES, "[%s] %3.0f%%  %lld/%lld frames  ETA %s%s", bar, share * 100,
        (long long)stats->frames, (long long)stats->frames_total, eta, ending);
}

static const char *ending_of(const struct progress *progress, bool is_paused, int done)
{
    if (is_paused)
        return progress->has_keys ? "  paused, space goes on" : "  paused";
    return progress->has_keys && !done ? "  ? for keys" : "";
}

/* While nothing is demanded there is no rate of late: the job's own then. */
static void print_line(
    char text[LINE_BYTES], const struct mface_stats *stats, const struct mface_rates *rates)
{
    const struct mface_monitor_sample sample = {
        .cache_used_bytes = stats->cache.used_bytes,
        .cache_limit_bytes = stats->cache.limit_bytes,
        .hit_rate = rates->face_demands > 0 ? rates->hit_rate : stats->hit_rate,
        .cpu_percent = rates->cpu_percent,
        .fps = rates->fps,
    };
    mface_monitor_print_line(&sample, text, LINE_BYTES);
}

static int print_lines(char lines[PROGRESS_LINES_MAX][LINE_BYTES], const struct progress *progress,
    const struct mface_stats *stats, const struct mface_rates *rates, const char *ending)
{
    print_bar(lines[0], stats, rates, ending);
    print_line(lines[1], stats, rates);
    if (progress->mode != MONITOR_FULL)
        return 2;
    mface_monitor_print_details(stats, lines[2], LINE_BYTES);
    mface_monitor_print_stages(stats, lines[3], LINE_BYTES);
    return 4;
}

/* A line that wraps would not be redrawn in its place. */
static int terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : LINE_BYTES;
}

/* Of the lines shown, as they lie in the terminal now: nearly all terminals break lines anew when
 * they are made narrower. */
static int rows_shown(const struct progress *progress)
{
    const int width = terminal_width();
    int rows = 0;
    for (int i = 0; i < progress->n_lines_shown; i++)
        rows += progress->columns[i] > width ? (progress->columns[i] + width - 1) / width : 1;
    return rows;
}

/* What is printed next takes the place of the lines on the screen, unless others wrote below. */
static void go_back(struct progress *progress)
{
    if (terminal_was_stopped())
        progress->n_lines_shown = 0;
    if (progress->n_lines_shown)
        fprintf(stderr, "\033[%dA\r\033[J", rows_shown(progress));
    progress->n_lines_shown = 0;
}

void progress_say(struct progress *progress, const char *text)
{
    go_back(progress);
    fprintf(stderr, "%s\n", text);
}

static void show_lines(struct progress *progress, const struct mface_stats *stats,
    const struct mface_rates *rates, int done)
{
    char lines[PROGRESS_LINES_MAX][LINE_BYTES];
    const bool is_paused = stats->paused_s > progress->paused_s && !done;
    const char *ending = ending_of(progress, is_paused, done);
    const int n = print_lines(lines, progress, stats, rates, ending);
    const int width = progress->terminal ? terminal_width() : LINE_BYTES;
    progress->paused_s = stats->paused_s;
    if (progress->terminal)
        go_back(progress);
    else if (!done && stats->wall_s - progress->last_line_s < plain_interval_s)
        return;
    progress->last_line_s = stats->wall_s;
    for (int i = 0; i < n; i++) {
        progress->columns[i] = (int)strnlen(lines[i], (size_t)width);
        fprintf(stderr, "%.*s\n", width, lines[i]);
    }
    progress->n_lines_shown = done ? 0 : n;
}

/* Once a minute at most for each trouble, and not at the end, where the summary has it. */
static void tell_advice(struct progress *progress, const struct mface_stats *stats)
{
    for (int i = 0; i < stats->insight.n_advice; i++) {
        const struct mface_advice *advice = &stats->insight.advice[i];
        int k = 0;
        while (k < progress->n_told && strcmp(progress->told[k].name, advice->name) != 0)
            k++;
        const bool is_new = k == progress->n_told;
        if (!is_new && stats->wall_s - progress->told[k].wall_s < advice_interval_s)
            continue;
        progress->n_told += is_new;
        progress->told[k].name = advice->name;
        progress->told[k].wall_s = stats->wall_s;
        go_back(progress);
        fprintf(stderr, "Advice: %s: %s; %s\n", advice->trouble, advice->cause, advice->action);
    }
}

static void tell_tuned(struct progress *progress, const struct mface_insight *insight)
{
    for (; progress->n_tuned < insight->n_tuned; progress->n_tuned++) {
        if (progress->n_tuned >= MFACE_TUNED_MAX)
            continue;
        const struct mface_tuned *tuned = &insight->tuned[progress->n_tuned];
        go_back(progress);
        fprintf(stderr, "Auto-tune: %s %s -> %s (%s)\n", tuned->setting, tuned->from, tuned->to,
            tuned->why);
    }
}

static void show_json(const struct mface_stats *stats, const struct mface_rates *rates, int done)
{
    char text[JSON_BYTES];
    if (mface_monitor_print_json(stats, rates, done, text, sizeof text) < (int)sizeof text) {
        printf("%s\n", text);
        fflush(stdout);
    }
}

void progress_show(struct progress *progress, const struct mface_stats *stats, int done)
{
    struct mface_rates rates;
    const bool is_empty = done && stats->frames == 0;
    if (progress->mode == MONITOR_OFF || (is_empty && progress->mode != MONITOR_JSON))
        return; // nothing was written: the error line says all there is to say
    if (done)
        mface_monitor_total(stats, &rates);
    else
        mface_monitor_add(&progress->monitor, stats, &rates);
    if (progress->mode == MONITOR_JSON) {
        show_json(stats, &rates, done);
        return;
    }
    if (!done)
        tell_advice(progress, stats);
    tell_tuned(progress, &stats->insight);
    show_lines(progress, stats, &rates, done);
}

/* A clip rendered again with another post-gamma: out of RAM, and in a new session out of the disk
 * tier alone, in turn.
 *
 *   bench-disk-rerender CLIP MODEL DIR [ROUNDS]
 *
 * Prints one JSON object: the lowest CPU time a frame and the highest frames per second of each,
 * and what disk comes to beside RAM. DIR must be empty; it keeps the folder `results`. Wall times
 * need a quiet machine, CPU times less so. */
#include "base/mem.h"
#include <memoface/memoface.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench {
    const char *clip, *model, *dir;
    char output[4096];
};

struct figures {
    double cpu_ms, fps;
    int64_t n_inferences, n_frames;
};

static void need(enum mface_status status)
{
    if (status != MFACE_OK)
        exit(1);
}

static struct mface_settings *settings_for(const struct bench *bench, bool uses_disk, int round)
{
    struct mface_settings *settings;
    char gamma[16];
    snprintf(gamma, sizeof gamma, "%.2f", 1 + 0.01 * round);
    need(mface_settings_create(&settings));
    need(mface_settings_set(settings, "precision", "f32"));
    need(mface_settings_set(settings, "cache-dir", bench->dir));
    need(mface_settings_set(settings, "disk-cache-size", uses_disk ? "4G" : "0"));
    need(mface_settings_set(settings, "post-gamma-red", gamma));
    return settings;
}

static struct mface_session *open_session(const struct bench *bench, bool uses_disk, int round)
{
    struct mface_settings *settings = settings_for(bench, uses_disk, round);
    struct mface_session *session;
    need(mface_session_create(bench->model, settings, &session));
    mface_settings_free(&settings);
    return session;
}

static int64_t n_swaps(const struct mface_stats *stats)
{
    for (int i = 0; i < stats->n_stages; i++)
        if (strcmp(stats->stages[i].name, "swap") == 0)
            return stats->stages[i].runs;
    return -1;
}

static void render(const struct bench *bench, struct mface_session *session, struct figures *best)
{
    const struct mface_job job = {
        .input = bench->clip,
        .output = bench->output,
        .quality = -1,
        .overwrite = 1,
    };
    struct mface_stats *stats = mface_mem_calloc(1, sizeof *stats);
    if (!stats)
        exit(1);
    need(mface_session_run(session, &job, stats));
    best->cpu_ms = fmin(best->cpu_ms, stats->cpu_ms_per_frame);
    best->fps = fmax(best->fps, stats->fps);
    best->n_inferences += n_swaps(stats);
    best->n_frames = stats->frames;
    mface_mem_free(stats);
}

static struct figures nothing(void)
{
    return (struct figures) { .cpu_ms = INFINITY };
}

static void render_from_ram(
    const struct bench *bench, struct mface_session *session, int round, struct figures *best)
{
    struct mface_settings *settings = settings_for(bench, false, round);
    need(mface_session_configure(session, settings));
    mface_settings_free(&settings);
    render(bench, session, best);
}

static void render_from_disk(const struct bench *bench, int round, struct figures *best)
{
    struct mface_session *session = open_session(bench, true, round);
    render(bench, session, best);
    mface_session_free(&session);
}

static void compare(const struct bench *bench, int n_rounds)
{
    struct figures first = nothing(), ram = nothing(), disk = nothing();
    struct mface_session *session = open_session(bench, false, 0);
    render(bench, session, &first);
    render_from_disk(bench, 0, &first); // computes all and leaves it on disk
    for (int round = 1; round <= n_rounds; round++) {
        render_from_ram(bench, session, round, &ram);
        render_from_disk(bench, round, &disk);
    }
    mface_session_free(&session);
    printf("{\"frames\": %lld, \"inferences\": %lld, \"ram_cpu_ms\": %.2f, \"disk_cpu_ms\": %.2f, "
           "\"cpu_ratio\": %.3f, \"ram_fps\": %.1f, \"disk_fps\": %.1f, \"fps_ratio\": %.3f}\n",
        (long long)ram.n_frames, (long long)(ram.n_inferences + disk.n_inferences), ram.cpu_ms,
        disk.cpu_ms, ram.cpu_ms / disk.cpu_ms, ram.fps, disk.fps, disk.fps / ram.fps);
}

int main(int argc, char **argv)
{
    const int n_rounds = argc > 4 ? atoi(argv[4]) : 3;
    if (argc < 4 || n_rounds < 1) {
        fprintf(stderr, "usage: bench-disk-rerender CLIP MODEL DIR [ROUNDS]\n");
        return 2;
    }
    struct bench bench = { .clip = argv[1], .model = argv[2], .dir = argv[3] };
    snprintf(bench.output, sizeof bench.output, "%s/out.mp4", argv[3]);
    compare(&bench, n_rounds);
    return remove(bench.output) == 0 ? 0 : 1;
}

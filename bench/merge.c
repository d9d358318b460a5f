/* merge: what putting a face back costs at 1080p, and what hashing a frame costs.
 *
 *     bench-merge [--json] [--runs N] [--long] [--only FORMAT]
 *
 * The face is 400 px: a 224 px crop of 880 px in the frame (coverage 2.2), turned by 12°, under an
 * oval mask that the default settings erode and blur. A merge is what the stage does to the frame,
 * with the patch it leaves for the cache. Each run takes another of eight frames, more than the
 * second-level cache holds. CPU time of the thread; medians, the least in brackets.
 * MEMOFACE_CPU_MASK limits the level. --long adds the way through float planes, which is the
 * kernels' reference. Hashing is beside memcpy() of the same rows, in turn with it. */
#include "base/cpu.h"
#include "base/hash.h"
#include "base/mem.h"
#include "image/kernel_table.h"
#include "pipeline/patch.h"
#include "swap/stages.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { W = 1920, H = 1080, SIDE = 224, N_FRAMES = 8, STRIDE = (W + 64) * 4, RUNS_MAX = 1000 };

struct format {
    const char *name;
    enum mface_model model;
    int log2_chroma;
    struct mface_component component[3];
};

static const struct format formats[] = {
    { "yuv420p", MFACE_MODEL_YUV, 1, { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } } },
    { "yuv420p10", MFACE_MODEL_YUV, 1,
        { { 0, 2, 0, 0, 10 }, { 1, 2, 0, 0, 10 }, { 2, 2, 0, 0, 10 } } },
    { "nv12", MFACE_MODEL_YUV, 1, { { 0, 1, 0, 0, 8 }, { 1, 2, 0, 0, 8 }, { 1, 2, 1, 0, 8 } } },
    { "p010", MFACE_MODEL_YUV, 1, { { 0, 2, 0, 6, 10 }, { 1, 4, 0, 6, 10 }, { 1, 4, 2, 6, 10 } } },
    { "rgb24", MFACE_MODEL_RGB, 0, { { 0, 3, 0, 0, 8 }, { 0, 3, 1, 0, 8 }, { 0, 3, 2, 0, 8 } } },
    { "bgra", MFACE_MODEL_RGB, 0, { { 0, 4, 2, 0, 8 }, { 0, 4, 1, 0, 8 }, { 0, 4, 0, 0, 8 } } },
};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

struct job {
    struct mface_merge_params params;
    struct mface_affine to_frame;
    struct mface_image face, mask;
    uint8_t *frame[N_FRAMES];
    void *patch, *room;
};

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(64, bytes);
    if (!memory)
        exit(8);
    memset(memory, 1, bytes);
    return memory;
}

static void check(enum mface_status status)
{
    if (status != MFACE_OK) // the library has said why
        exit(1);
}

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct figure {
    double median, least;
};

static struct figure figure_of(double *times, int n)
{
    qsort(times, (size_t)n, sizeof *times, by_value);
    return (struct figure) { times[n / 2], times[0] };
}

/* An oval of half the crop's width and 0.6 of its height. */
static void draw_face(struct job *job)
{
    struct mface_image oval;
    check(mface_image_init(&job->face, SIDE, SIDE, 3, MFACE_SAMPLE_U8));
    check(mface_image_init(&job->mask, SIDE, SIDE, 1, MFACE_SAMPLE_U8));
    check(mface_image_init(&oval, SIDE, SIDE, 1, MFACE_SAMPLE_F32));
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const double d = hypot((x - SIDE / 2) / (0.25 * SIDE), (y - SIDE / 2) / (0.3 * SIDE));
            mface_image_row_f32(&oval, y)[x] = d < 1 ? 1 : 0;
            for (int k = 0; k < 3; k++)
                mface_image_row_u8(&job->face, y)[3 * x + k] = (uint8_t)(x * (k + 1) ^ y);
        }
    check(mface_mask_erode_blur(&oval, 5, 25, &oval));
    mface_convert(&oval, &job->mask);
    mface_image_clear(&oval);
}

static void job_init(struct job *job)
{
    const double side = 880, angle = 12 * M_PI / 180, scale = side / SIDE;
    const double c = scale * cos(angle), s = scale * sin(angle), half = SIDE / 2;
    job->params = (struct mface_merge_params) { .scale = 1, .opacity = 1, .color_compression = 1 };
    job->to_frame = (struct mface_affine) { { c, -s, W / 2 - c * half + s * half, s, c,
        H / 2 - s * half - c * half } };
    draw_face(job);
    for (int i = 0; i < N_FRAMES; i++) {
        job->frame[i] = allocate((size_t)STRIDE * H * 2);
        for (size_t k = 0; k < (size_t)STRIDE * H * 2; k++)
            job->frame[i][k] = (uint8_t)(k * 2654435761u >> 13);
    }
    job->patch = allocate((size_t)W * H * 4);
    job->room = allocate(mface_align_up(mface_merge_room_bytes(SIDE, SIDE, W), MFACE_ALIGN));
}

static struct mface_picture picture_of(const struct format *format, uint8_t *data)
{
    struct mface_picture picture = { .w = W,
        .h = H,
        .model = format->model,
        .full_range = format->model == MFACE_MODEL_RGB,
        .log2_chroma_w = format->log2_chroma,
        .log2_chroma_h = format->log2_chroma,
        .matrix = { 0.2126, 0.0722 } };
    memcpy(picture.component, format->component, sizeof picture.component);
    for (int i = 0; i < 3; i++) {
        const int plane_step =
            format->component[i].plane == 0 ? format->component[0].step : format->component[1].step;
        picture.stride[i] = (W + 64) * plane_step >> (i > 0 ? format->log2_chroma : 0);
        picture.data[i] = data + (size_t)STRIDE * (i == 0 ? 0 : i == 1 ? H : H + H / 2);
    }
    return picture;
}

static struct mface_rect merge_direct(const struct job *job, const struct mface_picture *picture)
{
    const struct mface_rect rect = mface_merge_rect(&job->to_frame, SIDE, picture->w, picture->h);
    return mface_merge_picture(
        &job->params, &job->to_frame, &job->face, &job->mask, rect, job->room, picture);
}

static struct mface_rect merge_long(const struct job *job, const struct mface_picture *picture)
{
    const struct mface_rect rect = mface_merge_rect(&job->to_frame, SIDE, picture->w, picture->h);
    struct mface_image bgr, touched;
    check(mface_image_init(&bgr, rect.r - rect.l, rect.b - rect.t, 3, MFACE_SAMPLE_F32));
    check(mface_image_init(&touched, bgr.w, bgr.h, 1, MFACE_SAMPLE_F32));
    memset(touched.data, 0, (size_t)touched.stride * (size_t)touched.h);
    mface_picture_read_bgr(picture, rect, &bgr);
    check(mface_merge_face(
        &job->params, &job->to_frame, &job->face, &job->mask, rect, &bgr, &touched));
    mface_picture_write_bgr(picture, rect, &bgr, &touched);
    mface_image_clear(&bgr);
    mface_image_clear(&touched);
    return rect;
}

typedef struct mface_rect (*merge_fn)(const struct job *job, const struct mface_picture *picture);

static struct figure time_merge(
    const struct job *job, const struct format *format, int n_runs, bool turned, merge_fn merge)
{
    double times[RUNS_MAX];
    struct job placed = *job;
    if (turned) { // the frame's middle goes to the turned frame's
        placed.to_frame.m[2] += (H - W) / 2;
        placed.to_frame.m[5] += (W - H) / 2;
    }
    for (int i = -2; i < n_runs; i++) {
        struct mface_picture picture = picture_of(format, job->frame[(i + 2) % N_FRAMES]);
        if (turned)
            picture = mface_picture_view(&picture, true, false, true);
        const double start = cpu_ms();
        const struct mface_rect touched = merge(&placed, &picture);
        mface_patch_take(&picture, &touched, 1, job->patch);
        if (i >= 0)
            times[i] = cpu_ms() - start;
    }
    return figure_of(times, n_runs);
}

static void bench_format(
    const struct job *job, const struct format *format, int n_runs, bool also_long, bool json)
{
    const struct figure f = time_merge(job, format, n_runs, false, merge_direct);
    const struct figure turned = time_merge(job, format, n_runs, true, merge_direct);
    struct figure reference = { 0 };
    if (also_long)
        reference = time_merge(job, format, n_runs / 4 + 1, false, merge_long);
    if (json) {
        printf("\"%s\": {\"ms\": %.3f, \"least_ms\": %.3f, \"turned_ms\": %.3f", format->name,
            f.median, f.least, turned.median);
        if (also_long)
            printf(", \"long_ms\": %.3f", reference.median);
        printf("}");
        return;
    }
    printf("merge %-10s %6.2f ms (%.2f), turned by 90° %.2f ms", format->name, f.median, f.least,
        turned.median);
    if (also_long)
        printf(", through float planes %.2f ms", reference.median);
    printf("\n");
}

/* A frame of 4:2:0 as a decoder lays it out: rows of W bytes with padding between them. */
static void bench_hash(const struct job *job, int n_runs, bool json)
{
    enum { ROWS = H * 3 / 2, STEP = W + 64 };
    double hash_times[RUNS_MAX], copy_times[RUNS_MAX];
    uint8_t *copy = allocate((size_t)STEP * ROWS);
    uint64_t sum = 0;
    for (int i = -2; i < n_runs; i++) {
        struct mface_hasher hasher;
        const uint8_t *from = job->frame[(2 * i + 4) % N_FRAMES];
        double start = cpu_ms();
        for (int y = 0; y < ROWS; y++)
            memcpy(copy + (size_t)y * STEP, from + (size_t)y * STEP, W);
        if (i >= 0)
            copy_times[i] = cpu_ms() - start;
        from = job->frame[(2 * i + 5) % N_FRAMES];
        start = cpu_ms();
        mface_hasher_init(&hasher);
        for (int y = 0; y < ROWS; y++)
            mface_hasher_add_bytes(&hasher, from + (size_t)y * STEP, W);
        sum += mface_hasher_finish(&hasher).lo;
        if (i >= 0)
            hash_times[i] = cpu_ms() - start;
    }
    free(copy);
    const struct figure hash = figure_of(hash_times, n_runs),
                        copied = figure_of(copy_times, n_runs);
    const double gigabytes = (double)W * ROWS / 1e6; // per millisecond
    printf(json ? ", \"hash_gb_s\": %.2f, \"memcpy_gb_s\": %.2f, \"hash_of_memcpy\": %.2f}\n"
                : "hash %.1f GB/s, memcpy %.1f GB/s: %.2f of its speed\n",
        gigabytes / hash.median, gigabytes / copied.median, copied.median / hash.median);
    if (sum == 0) // keeps the hashes from being optimised away
        fprintf(stderr, "bench-merge: all hashes are 0\n");
}

int main(int argc, char **argv)
{
    static struct job job;
    bool json = false, also_long = false;
    const char *only = NULL;
    int n_runs = 100;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--long") == 0)
            also_long = true;
        else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
            n_runs = atoi(argv[++i]);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
            only = argv[++i];
        else
            n_runs = 0;
    }
    if (n_runs < 1 || n_runs > RUNS_MAX) {
        fprintf(stderr, "usage: bench-merge [--json] [--runs 1..%d] [--long] [--only FORMAT]\n",
            RUNS_MAX);
        return 2;
    }
    job_init(&job);
    if (json)
        printf("{\"isa\": \"%s\", \"merge\": {", mface_cpu_isa_name());
    for (int i = 0; i < N_FORMATS; i++) {
        if (only && strcmp(only, formats[i].name) != 0)
            continue;
        if (json && i > 0 && !only)
            printf(", ");
        bench_format(&job, &formats[i], n_runs, also_long, json);
    }
    if (json)
        printf("}");
    bench_hash(&job, n_runs, json);
    return 0;
}

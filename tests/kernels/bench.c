#include "bench.h"

#include "guarded.h"
#include "level.h"

#include <stdio.h>
#include <string.h>

struct bench {
    const struct kernel_row *row;
    struct guarded images[N_IMAGES_MAX];
    struct mface_image views[N_IMAGES_MAX];
};

static void open_bench(struct bench *bench, const struct kernel_row *row)
{
    *bench = (struct bench) { .row = row };
    for (int i = 0; i < N_IMAGES_MAX; i++) {
        const struct operand *operand = &row->images[i];
        if (operand->role != UNUSED) {
            bench->images[i] = guarded_make(operand, row->bench_w, row->bench_h, 0, false);
            guarded_fill(&bench->images[i], operand, FILL_SMOOTH, (unsigned)i);
        }
        bench->views[i] = bench->images[operand->role != UNUSED ? i : 0].image;
    }
}

static void close_bench(struct bench *bench)
{
    for (int i = 0; i < N_IMAGES_MAX; i++)
        guarded_free(&bench->images[i]);
}

/* The least time of n runs: noise only ever adds. */
static int64_t least_ns(const struct bench *bench, int n)
{
    int64_t least = INT64_MAX;
    for (int i = 0; i < n; i++) {
        const int64_t start = mface_time_ns();
        if (bench->row->run(bench->row, bench->views, 0) != MFACE_OK)
            return -1;
        const int64_t time = mface_time_ns() - start;
        least = time < least ? time : least;
    }
    return least;
}

/* Enough runs for about 20 ms. */
static int n_runs_for(const struct bench *bench)
{
    const int64_t once = least_ns(bench, 2), n = 20000000 / (once > 0 ? once : 1);
    return n < 3 ? 3 : n > 2000 ? 2000 : (int)n;
}

int bench_kernels(const char *only)
{
    printf("%-24s %9s", "microseconds", "size");
    for (int level = 0; level < MFACE_N_KERNEL_LEVELS; level++)
        printf(" %9s", level_names[level]);
    putchar('\n');
    for (const struct kernel_row *row = kernel_rows; row->name; row++) {
        if (only && strcmp(only, row->name) != 0)
            continue;
        struct bench bench;
        open_bench(&bench, row);
        printf("%-24s %4d×%4d", row->name, row->bench_w, row->bench_h);
        for (int level = 0; level < MFACE_N_KERNEL_LEVELS && level_force(level); level++)
            printf(" %9.1f", (double)least_ns(&bench, n_runs_for(&bench)) / 1e3);
        putchar('\n');
        fflush(stdout);
        close_bench(&bench);
    }
    return 0;
}

static const struct kernel_row *find_row(const char *name)
{
    for (const struct kernel_row *row = kernel_rows; row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static bool force_by_name(const char *name)
{
    for (int level = 0; level < MFACE_N_KERNEL_LEVELS; level++)
        if (strcmp(level_names[level], name) == 0)
            return level_force(level);
    return false;
}

static void print_images(const struct bench *bench, enum role role)
{
    for (int i = 0; i < N_IMAGES_MAX; i++) {
        const struct guarded *guarded = &bench->images[i];
        const struct mface_image *image = &guarded->image;
        if (bench->row->images[i].role != role && bench->row->images[i].role != IN_OUT)
            continue;
        printf("%d %d %d %s\n", image->w, image->h, image->c,
            image->sample == MFACE_SAMPLE_U8 ? "u8" : "f32");
        for (int y = 0; y < image->h; y++)
            fwrite(mface_image_row_u8(image, y), 1, guarded->row_bytes, stdout);
    }
    putchar('\n');
}

static void answer(const char *verb, const struct kernel_row *row, const char *level, int n)
{
    struct bench bench;
    open_bench(&bench, row);
    if (strcmp(verb, "inputs") == 0) {
        print_images(&bench, IN);
    } else if (!force_by_name(level)) {
        puts("none");
    } else if (strcmp(verb, "outputs") == 0) {
        least_ns(&bench, 1);
        print_images(&bench, OUT);
    } else {
        printf("%lld\n", (long long)least_ns(&bench, n > 0 ? n : n_runs_for(&bench)));
    }
    close_bench(&bench);
}

static void print_levels(void)
{
    for (int level = 0; level < MFACE_N_KERNEL_LEVELS && level_force(level); level++)
        printf("%s ", level_names[level]);
    putchar('\n');
}

int serve_requests(void)
{
    char line[256], verb[32], name[64], level[32];
    while (fgets(line, sizeof line, stdin)) {
        int n = 0;
        name[0] = level[0] = '\0';
        if (sscanf(line, "%31s %63s %31s %d", verb, name, level, &n) < 1)
            continue;
        const struct kernel_row *row = find_row(name);
        if (strcmp(verb, "levels") == 0)
            print_levels();
        else if (strcmp(verb, "list") == 0) {
            for (row = kernel_rows; row->name; row++)
                printf("%s %d %d\n", row->name, row->bench_w, row->bench_h);
            putchar('\n');
        } else if (row)
            answer(verb, row, level, n);
        else
            puts("none");
        fflush(stdout);
    }
    return 0;
}

#include "onnx_profile.h"

#include "base/mem.h"
#include "onnx/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_time(const void *a, const void *b)
{
    const struct mface_step_time *x = a, *y = b;
    return (x->least_ns < y->least_ns) - (x->least_ns > y->least_ns);
}

static double gflops(const struct mface_step_time *time)
{
    return time->least_ns ? (double)time->flops / (double)time->least_ns : 0.0;
}

static void print_line(const struct mface_step_time *time, int64_t total_ns, double peak)
{
    char text[MFACE_SHAPE_TEXT_BYTES];
    printf("%9.3f ms %5.1f%%", (double)time->least_ns / 1e6,
        100.0 * (double)time->least_ns / (double)total_ns);
    if (time->flops)
        printf(" %8.1f GFLOP/s", gflops(time));
    else
        printf(" %16s", "");
    if (time->flops && peak > 0.0)
        printf(" %5.1f%%", 100.0 * gflops(time) / peak);
    else
        printf(" %6s", "");
    printf("  %-16s", time->op);
    if (time->dtype != MFACE_DTYPE_NONE)
        printf(" %s %s %s", mface_dtype_name(time->dtype), mface_shape_print(&time->shape, text),
            time->node);
    printf("\n");
}

/* Adds up the steps of one operator; returns how many kinds there are. */
static size_t sum_operators(
    const struct mface_step_time *times, size_t n, struct mface_step_time *kinds)
{
    size_t n_kinds = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < n_kinds && strcmp(kinds[k].op, times[i].op) != 0)
            k++;
        if (k == n_kinds)
            kinds[n_kinds++] = (struct mface_step_time) { .op = times[i].op };
        kinds[k].flops += times[i].flops;
        kinds[k].least_ns += times[i].least_ns;
    }
    return n_kinds;
}

static void print_sorted(struct mface_step_time *times, size_t n, int64_t total_ns, double peak)
{
    qsort(times, n, sizeof *times, by_time);
    for (size_t i = 0; i < n; i++)
        print_line(&times[i], total_ns, peak);
}

void print_profile(struct mface_plan *plan, int n_runs, double peak_gflops,
    const struct mface_tensor *inputs, const struct mface_tensor *outputs)
{
    const size_t n = mface_plan_n_steps(plan);
    struct mface_step_time *times = mface_mem_calloc(2 * n + 1, sizeof *times);
    if (!times || mface_plan_profile(plan, inputs, outputs, n_runs, times) != MFACE_OK)
        exit(1);
    int64_t total_ns = 1;
    for (size_t i = 0; i < n; i++)
        total_ns += times[i].least_ns;
    printf("\n%.3f ms in %zu steps; the machine's peak is %.0f GFLOP/s\n", (double)total_ns / 1e6,
        n, peak_gflops);
    const size_t n_kinds = sum_operators(times, n, times + n);
    print_sorted(times + n, n_kinds, total_ns, peak_gflops);
    printf("\n");
    print_sorted(times, n, total_ns, peak_gflops);
    mface_mem_free(times);
}

/* Convolutions in bytes: what is computed where, and in what order.
 *
 * First each picture's range is found, by all threads, for a pixel's byte depends on it. Then the
 * work is a list of items (picture, band of rows, part of the panels), of which each thread takes a
 * stretch. It rounds the bands it is at into planes of its own and computes its panels from there.
 * Threads that share a band round it each for themselves, so that none waits for another. */
#include "onnx/int8_conv.h"

#include "base/mem.h"
#include "onnx/parallel.h"

#include <math.h>
#include <string.h>

/* Scratch: ranges, one of each thread's share of each picture, then each thread's planes. */
struct run {
    const struct mface_int8_conv *kernel;
    const float *src;
    float *dst;
    float (*ranges)[2];
    uint8_t *planes;
};

static size_t ranges_bytes(const struct mface_int8_conv *kernel)
{
    const size_t bytes = (size_t)kernel->batch * (size_t)kernel->threads * sizeof(float[2]);
    return (bytes + MFACE_ALIGN - 1) / MFACE_ALIGN * MFACE_ALIGN;
}

static size_t thread_bytes(const struct mface_int8_conv *kernel)
{
    return kernel->planes_bytes * (size_t)kernel->n_together;
}

size_t mface_int8_conv_scratch_bytes(const struct mface_int8_conv *kernel)
{
    return ranges_bytes(kernel) + thread_bytes(kernel) * (size_t)kernel->threads;
}

static size_t picture_values(const struct mface_int8_conv *kernel)
{
    return (size_t)kernel->in_height * (size_t)kernel->in_width * (size_t)kernel->in_channels;
}

static void find_ranges(const void *user, int64_t first, int64_t end)
{
    const struct run *run = user;
    const size_t n = picture_values(run->kernel), threads = (size_t)run->kernel->threads;
    for (size_t i = (size_t)first; i < (size_t)end; i++) {
        const size_t begin = n * (i % threads) / threads, stop = n * (i % threads + 1) / threads;
        float *range = run->ranges[i];
        range[0] = range[1] = 0.0f; // padding is of any range
        run->kernel->loops->find_range(run->src + i / threads * n + begin, stop - begin, range);
    }
}

static struct mface_int8_grid grid_of(const struct run *run, int picture)
{
    const int threads = run->kernel->threads;
    float least = 0.0f, greatest = 0.0f;
    for (int i = 0; i < threads; i++) {
        const float *range = run->ranges[picture * threads + i];
        least = fminf(least, range[0]);
        greatest = fmaxf(greatest, range[1]);
    }
    /* No values but 0, or none whose range a float can hold, or the steps of it. */
    const float extent = greatest - least, per_unit = 255.0f / extent;
    if (!(per_unit > 0.0f && per_unit < INFINITY))
        return (struct mface_int8_grid) { 0 };
    return (struct mface_int8_grid) {
        .per_unit = per_unit,
        .unit = extent / 255.0f,
        .zero = (int)rintf(-least * per_unit),
    };
}

/* n pixels of zeros in the planes of all groups. */
static void clear(const struct mface_int8_band *band, uint8_t *to, size_t n_pixels)
{
    for (int group = 0; group < band->n_groups; group++, to += band->plane_bytes)
        memset(to, band->grid.zero, n_pixels * MFACE_INT8_GROUP);
}

/* The pixels of a phase in a row of the picture, between zeros. */
static void fill_row(const struct mface_int8_band *band, const struct mface_int8_conv *kernel,
    const float *row, int phase_x, uint8_t *planes)
{
    const int stride = kernel->stride;
    const int n_pixels = (kernel->in_width - phase_x + stride - 1) / stride;
    const struct mface_int8_row taken = {
        .src = row + (size_t)(phase_x * kernel->in_channels),
        .distance = (size_t)(stride * kernel->in_channels),
        .n_pixels = n_pixels,
        .n_channels = kernel->in_channels,
        .grid = band->grid,
        .to = planes + MFACE_INT8_GROUP,
        .plane_bytes = kernel->plane_bytes,
    };
    clear(band, planes, 1);
    kernel->loops->round_row(&taken);
    clear(
        band, planes + (size_t)(n_pixels + 1) * MFACE_INT8_GROUP, (size_t)(band->width - n_pixels));
}

/* From the row above the band's first to the one below its last. */
static void fill_phase(const struct mface_int8_band *band, const struct mface_int8_conv *kernel,
    const float *picture, int first_row, int phase, uint8_t *planes)
{
    const int stride = kernel->stride;
    const size_t row_values = (size_t)kernel->in_width * (size_t)kernel->in_channels;
    const size_t pitch = (size_t)band->pitch;
    for (int i = 0; i < band->n_rows + 2; i++, planes += pitch * MFACE_INT8_GROUP) {
        const int y = (first_row + i - 1) * stride + phase / stride;
        if (y >= 0 && y < kernel->in_height)
            fill_row(band, kernel, picture + (size_t)y * row_values, phase % stride, planes);
        else
            clear(band, planes, pitch);
    }
    clear(band, planes, MFACE_INT8_TAIL);
}

/* A band, counted over all pictures: fills the planes. */
static void begin_band(
    const struct run *run, int index, uint8_t *planes, struct mface_int8_band *band)
{
    const struct mface_int8_conv *kernel = run->kernel;
    const int picture = index / kernel->n_bands, row = index % kernel->n_bands * kernel->band_rows;
    const int rest = kernel->height - row, last = (kernel->in_channels - 1) % MFACE_INT8_GROUP;
    const size_t first_row = (size_t)picture * (size_t)kernel->height + (size_t)row;
    *band = (struct mface_int8_band) {
        .width = kernel->width,
        .pitch = kernel->width + 1,
        .n_rows = rest < kernel->band_rows ? rest : kernel->band_rows,
        .n_phases = kernel->n_phases,
        .n_groups = kernel->n_groups,
        .last_quads = last / MFACE_INT8_QUAD + 1,
        .taps = kernel->taps,
        .planes = planes,
        .plane_bytes = kernel->plane_bytes,
        .grid = grid_of(run, picture),
        .weights = kernel->weights,
        .panel_bytes = kernel->panel_bytes,
        .units = kernel->units,
        .bias = kernel->bias,
        .sums = kernel->sums,
        .out_channels = kernel->out_channels,
        .space = kernel->space,
        .dst = run->dst + first_row * kernel->space.row,
        .sum = kernel->sum,
        .slope = kernel->slope,
    };
    for (int phase = 0; phase < kernel->n_phases; phase++)
        fill_phase(band, kernel, run->src + (size_t)picture * picture_values(kernel), row, phase,
            planes + (size_t)(phase * kernel->n_groups) * kernel->plane_bytes);
}

/* n bands of the planes, panels first_panel..end_panel of each. */
static void convolve(const struct run *run, struct mface_int8_band *bands, int n, int part)
{
    const struct mface_int8_conv *kernel = run->kernel;
    const int first = kernel->n_panels * part / kernel->n_parts;
    const int end = kernel->n_panels * (part + 1) / kernel->n_parts;
    for (int panel = first; panel < end; panel++)
        for (int i = 0; i < n; i++) {
            bands[i].panel = panel;
            bands[i].has_next = i + 1 == n && panel + 1 < end;
            kernel->loops->convolve(&bands[i]);
        }
}

static void run_items(const struct run *run, int first, int end, uint8_t *planes)
{
    const struct mface_int8_conv *kernel = run->kernel;
    const int n_parts = kernel->n_parts;
    struct mface_int8_band bands[MFACE_INT8_TOGETHER_MAX];
    for (int item = first, n; item < end; item += n) {
        n = end - item < kernel->n_together ? end - item : kernel->n_together;
        if (item == first || item % n_parts == 0)
            for (int i = 0; i < n; i++)
                begin_band(
                    run, item / n_parts + i, planes + (size_t)i * kernel->planes_bytes, &bands[i]);
        convolve(run, bands, n, item % n_parts);
    }
}

/* Of `threads` workers; one of them may do the work of several. */
static void run_workers(const void *user, int64_t first, int64_t end)
{
    const struct run *run = user;
    const struct mface_int8_conv *kernel = run->kernel;
    const int64_t n_items = (int64_t)kernel->batch * kernel->n_bands * kernel->n_parts;
    if (kernel->loops->begin)
        kernel->loops->begin();
    for (int64_t i = first; i < end; i++)
        run_items(run, (int)(n_items * i / kernel->threads),
            (int)(n_items * (i + 1) / kernel->threads),
            run->planes + (size_t)i * thread_bytes(kernel));
    if (kernel->loops->end)
        kernel->loops->end();
}

void mface_int8_conv_run(
    const struct mface_int8_conv *kernel, const float *src, float *dst, void *scratch)
{
    const struct run run = {
        .kernel = kernel,
        .src = src,
        .dst = dst,
        .ranges = scratch,
        .planes = (uint8_t *)scratch + ranges_bytes(kernel),
    };
    const int64_t n_values = (int64_t)picture_values(kernel) * kernel->batch;
    const int64_t outputs =
        (int64_t)kernel->batch * kernel->height * kernel->width * kernel->out_channels;
    mface_parallel(
        kernel->threads, (int64_t)kernel->batch * kernel->threads, n_values, find_ranges, &run);
    mface_parallel(kernel->threads, kernel->threads, outputs * kernel->n_groups, run_workers, &run);
}

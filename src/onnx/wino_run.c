/* Winograd convolutions: what is computed where, and in what order.
 *
 * The work is a list of items (block of tiles, part of the panels), each thread takes a stretch of
 * it. A thread transforms the pixels of the block it is at for itself, then takes its panels one by
 * one: products chunk by chunk, then the way back. Blocks run on from one picture to the next. */
#include "onnx/wino_conv.h"

#include "onnx/parallel.h"

struct run {
    const struct mface_wino_conv *kernel;
    const float *src;
    float *dst, *scratch;
};

/* A thread at work on a block of tiles. */
struct worker {
    const struct run *run;
    float *v, *m, *u;
    int first_tile, n_tiles; // of the block
};

struct place {
    int picture, y, x; // of a tile's first result
};

static struct place place_of(const struct mface_wino_conv *kernel, int tile)
{
    const int row = tile / kernel->n_tiles_x;
    return (struct place) {
        .picture = row / kernel->n_tiles_y,
        .y = row % kernel->n_tiles_y * MFACE_WINO_TILE,
        .x = tile % kernel->n_tiles_x * MFACE_WINO_TILE,
    };
}

/* The pixels of a tile reach one beyond its results. A phase has every `stride`th of the picture's
 * pixels, in rows and columns. */
static void point_at_pixels(
    const struct run *run, struct place at, int phase, const float *pixels[MFACE_WINO_POINTS])
{
    const struct mface_wino_conv *kernel = run->kernel;
    const int stride = kernel->stride;
    const size_t picture = (size_t)at.picture * (size_t)kernel->in_height;
    for (int i = 0; i < MFACE_WINO_POINTS; i++) {
        const int y = (at.y + i / MFACE_WINO_SIDE - 1) * stride + phase / stride;
        const int x = (at.x + i % MFACE_WINO_SIDE - 1) * stride + phase % stride;
        const bool is_inside = y >= 0 && y < kernel->in_height && x >= 0 && x < kernel->in_width;
        const size_t pixel = (picture + (size_t)y) * (size_t)kernel->in_width + (size_t)x;
        pixels[i] = is_inside ? run->src + pixel * (size_t)kernel->in_channels : kernel->zeros;
    }
}

static void begin_block(struct worker *worker, int block)
{
    const struct mface_wino_conv *kernel = worker->run->kernel;
    const int64_t n_tiles = kernel->n_tiles;
    worker->first_tile = (int)(n_tiles * block / kernel->n_blocks);
    worker->n_tiles = (int)(n_tiles * (block + 1) / kernel->n_blocks) - worker->first_tile;
    struct mface_wino_source source = {
        .n_channels = kernel->in_channels,
        .chunk = kernel->chunk,
        .plane = kernel->v_plane,
        .planes = kernel->v_plane * MFACE_WINO_POINTS,
    };
    for (int i = 0; i < worker->n_tiles * kernel->n_phases; i++) {
        const int tile = i / kernel->n_phases, phase = i % kernel->n_phases;
        const struct place place = place_of(kernel, worker->first_tile + tile);
        point_at_pixels(worker->run, place, phase, source.pixels);
        source.out = worker->v + (size_t)(phase * kernel->n_chunks) * source.planes +
                     (size_t)tile * (size_t)kernel->chunk;
        kernel->loops->transform_source(&source);
    }
}

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

static int panel_channels(const struct mface_wino_conv *kernel, int panel)
{
    const int rest = kernel->out_channels - panel * kernel->panel;
    return rest < kernel->panel ? rest : kernel->panel;
}

/* One of all phases' chunks. */
static void multiply_chunk(
    const struct worker *worker, int panel, int chunk, struct mface_wino_product *product)
{
    const struct mface_wino_conv *kernel = worker->run->kernel;
    const int first = chunk % kernel->n_chunks * kernel->chunk;
    const int phase = panel * kernel->n_phases + chunk / kernel->n_chunks;
    const size_t channel = (size_t)phase * (size_t)kernel->in_channels + (size_t)first;
    product->n_channels = least_of(kernel->in_channels - first, kernel->chunk);
    product->is_first = !chunk;
    product->v = worker->v + (size_t)chunk * MFACE_WINO_POINTS * kernel->v_plane;
    const float *weights = kernel->packed.data;
    kernel->loops->transform_weights(weights + channel * MFACE_WINO_TAPS * (size_t)kernel->panel,
        product->n_channels, product->pair, worker->u);
    kernel->loops->multiply(product);
}

static void multiply_panel(const struct worker *worker, int panel)
{
    const struct mface_wino_conv *kernel = worker->run->kernel;
    struct mface_wino_product product = {
        .u = worker->u,
        .m = worker->m,
        .v_plane = kernel->v_plane,
        .m_plane = kernel->m_plane,
        .n_tiles = worker->n_tiles,
        .chunk = kernel->chunk,
        .is_narrow = panel_channels(kernel, panel) <= kernel->loops->lanes,
    };
    for (product.pair = 0; product.pair < MFACE_WINO_PAIRS; product.pair++)
        for (int chunk = 0; chunk < kernel->n_phases * kernel->n_chunks; chunk++)
            multiply_chunk(worker, panel, chunk, &product);
}

/* From the destination's first value. */
static size_t pixel_at(const struct mface_wino_conv *kernel, struct place at)
{
    const size_t row = (size_t)at.picture * (size_t)kernel->height + (size_t)at.y;
    return row * kernel->space.row + (size_t)at.x * (size_t)kernel->space.run;
}

/* n channels of a panel that lie side by side. */
static void finish_channels(const struct worker *worker, int panel, int first, int n)
{
    const struct mface_wino_conv *kernel = worker->run->kernel;
    const int channel = panel * kernel->panel + first;
    float *dst = worker->run->dst + mface_space_channel(&kernel->space, channel);
    struct mface_wino_result result = {
        .m_plane = kernel->m_plane,
        .bias = kernel->bias + channel,
        .dst_pixel = (size_t)kernel->space.run,
        .dst_row = kernel->space.row,
        .n_channels = n,
        .sum = kernel->sum,
        .activation = kernel->activation,
        .slope = kernel->alpha,
        .least = kernel->alpha,
        .greatest = kernel->beta,
    };
    for (int i = 0; i < worker->n_tiles; i++) {
        const struct place at = place_of(kernel, worker->first_tile + i);
        result.m = worker->m + (size_t)(i * kernel->panel + first);
        result.dst = dst + pixel_at(kernel, at);
        result.n_rows = least_of(kernel->height - at.y, MFACE_WINO_TILE);
        result.n_columns = least_of(kernel->width - at.x, MFACE_WINO_TILE);
        kernel->loops->finish(&result);
    }
}

static void finish_panel(const struct worker *worker, int panel)
{
    const struct mface_wino_conv *kernel = worker->run->kernel;
    const int end = panel_channels(kernel, panel);
    for (int first = 0, n; first < end; first += n) {
        n = mface_space_together(&kernel->space, panel * kernel->panel + first, end - first);
        finish_channels(worker, panel, first, n);
    }
}

static void run_items(struct worker *worker, int first, int end)
{
    const struct mface_wino_conv *kernel = worker->run->kernel;
    const int n_parts = kernel->n_parts, n_panels = kernel->n_panels;
    for (int item = first; item < end; item++) {
        if (item == first || item % n_parts == 0)
            begin_block(worker, item / n_parts);
        const int part = item % n_parts;
        for (int panel = n_panels * part / n_parts; panel < n_panels * (part + 1) / n_parts;
             panel++) {
            multiply_panel(worker, panel);
            finish_panel(worker, panel);
        }
    }
}

/* Of `threads` workers; one of them may do the work of several. */
static void run_workers(const void *user, int64_t first, int64_t end)
{
    const struct run *run = user;
    const struct mface_wino_conv *kernel = run->kernel;
    const int64_t n_items = (int64_t)kernel->n_blocks * kernel->n_parts;
    for (int64_t i = first; i < end; i++) {
        float *scratch = run->scratch + (size_t)i * kernel->scratch_values;
        struct worker worker = {
            .run = run,
            .v = scratch,
            .m = scratch + kernel->v_values,
            .u = scratch + kernel->v_values + kernel->m_values,
        };
        run_items(&worker, (int)(n_items * i / kernel->threads),
            (int)(n_items * (i + 1) / kernel->threads));
    }
}

void mface_wino_conv_run(
    const struct mface_wino_conv *kernel, const float *src, float *dst, void *scratch)
{
    const struct run run = { kernel, src, dst, scratch };
    const int64_t work = (int64_t)kernel->n_tiles * kernel->in_channels * kernel->out_channels;
    mface_parallel(kernel->threads, kernel->threads, work, run_workers, &run);
}

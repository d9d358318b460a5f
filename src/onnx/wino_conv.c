/* Winograd convolutions: what is computed where, and in what order.
 *
 * The work is a list of items (block of tiles, part of the panels), each thread takes a stretch of
 * it. A thread transforms the pixels of the block it is at for itself, then takes its panels one by
 * one: products chunk by chunk, then the way back. Blocks run on from one picture to the next. */
#include "onnx/wino_conv.h"

#include "base/mem.h"
#include "onnx/parallel.h"

#include <string.h>

bool mface_wino_conv_fits(const struct mface_dnnl_conv *conv)
{
    if (conv->transposed || conv->n_spatial != 2 || conv->groups != 1 || !conv->channels_last ||
        conv->src_bf16 || conv->dst_bf16 || !conv->weights.data || (conv->has_bias && !conv->bias))
        return false;
    for (int i = 0; i < 2; i++)
        if (conv->kernel[i] != 3 || conv->stride[i] != 1 || conv->dilation[i] != 1 ||
            conv->pad_begin[i] != 1 || conv->pad_end[i] != 1)
            return false;
    /* Indices of tiles and values of a picture's row are ints. */
    const int64_t limit = 1 << 14;
    return conv->in[0] <= limit && conv->in[1] <= limit && conv->in_channels <= limit &&
           conv->out_channels <= limit && conv->batch <= limit &&
           (conv->activation == MFACE_ACTIVATION_NONE ||
               conv->activation == MFACE_ACTIVATION_RELU ||
               conv->activation == MFACE_ACTIVATION_CLIP);
}

bool mface_wino_conv_pays(const struct mface_dnnl_conv *conv)
{
    return conv->in_channels >= 16 && conv->in[0] * conv->in[1] >= 16;
}

static int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

static enum mface_wino_activation activation_of(const struct mface_dnnl_conv *conv)
{
    switch (conv->activation) {
    case MFACE_ACTIVATION_RELU:
        return MFACE_WINO_SLOPE;
    case MFACE_ACTIVATION_CLIP:
        return MFACE_WINO_CUT;
    default:
        return MFACE_WINO_NONE;
    }
}

static void describe(struct mface_wino_conv *kernel, const struct mface_dnnl_conv *conv,
    const struct mface_wino_kernels *loops)
{
    *kernel = (struct mface_wino_conv) {
        .loops = loops,
        .batch = (int)conv->batch,
        .height = (int)conv->in[0],
        .width = (int)conv->in[1],
        .in_channels = (int)conv->in_channels,
        .out_channels = (int)conv->out_channels,
        .panel = MFACE_WINO_VECTORS * loops->lanes,
        .n_panels = divide_up((int)conv->out_channels, MFACE_WINO_VECTORS * loops->lanes),
        .n_tiles_x = divide_up((int)conv->in[1], MFACE_WINO_TILE),
        .n_tiles_y = divide_up((int)conv->in[0], MFACE_WINO_TILE),
        .sum = conv->sum,
        .activation = activation_of(conv),
        .alpha = conv->alpha,
        .beta = conv->beta,
    };
    kernel->n_tiles = kernel->batch * kernel->n_tiles_y * kernel->n_tiles_x;
}

static enum mface_status build(struct mface_wino_conv *kernel, const struct mface_dnnl_conv *conv)
{
    const size_t n_out = (size_t)kernel->n_panels * (size_t)kernel->panel;
    kernel->bias = mface_mem_calloc(n_out, sizeof *kernel->bias);
    kernel->zeros = mface_mem_calloc((size_t)kernel->in_channels, sizeof *kernel->zeros);
    if (!kernel->bias || !kernel->zeros)
        return MFACE_ERR_NOMEM;
    if (conv->bias)
        memcpy(kernel->bias, conv->bias, (size_t)kernel->out_channels * sizeof *conv->bias);
    return mface_wino_conv_pack(kernel, &conv->weights);
}

enum mface_status mface_wino_conv_create_with(const struct mface_dnnl_conv *conv, int threads,
    const struct mface_wino_kernels *loops, struct mface_wino_conv **out)
{
    struct mface_wino_conv *kernel = *out = mface_mem_calloc(1, sizeof *kernel);
    if (!kernel)
        return MFACE_ERR_NOMEM;
    describe(kernel, conv, loops);
    kernel->threads = threads;
    mface_wino_conv_cut(kernel);
    const enum mface_status status = build(kernel, conv);
    if (status != MFACE_OK)
        mface_wino_conv_free(out);
    return status;
}

enum mface_status mface_wino_conv_create(
    const struct mface_dnnl_conv *conv, int threads, struct mface_wino_conv **out)
{
    return mface_wino_conv_create_with(conv, threads, mface_wino_kernels(), out);
}

void mface_wino_conv_free(struct mface_wino_conv **kernel_ptr)
{
    struct mface_wino_conv *kernel = *kernel_ptr;
    if (!kernel)
        return;
    if (kernel->owns_weights)
        mface_mem_free((void *)kernel->weights);
    mface_mem_free(kernel->bias);
    mface_mem_free(kernel->zeros);
    mface_mem_free(kernel);
    *kernel_ptr = NULL;
}

size_t mface_wino_conv_scratch_bytes(const struct mface_wino_conv *kernel)
{
    return kernel->scratch_values * (size_t)kernel->threads * sizeof(float);
}

size_t mface_wino_conv_weight_bytes(const struct mface_wino_conv *kernel)
{
    return kernel->weight_bytes;
}

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

/* In pixels, from the first of the first picture. */
static size_t pixel_at(const struct mface_wino_conv *kernel, struct place at)
{
    return ((size_t)at.picture * (size_t)kernel->height + (size_t)at.y) * (size_t)kernel->width +
           (size_t)at.x;
}

/* The pixels of a tile reach one beyond its results. */
static void point_at_pixels(
    const struct run *run, struct place place, const float *pixels[MFACE_WINO_POINTS])
{
    const struct mface_wino_conv *kernel = run->kernel;
    for (int i = 0; i < MFACE_WINO_POINTS; i++) {
        struct place at = place;
        at.y += i / MFACE_WINO_SIDE - 1;
        at.x += i % MFACE_WINO_SIDE - 1;
        const bool is_inside =
            at.y >= 0 && at.y < kernel->height && at.x >= 0 && at.x < kernel->width;
        pixels[i] = is_inside ? run->src + pixel_at(kernel, at) * (size_t)kernel->in_channels
                              : kernel->zeros;
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
    for (int i = 0; i < worker->n_tiles; i++) {
        point_at_pixels(worker->run, place_of(kernel, worker->first_tile + i), source.pixels);
        source.out = worker->v + (size_t)i * (size_t)kernel->chunk;
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
    const size_t taps = MFACE_WINO_TAPS * (size_t)kernel->panel; // of an input channel
    const float *weights = kernel->weights + (size_t)panel * (size_t)kernel->in_channels * taps;
    for (product.pair = 0; product.pair < MFACE_WINO_PAIRS; product.pair++)
        for (int chunk = 0; chunk < kernel->n_chunks; chunk++) {
            const int first = chunk * kernel->chunk;
            product.n_channels = least_of(kernel->in_channels - first, kernel->chunk);
            product.is_first = !chunk;
            product.v = worker->v + (size_t)chunk * MFACE_WINO_POINTS * kernel->v_plane;
            kernel->loops->transform_weights(
                weights + (size_t)first * taps, product.n_channels, product.pair, worker->u);
            kernel->loops->multiply(&product);
        }
}

static void finish_panel(const struct worker *worker, int panel)
{
    const struct mface_wino_conv *kernel = worker->run->kernel;
    const size_t channel = (size_t)(panel * kernel->panel), n_out = (size_t)kernel->out_channels;
    struct mface_wino_result result = {
        .m_plane = kernel->m_plane,
        .bias = kernel->bias + channel,
        .dst_pixel = n_out,
        .dst_row = n_out * (size_t)kernel->width,
        .n_channels = panel_channels(kernel, panel),
        .sum = kernel->sum,
        .activation = kernel->activation,
        .slope = kernel->alpha,
        .least = kernel->alpha,
        .greatest = kernel->beta,
    };
    for (int i = 0; i < worker->n_tiles; i++) {
        const struct place at = place_of(kernel, worker->first_tile + i);
        result.m = worker->m + (size_t)(i * kernel->panel);
        result.dst = worker->run->dst + pixel_at(kernel, at) * n_out + channel;
        result.n_rows = least_of(kernel->height - at.y, MFACE_WINO_TILE);
        result.n_columns = least_of(kernel->width - at.x, MFACE_WINO_TILE);
        kernel->loops->finish(&result);
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

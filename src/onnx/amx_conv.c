/* 3×3 convolutions in tiles: what is computed where, and in what order.
 *
 * The work is a list of items (picture, band of rows, part of the panels), each thread takes a
 * stretch of it. A thread copies the band it is at into planes of its own (amx_kernel.h) and
 * computes its panels from there. Threads that share a band copy it each for themselves, so that
 * none waits for another. */
#include "onnx/amx_conv.h"

#include "base/mem.h"
#include "onnx/own_conv.h"
#include "onnx/parallel.h"

/* Planes and a panel's weights share the 2 MiB of a core's second-level cache. */
enum { PLANES_BYTES = 900000 };

bool mface_amx_conv_fits(const struct mface_dnnl_conv *conv)
{
    return mface_conv_is_plain(conv) && conv->src_bf16 && mface_conv_has_window(conv, 3, 1) &&
           (conv->activation == MFACE_ACTIVATION_NONE || conv->activation == MFACE_ACTIVATION_RELU);
}

bool mface_amx_conv_pays(const struct mface_dnnl_conv *conv)
{
    /* Measured: with fewer channels half of each tile of pixels is zeros, with fewer pixels most of
     * its rows are. */
    return conv->in_channels > MFACE_AMX_GROUP / 2 && conv->in[0] * conv->in[1] >= 16;
}

/* Fewer rows than that, and copying the rows above and below a band takes longer than it saves. */
enum { LEAST_BAND_ROWS = 4 };

/* Threads that share a picture form a grid: bands × parts of the panels. Every part copies its
 * band, every band reads its panels' weights. */
static int square_divisor(int threads)
{
    int divisor = 1;
    for (int i = 2; i * i <= threads; i++)
        if (threads % i == 0)
            divisor = i;
    return divisor;
}

/* At least as many bands as keep planes in the cache, and more where threads share them evenly:
 * one for each where there is less to read of weights than to copy of pixels. */
static int count_bands(const struct mface_amx_conv *kernel)
{
    const int row_bytes = (kernel->width + 1) * MFACE_AMX_PIXEL_BYTES * kernel->n_groups;
    const int fitting = PLANES_BYTES / row_bytes - 2, threads = kernel->threads;
    const int least = mface_divide_up(kernel->height, fitting > 1 ? fitting : 1);
    if (least * kernel->batch % threads == 0)
        return least;
    const int64_t weight_bytes =
        (int64_t)kernel->n_panels * kernel->n_groups * MFACE_AMX_TAPS * 2 * MFACE_AMX_TILE_BYTES;
    const bool by_rows = least > 1 || weight_bytes < (int64_t)row_bytes * kernel->height;
    const int step = by_rows ? threads : square_divisor(threads);
    const int even = mface_divide_up(least, step) * step;
    return kernel->height / even >= LEAST_BAND_ROWS ? even : least;
}

/* Parts make up for bands that are too few. */
static void cut_up(struct mface_amx_conv *kernel)
{
    kernel->band_rows = mface_divide_up(kernel->height, count_bands(kernel));
    kernel->n_bands = mface_divide_up(kernel->height, kernel->band_rows);
    const int n_items = kernel->n_bands * kernel->batch;
    kernel->n_parts = kernel->threads / mface_gcd(kernel->threads, n_items);
    if (kernel->n_parts > kernel->n_panels)
        kernel->n_parts = kernel->n_panels;
    const int pitch = kernel->width + 1;
    kernel->plane_bytes =
        (size_t)((kernel->band_rows + 2) * pitch + MFACE_AMX_TAIL) * MFACE_AMX_PIXEL_BYTES;
    kernel->planes_bytes = kernel->plane_bytes * (size_t)kernel->n_groups;
}

static enum mface_status build(struct mface_amx_conv *kernel, const struct mface_dnnl_conv *conv)
{
    MFACE_TRY(mface_conv_copy_bias(conv, kernel->n_panels * MFACE_AMX_PANEL, &kernel->bias));
    return mface_amx_conv_pack(kernel, &conv->weights);
}

enum mface_status mface_amx_conv_create(
    const struct mface_dnnl_conv *conv, int threads, struct mface_amx_conv **out)
{
    struct mface_amx_conv *kernel = *out = mface_mem_calloc(1, sizeof *kernel);
    if (!kernel)
        return MFACE_ERR_NOMEM;
    *kernel = (struct mface_amx_conv) {
        .batch = (int)conv->batch,
        .height = (int)conv->in[0],
        .width = (int)conv->in[1],
        .in_channels = (int)conv->in_channels,
        .out_channels = (int)conv->out_channels,
        .n_groups = mface_divide_up((int)conv->in_channels, MFACE_AMX_GROUP),
        .n_panels = mface_divide_up((int)conv->out_channels, MFACE_AMX_PANEL),
        .threads = threads,
        .space = mface_space_of((int)conv->in[1], (int)conv->out_channels, conv->to_space),
        .dst_bf16 = conv->dst_bf16,
        .sum = conv->sum,
        .slope = conv->activation == MFACE_ACTIVATION_RELU ? conv->alpha : 1.0f,
    };
    cut_up(kernel);
    const enum mface_status status = build(kernel, conv);
    if (status != MFACE_OK)
        mface_amx_conv_free(out);
    return status;
}

void mface_amx_conv_free(struct mface_amx_conv **kernel_ptr)
{
    struct mface_amx_conv *kernel = *kernel_ptr;
    if (!kernel)
        return;
    mface_packed_clear(&kernel->packed);
    mface_mem_free(kernel->bias);
    mface_mem_free(kernel);
    *kernel_ptr = NULL;
}

size_t mface_amx_conv_scratch_bytes(const struct mface_amx_conv *kernel)
{
    return kernel->planes_bytes * (size_t)kernel->threads;
}

size_t mface_amx_conv_weight_bytes(const struct mface_amx_conv *kernel)
{
    return kernel->packed.bytes;
}

struct run {
    const struct mface_amx_conv *kernel;
    const uint16_t *src;
    char *dst, *scratch;
};

static int n_items(const struct mface_amx_conv *kernel)
{
    return kernel->batch * kernel->n_bands * kernel->n_parts;
}

/* A band, counted over all pictures: fills the planes. */
static void begin_band(const struct run *run, int index, char *planes, struct mface_amx_band *band)
{
    const struct mface_amx_conv *kernel = run->kernel;
    const int picture = index / kernel->n_bands, row = index % kernel->n_bands * kernel->band_rows;
    const int rest = kernel->height - row;
    const size_t pixels = (size_t)kernel->height * (size_t)kernel->width;
    const size_t value_bytes = kernel->dst_bf16 ? sizeof(uint16_t) : sizeof(float);
    const size_t first_row = (size_t)picture * (size_t)kernel->height + (size_t)row;
    *band = (struct mface_amx_band) {
        .width = kernel->width,
        .pitch = kernel->width + 1,
        .n_rows = rest < kernel->band_rows ? rest : kernel->band_rows,
        .n_groups = kernel->n_groups,
        .planes = planes,
        .plane_bytes = kernel->plane_bytes,
        .weights = kernel->packed.data,
        .bias = kernel->bias,
        .out_channels = kernel->out_channels,
        .space = kernel->space,
        .dst = run->dst + first_row * kernel->space.row * value_bytes,
        .dst_bf16 = kernel->dst_bf16,
        .sum = kernel->sum,
        .slope = kernel->slope,
    };
    mface_amx_fill_planes(band, run->src + (size_t)picture * pixels * (size_t)kernel->in_channels,
        kernel->in_channels, kernel->height, row - 1, band->n_rows + 2, planes);
}

static void run_items(const struct run *run, int first, int end, char *planes)
{
    const struct mface_amx_conv *kernel = run->kernel;
    const int n_parts = kernel->n_parts, n_panels = kernel->n_panels;
    struct mface_amx_band band;
    for (int item = first; item < end; item++) {
        if (item == first || item % n_parts == 0)
            begin_band(run, item / n_parts, planes, &band);
        band.first_panel = n_panels * (item % n_parts) / n_parts;
        band.end_panel = n_panels * (item % n_parts + 1) / n_parts;
        mface_amx_conv3x3(&band);
    }
}

/* Of `threads` workers; one of them may do the work of several. */
static void run_workers(const void *user, int64_t first, int64_t end)
{
    const struct run *run = user;
    const struct mface_amx_conv *kernel = run->kernel;
    mface_amx_begin();
    for (int64_t i = first; i < end; i++)
        run_items(run, (int)(n_items(kernel) * i / kernel->threads),
            (int)(n_items(kernel) * (i + 1) / kernel->threads),
            run->scratch + (size_t)i * kernel->planes_bytes);
    mface_amx_end();
}

void mface_amx_conv_run(
    const struct mface_amx_conv *kernel, const void *src, void *dst, void *scratch)
{
    const struct run run = { kernel, src, dst, scratch };
    const int64_t outputs =
        (int64_t)kernel->batch * kernel->height * kernel->width * kernel->out_channels;
    mface_parallel(kernel->threads, kernel->threads, outputs * kernel->n_groups, run_workers, &run);
}

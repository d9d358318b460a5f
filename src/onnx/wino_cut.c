/* How a Winograd convolution is cut up, so that what is read again and again stays in a cache. */
#include "onnx/wino_conv.h"

#include "base/mem.h"

enum {
    /* A block's pixels, transformed, are read once for each panel, in order: a share of the
     * third-level cache will do, and larger blocks meet the weights less often. */
    V_BYTES = 4 << 20,
    LANES = MFACE_WINO_LANES_MAX,
};

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Planes an odd number of cache lines apart spread over all sets of a cache. */
static size_t odd_lines(size_t n_values)
{
    const size_t line = MFACE_ALIGN / sizeof(float);
    return ((n_values + line - 1) / line | 1) * line;
}

/* What the busiest thread does, in vector operations: it transforms the pixels of its tiles, for
 * each of its blocks the weights of its panels, and multiplies. */
static int64_t cost(const struct mface_wino_conv *kernel, int n_blocks, int n_parts)
{
    enum { PER_PIXEL = 144, PER_WEIGHT = 54 + 36 };
    const int64_t threads = kernel->threads;
    const int64_t items = divide_up((int64_t)n_blocks * n_parts, threads);
    const int64_t blocks = divide_up(items, n_parts);
    const int64_t tiles = divide_up(kernel->n_tiles, n_blocks);
    const int64_t channels = divide_up(kernel->n_panels, n_parts) * kernel->panel;
    return kernel->in_channels * (blocks * tiles * PER_PIXEL +
                                     items * channels * (PER_WEIGHT + tiles * MFACE_WINO_POINTS));
}

/* Blocks that fit, in numbers that threads share evenly, times parts. */
static void choose_grid(struct mface_wino_conv *kernel, int least)
{
    int64_t best = INT64_MAX;
    for (int parts = 1; parts <= kernel->threads && parts <= kernel->n_panels; parts++) {
        const int step = kernel->threads / parts;
        int blocks = (int)divide_up(least, step) * step;
        if (blocks > kernel->n_tiles)
            blocks = kernel->n_tiles;
        const int64_t is = cost(kernel, blocks, parts);
        if (is >= best)
            continue;
        best = is;
        kernel->n_blocks = blocks;
        kernel->n_parts = parts;
    }
}

static void choose_chunk(struct mface_wino_conv *kernel)
{
    const int64_t n_chunks = divide_up(kernel->in_channels, MFACE_WINO_CHUNK_MAX);
    kernel->chunk = (int)divide_up(divide_up(kernel->in_channels, n_chunks), LANES) * LANES;
    kernel->n_chunks = (int)divide_up(kernel->in_channels, kernel->chunk);
}

void mface_wino_conv_cut(struct mface_wino_conv *kernel)
{
    choose_chunk(kernel);
    const size_t n_chunks = (size_t)(kernel->n_phases * kernel->n_chunks);
    const size_t depth = n_chunks * (size_t)kernel->chunk;
    const int fitting = (int)(V_BYTES / (depth * MFACE_WINO_POINTS * sizeof(float)));
    choose_grid(kernel, (int)divide_up(kernel->n_tiles, fitting ? fitting : 1));
    const size_t tiles = (size_t)divide_up(kernel->n_tiles, kernel->n_blocks);
    kernel->v_plane = odd_lines(tiles * (size_t)kernel->chunk);
    kernel->m_plane = odd_lines(tiles * (size_t)kernel->panel);
    kernel->v_values = kernel->v_plane * MFACE_WINO_POINTS * n_chunks;
    kernel->m_values = kernel->m_plane * MFACE_WINO_POINTS;
    kernel->scratch_values = kernel->v_values + kernel->m_values +
                             (size_t)(2 * MFACE_WINO_SIDE * MFACE_WINO_U_PLANE(kernel->panel));
}

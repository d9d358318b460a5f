/* The inner loops of wino_conv.c: a 3×3 convolution by Winograd's F(4×4, 3×3) (Lavin and Gray,
 * "Fast Algorithms for Convolutional Neural Networks", 2015).
 *
 * A tile is 4×4 results, which depend on 6×6 pixels. Pixels d and weights g go to a space of 6×6
 * points in which a convolution is a product, point by point and summed up over channels, and the
 * result comes back from there:
 *
 *   V = Bᵀ d B     U = G g Gᵀ     M = Σ U·V     Y = Aᵀ M A
 *
 * 36 multiplications stand for 144. A 5×5 convolution with stride 2 is the sum of four such ones
 * over the pixels of even or odd rows and columns, its weights those of even or odd taps. The
 * one-dimensional points are 0, ±5/8, ±3/2 and infinity, as oneDNN's own such kernel has them: in
 * f32 results are about 1.5 times as far from exact ones as those of a plain sum, where 0, ±1, ±2
 * are 3 times as far.
 *
 * Every value is in planes, one for each of the 36 points. Input channels go in chunks, output
 * channels in panels of two vectors, points in three pairs of rows: what a product is made of, and
 * what it is added to, then stays in a second-level cache.
 *
 *   V   [chunk][36][tile][channel of the chunk]
 *   U   [12][channel of the chunk][output channel of the panel]
 *   M   [36][tile][output channel of the panel]
 *
 * For each result the operations and their order are the same whatever vectors, chunks and blocks
 * of tiles are, so that the bits are. */
#ifndef MFACE_ONNX_WINO_KERNEL_H
#define MFACE_ONNX_WINO_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MFACE_WINO_TILE = 4, // results
    MFACE_WINO_SIDE = 6, // pixels
    MFACE_WINO_POINTS = 36,
    MFACE_WINO_TAPS = 9,
    MFACE_WINO_VECTORS = 2, // of a panel
    MFACE_WINO_LANES_MAX = 16,
    MFACE_WINO_CHUNK_MAX = 64, // input channels
    MFACE_WINO_PAIRS = 3,
};

/* Floats between planes of U: an odd number of cache lines, so that all sets of a cache serve. */
#define MFACE_WINO_U_PLANE(panel) (MFACE_WINO_CHUNK_MAX * (panel) + 16)

enum mface_wino_activation {
    MFACE_WINO_NONE,
    MFACE_WINO_SLOPE, // negative results are multiplied by it
    MFACE_WINO_CUT,   // to a least and a greatest
};

/* Distances are counted in floats. */
struct mface_wino_source {
    const float *pixels[MFACE_WINO_POINTS]; // of a tile, row by row
    int n_channels;
    int chunk;     // channels
    float *out;    // of this tile
    size_t plane;  // between planes
    size_t planes; // between the planes of two chunks
};

struct mface_wino_product {
    const float *v; // of a chunk
    const float *u; // of a panel and a chunk: planes of the pair
    int pair;       // of rows of points
    float *m;
    size_t v_plane, m_plane;
    int n_tiles, n_channels;
    int chunk;      // channels of a tile in v
    bool is_narrow; // only the first of a panel's vectors counts
    bool is_first;  // chunk: m has no content yet
};

/* One tile of one panel, or channels of it that lie side by side in the destination. */
struct mface_wino_result {
    const float *m;
    size_t m_plane;
    const float *bias; // of the first channel
    float *dst;        // the first pixel, at the first channel
    size_t dst_pixel, dst_row;
    int n_rows, n_columns; // that lie in the picture
    int n_channels;        // that there are; a vector's worth is read of m and bias
    bool sum;              // dst's former content is added before the activation
    enum mface_wino_activation activation;
    float slope, least, greatest;
};

struct mface_wino_kernels {
    int lanes; // floats of a vector
    int rows;  // tiles that are multiplied at once
    void (*transform_source)(const struct mface_wino_source *source);
    /* n input channels of a panel, [n][taps][output channel], into U. */
    void (*transform_weights)(const float *weights, int n, int pair, float *u);
    void (*multiply)(const struct mface_wino_product *product);
    void (*finish)(const struct mface_wino_result *result);
};

extern const struct mface_wino_kernels mface_wino_avx2, mface_wino_avx512;

#endif

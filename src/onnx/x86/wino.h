/* The inner loops of Winograd convolutions over vectors of WINO_LANES floats. Included by a file
 * for each instruction set, which defines WINO_LANES, WINO_ROWS and the table's name, WINO_KERNELS.
 *
 * Multiply-adds are said explicitly: what the compiler makes of them does not depend on its mood.
 */
#include "onnx/wino_kernel.h"
#include "onnx/x86/wino_vector.h"

#define INLINE static inline __attribute__((always_inline))

enum { SIDE = MFACE_WINO_SIDE, TILE = MFACE_WINO_TILE, PANEL = MFACE_WINO_VECTORS * WINO_LANES };

/* The points are 0, ±a, ±b and infinity. */
static const float a1 = 0.625f, a2 = 0.390625f, b1 = 1.5f, b2 = 2.25f;

/* Bᵀ of six vectors, each `stride` apart: Aᵀ's factors are not in it. */
INLINE void transform6(vec *d, const int stride)
{
    const vec d0 = d[0], d1 = d[stride], d2 = d[2 * stride], d3 = d[3 * stride], d4 = d[4 * stride],
              d5 = d[5 * stride];
    const vec minus_a2 = all(-a2), minus_b2 = all(-b2), ends = all(a2 * b2), mids = all(-a2 - b2);
    const vec even_a = multiply_add(minus_b2, d2, d4), odd_a = multiply_add(minus_b2, d1, d3);
    const vec even_b = multiply_add(minus_a2, d2, d4), odd_b = multiply_add(minus_a2, d1, d3);
    d[0] = multiply_add(ends, d0, multiply_add(mids, d2, d4));
    d[stride] = multiply_add(all(a1), odd_a, even_a);
    d[2 * stride] = multiply_add(all(-a1), odd_a, even_a);
    d[3 * stride] = multiply_add(all(b1), odd_b, even_b);
    d[4 * stride] = multiply_add(all(-b1), odd_b, even_b);
    d[5 * stride] = multiply_add(ends, d1, multiply_add(mids, d3, d5));
}

INLINE void transform_pixels(
    const struct mface_wino_source *source, int channel, const int n, float *out)
{
    vec d[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) {
        const float *pixel = source->pixels[i] + channel;
        d[i] = n == WINO_LANES ? load(pixel) : load_some(pixel, n);
    }
    for (int x = 0; x < SIDE; x++)
        transform6(d + x, SIDE);
    for (int y = 0; y < SIDE; y++)
        transform6(d + y * SIDE, 1);
    for (int i = 0; i < SIDE * SIDE; i++)
        store(out + (size_t)i * source->plane, d[i]);
}

static void transform_source(const struct mface_wino_source *source)
{
    const int n = source->n_channels;
    for (int channel = 0; channel < n; channel += WINO_LANES) {
        const size_t chunk = (size_t)(channel / source->chunk);
        float *out = source->out + chunk * source->planes + channel % source->chunk;
        if (n - channel >= WINO_LANES)
            transform_pixels(source, channel, WINO_LANES, out);
        else
            transform_pixels(source, channel, n - channel, out);
    }
}

/* G of three vectors: its rows are 1 0 0, 1 ±a a², 1 ±b b², 0 0 1. */
INLINE void expand3(vec g0, vec g1, vec g2, vec *u, const int stride)
{
    const vec even_a = multiply_add(all(a2), g2, g0), even_b = multiply_add(all(b2), g2, g0);
    u[0] = g0;
    u[stride] = multiply_add(all(a1), g1, even_a);
    u[2 * stride] = multiply_add(all(-a1), g1, even_a);
    u[3 * stride] = multiply_add(all(b1), g1, even_b);
    u[4 * stride] = multiply_add(all(-b1), g1, even_b);
    u[5 * stride] = g2;
}

static void transform_weights(const float *weights, int n, float *u, size_t u_plane)
{
    for (int i = 0; i < n; i++, weights += MFACE_WINO_TAPS * PANEL, u += PANEL)
        for (int lane = 0; lane < PANEL; lane += WINO_LANES) {
            vec g[MFACE_WINO_TAPS], half[3 * SIDE], whole[SIDE];
            for (int tap = 0; tap < MFACE_WINO_TAPS; tap++)
                g[tap] = load(weights + tap * PANEL + lane);
            for (int x = 0; x < 3; x++)
                expand3(g[x], g[3 + x], g[6 + x], half + x, 3);
            for (int y = 0; y < SIDE; y++) {
                expand3(half[3 * y], half[3 * y + 1], half[3 * y + 2], whole, 1);
                for (int x = 0; x < SIDE; x++)
                    store(u + (size_t)(y * SIDE + x) * u_plane + lane, whole[x]);
            }
        }
}

/* n_rows tiles' products at one point with a panel, in registers all the way. */
INLINE void multiply_rows(const struct mface_wino_product *product, const float *v, const float *u,
    float *m, const int n_rows, const int n_vectors)
{
    vec sums[WINO_ROWS][MFACE_WINO_VECTORS];
#pragma GCC unroll 16
    for (int row = 0; row < n_rows; row++)
#pragma GCC unroll 2
        for (int i = 0; i < n_vectors; i++)
            sums[row][i] = product->is_first ? all(0.0f) : load(m + row * PANEL + i * WINO_LANES);
    const int chunk = product->chunk;
    for (const float *end = v + product->n_channels; v < end; v++, u += PANEL) {
        vec weights[MFACE_WINO_VECTORS];
#pragma GCC unroll 2
        for (int i = 0; i < n_vectors; i++)
            weights[i] = load(u + i * WINO_LANES);
#pragma GCC unroll 16
        for (int row = 0; row < n_rows; row++) {
            const vec value = all(v[row * chunk]);
#pragma GCC unroll 2
            for (int i = 0; i < n_vectors; i++)
                sums[row][i] = multiply_add(value, weights[i], sums[row][i]);
        }
    }
#pragma GCC unroll 16
    for (int row = 0; row < n_rows; row++)
#pragma GCC unroll 2
        for (int i = 0; i < n_vectors; i++)
            store(m + row * PANEL + i * WINO_LANES, sums[row][i]);
}

#define CASE(n)                                                                                    \
    case n:                                                                                        \
        multiply_rows(product, v, u, m, n, n_vectors);                                             \
        break;

INLINE void multiply_group(const struct mface_wino_product *product, const float *v, const float *u,
    float *m, int n_rows, const int n_vectors)
{
    switch (n_rows) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
#if WINO_ROWS == 12
        CASE(7)
        CASE(8)
        CASE(9)
        CASE(10)
        CASE(11)
        CASE(12)
#endif
    }
}

/* Groups are as even as can be: few rows leave the multipliers waiting for sums. */
INLINE void multiply_points(const struct mface_wino_product *product, const int n_vectors)
{
    const int n_tiles = product->n_tiles, n_groups = (n_tiles + WINO_ROWS - 1) / WINO_ROWS;
    for (int point = 0; point < MFACE_WINO_POINTS; point++) {
        const float *v = product->v + (size_t)point * product->v_plane;
        const float *u = product->u + (size_t)point * product->u_plane;
        float *m = product->m + (size_t)point * product->m_plane;
        for (int group = 0; group < n_groups; group++) {
            const int first = n_tiles * group / n_groups;
            const int end = n_tiles * (group + 1) / n_groups;
            multiply_group(product, v + (size_t)first * (size_t)product->chunk, u,
                m + (size_t)first * PANEL, end - first, n_vectors);
        }
    }
}

static void multiply(const struct mface_wino_product *product)
{
    if (product->is_narrow)
        multiply_points(product, 1);
    else
        multiply_points(product, 2);
}

/* Aᵀ of six vectors `stride` apart into four. Its factors are 1 / Π (p − q) over the other points
 * q; infinity's is 1. */
INLINE void restore4(const vec *m, const int stride, vec *y, const int y_stride)
{
    const float c0 = 1.0f / (0.390625f * 2.25f);
    const float ca = 1.0f / (2.0f * 0.390625f * (0.390625f - 2.25f));
    const float cb = 1.0f / (2.0f * 2.25f * (2.25f - 0.390625f));
    const vec even_a = m[stride] + m[2 * stride], odd_a = m[stride] - m[2 * stride];
    const vec even_b = m[3 * stride] + m[4 * stride], odd_b = m[3 * stride] - m[4 * stride];
    y[0] = multiply_add(all(cb), even_b, multiply_add(all(ca), even_a, all(c0) * m[0]));
    y[y_stride] = multiply_add(all(cb * b1), odd_b, all(ca * a1) * odd_a);
    y[2 * y_stride] = multiply_add(all(cb * b2), even_b, all(ca * a2) * even_a);
    y[3 * y_stride] = multiply_add(
        all(cb * b1 * b2), odd_b, multiply_add(all(ca * a1 * a2), odd_a, m[5 * stride]));
}

INLINE void write_result(
    const struct mface_wino_result *result, vec value, float *dst, const bool is_whole, int n)
{
    if (result->sum)
        value += is_whole ? load(dst) : load_some(dst, n);
    value = choose(value < all(0.0f), value * result->slope, value);
    const vec least = all(result->least), greatest = all(result->greatest);
    value = choose(value < least, least, value);
    value = choose(value > greatest, greatest, value);
    if (is_whole)
        store(dst, value);
    else
        store_some(dst, value, n);
}

INLINE void finish_lanes(
    const struct mface_wino_result *result, const int lane, const bool is_whole)
{
    vec m[SIDE * SIDE], half[TILE * SIDE], y[TILE * TILE];
    const vec bias = load(result->bias + lane);
    const int n = result->n_channels - lane;
    for (int i = 0; i < SIDE * SIDE; i++)
        m[i] = load(result->m + (size_t)i * result->m_plane + lane);
    for (int x = 0; x < SIDE; x++)
        restore4(m + x, SIDE, half + x, SIDE);
    for (int row = 0; row < TILE; row++)
        restore4(half + row * SIDE, 1, y + row * TILE, 1);
    for (int row = 0; row < result->n_rows; row++)
        for (int x = 0; x < result->n_columns; x++)
            write_result(result, y[row * TILE + x] + bias,
                result->dst + (size_t)row * result->dst_row + (size_t)x * result->dst_pixel + lane,
                is_whole, n);
}

static void finish(const struct mface_wino_result *result)
{
    for (int lane = 0; lane < result->n_channels; lane += WINO_LANES)
        if (result->n_channels - lane >= WINO_LANES)
            finish_lanes(result, lane, true);
        else
            finish_lanes(result, lane, false);
}

const struct mface_wino_kernels WINO_KERNELS = {
    .lanes = WINO_LANES,
    .rows = WINO_ROWS,
    .transform_source = transform_source,
    .transform_weights = transform_weights,
    .multiply = multiply,
    .finish = finish,
};

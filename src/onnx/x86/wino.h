/* The inner loops of Winograd convolutions over vectors of WINO_LANES floats. Included by a file
 * for each instruction set, which defines WINO_LANES, WINO_ROWS and the table's name, WINO_KERNELS.
 *
 * Multiply-adds are said explicitly: what the compiler makes of them does not depend on its mood.
 */
#include "onnx/wino_kernel.h"
#include "onnx/x86/wino_vector.h"

#define INLINE static inline __attribute__((always_inline))

enum {
    SIDE = MFACE_WINO_SIDE,
    TILE = MFACE_WINO_TILE,
    PANEL = MFACE_WINO_VECTORS * WINO_LANES,
    U_PLANE = MFACE_WINO_U_PLANE(PANEL),
    AHEAD = 32, // channels of pixels to fetch
};

/* The points are 0, ±a, ±b and infinity. */
static const float a1 = 0.625f, a2 = 0.390625f, b1 = 1.5f, b2 = 2.25f;

/* Bᵀ of six vectors. */
INLINE void transform6(vec d[SIDE])
{
    const vec even_a = multiply_add(all(-b2), d[2], d[4]),
              odd_a = multiply_add(all(-b2), d[1], d[3]);
    const vec even_b = multiply_add(all(-a2), d[2], d[4]),
              odd_b = multiply_add(all(-a2), d[1], d[3]);
    const vec ends = all(a2 * b2), mids = all(-a2 - b2);
    d[0] = multiply_add(ends, d[0], multiply_add(mids, d[2], d[4]));
    d[5] = multiply_add(ends, d[1], multiply_add(mids, d[3], d[5]));
    d[1] = multiply_add(all(a1), odd_a, even_a);
    d[2] = multiply_add(all(a1), -odd_a, even_a);
    d[3] = multiply_add(all(b1), odd_b, even_b);
    d[4] = multiply_add(all(b1), -odd_b, even_b);
}

/* Neither loop is unrolled: a row or a column is what registers hold. */
INLINE void transform_pixels(
    const struct mface_wino_source *source, int channel, const int n, float *out)
{
    vec half[SIDE][SIDE], d[SIDE];
#pragma GCC unroll 1
    for (int x = 0; x < SIDE; x++) {
        for (int y = 0; y < SIDE; y++) {
            const float *pixel = source->pixels[y * SIDE + x] + channel;
            d[y] = n == WINO_LANES ? load(pixel) : load_some(pixel, n);
            _mm_prefetch((const char *)(pixel + AHEAD), _MM_HINT_T0);
        }
        transform6(d);
        for (int y = 0; y < SIDE; y++)
            half[y][x] = d[y];
    }
    const size_t plane = source->plane;
#pragma GCC unroll 1
    for (int y = 0; y < SIDE; y++, out += SIDE * plane) {
        for (int x = 0; x < SIDE; x++)
            d[x] = half[y][x];
        transform6(d);
        for (int x = 0; x < SIDE; x++)
            store(out + (size_t)x * plane, d[x]);
    }
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

/* Two rows of G times three vectors each. The rows are 1 0 0, 0 0 1; 1 ±a a²; 1 ±b b². */
INLINE void expand_rows(const vec g[MFACE_WINO_TAPS], const int pair, vec rows[2][3])
{
    for (int x = 0; x < 3; x++) {
        const vec g0 = g[x], g1 = g[3 + x], g2 = g[6 + x];
        const vec even = multiply_add(all(pair == 1 ? a2 : b2), g2, g0);
        const vec point = all(pair == 1 ? a1 : b1);
        rows[0][x] = pair ? multiply_add(point, g1, even) : g0;
        rows[1][x] = pair ? multiply_add(point, -g1, even) : g2;
    }
}

/* All of G times three vectors. */
INLINE void expand3(const vec g[3], vec u[SIDE])
{
    const vec even_a = multiply_add(all(a2), g[2], g[0]);
    const vec even_b = multiply_add(all(b2), g[2], g[0]);
    u[0] = g[0];
    u[1] = multiply_add(all(a1), g[1], even_a);
    u[2] = multiply_add(all(a1), -g[1], even_a);
    u[3] = multiply_add(all(b1), g[1], even_b);
    u[4] = multiply_add(all(b1), -g[1], even_b);
    u[5] = g[2];
}

INLINE void transform_pair(const float *weights, int n, const int pair, float *u)
{
    for (int i = 0; i < n; i++, weights += MFACE_WINO_TAPS * PANEL, u += PANEL)
        for (int lane = 0; lane < PANEL; lane += WINO_LANES) {
            vec g[MFACE_WINO_TAPS], rows[2][3], whole[SIDE];
            for (int tap = 0; tap < MFACE_WINO_TAPS; tap++)
                g[tap] = load(weights + tap * PANEL + lane);
            expand_rows(g, pair, rows);
            for (int y = 0; y < 2; y++) {
                expand3(rows[y], whole);
                for (int x = 0; x < SIDE; x++)
                    store(u + (y * SIDE + x) * U_PLANE + lane, whole[x]);
            }
        }
}

static void transform_weights(const float *weights, int n, int pair, float *u)
{
    if (pair == 0)
        transform_pair(weights, n, 0, u);
    else if (pair == 1)
        transform_pair(weights, n, 1, u);
    else
        transform_pair(weights, n, 2, u);
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
INLINE void multiply_point(
    const struct mface_wino_product *product, size_t point, const float *u, const int n_vectors)
{
    const int n_tiles = product->n_tiles, n_groups = (n_tiles + WINO_ROWS - 1) / WINO_ROWS;
    const float *v = product->v + point * product->v_plane;
    float *m = product->m + point * product->m_plane;
    for (int group = 0; group < n_groups; group++) {
        const int first = n_tiles * group / n_groups, end = n_tiles * (group + 1) / n_groups;
        multiply_group(product, v + (size_t)first * (size_t)product->chunk, u,
            m + (size_t)first * PANEL, end - first, n_vectors);
    }
}

INLINE void multiply_points(const struct mface_wino_product *product, const int n_vectors)
{
    static const size_t rows[MFACE_WINO_PAIRS][2] = { { 0, 5 }, { 1, 2 }, { 3, 4 } };
    for (size_t i = 0; i < 2 * SIDE; i++)
        multiply_point(product, rows[product->pair][i / SIDE] * SIDE + i % SIDE,
            product->u + i * U_PLANE, n_vectors);
}

static void multiply(const struct mface_wino_product *product)
{
    if (product->is_narrow)
        multiply_points(product, 1);
    else
        multiply_points(product, 2);
}

/* Aᵀ of six vectors, into four. Its factors are 1 / Π (p − q) over the other points q; infinity's
 * is 1. */
INLINE void restore4(const vec m[SIDE], vec y[TILE])
{
    const float c0 = 1.0f / (0.390625f * 2.25f);
    const float ca = 1.0f / (2.0f * 0.390625f * (0.390625f - 2.25f));
    const float cb = 1.0f / (2.0f * 2.25f * (2.25f - 0.390625f));
    const vec even_a = m[1] + m[2], odd_a = m[1] - m[2];
    const vec even_b = m[3] + m[4], odd_b = m[3] - m[4];
    y[0] = multiply_add(all(cb), even_b, multiply_add(all(ca), even_a, all(c0) * m[0]));
    y[1] = multiply_add(all(cb * b1), odd_b, all(ca * a1) * odd_a);
    y[2] = multiply_add(all(cb * b2), even_b, all(ca * a2) * even_a);
    y[3] = multiply_add(all(cb * b1 * b2), odd_b, multiply_add(all(ca * a1 * a2), odd_a, m[5]));
}

INLINE void write_result(const struct mface_wino_result *result, vec value, float *dst,
    const enum mface_wino_activation activation, const int n)
{
    if (result->sum)
        value += n == WINO_LANES ? load(dst) : load_some(dst, n);
    if (activation == MFACE_WINO_SLOPE)
        value = choose(value < all(0.0f), value * result->slope, value);
    if (activation == MFACE_WINO_CUT) {
        value = choose(value < all(result->least), all(result->least), value);
        value = choose(value > all(result->greatest), all(result->greatest), value);
    }
    if (n == WINO_LANES)
        store(dst, value);
    else
        store_some(dst, value, n);
}

INLINE void finish_lanes(const struct mface_wino_result *result, const int lane,
    const enum mface_wino_activation activation, const int n)
{
    vec half[TILE][SIDE], y[TILE];
#pragma GCC unroll 1
    for (int x = 0; x < SIDE; x++) {
        vec m[SIDE];
        for (int row = 0; row < SIDE; row++)
            m[row] = load(result->m + (size_t)(row * SIDE + x) * result->m_plane + lane);
        restore4(m, y);
        for (int row = 0; row < TILE; row++)
            half[row][x] = y[row];
    }
    const vec bias = load(result->bias + lane);
    float *dst = result->dst + lane;
#pragma GCC unroll 1
    for (int row = 0; row < result->n_rows; row++, dst += result->dst_row) {
        restore4(half[row], y);
        for (int x = TILE; x < 2 * TILE; x++) // of the next tile
            _mm_prefetch((const char *)(dst + (size_t)x * result->dst_pixel), _MM_HINT_T0);
        for (int x = 0; x < TILE; x++)
            if (x < result->n_columns)
                write_result(
                    result, y[x] + bias, dst + (size_t)x * result->dst_pixel, activation, n);
    }
}

INLINE void finish_as(
    const struct mface_wino_result *result, const enum mface_wino_activation activation)
{
    for (int lane = 0; lane < result->n_channels; lane += WINO_LANES)
        if (result->n_channels - lane >= WINO_LANES)
            finish_lanes(result, lane, activation, WINO_LANES);
        else
            finish_lanes(result, lane, activation, result->n_channels - lane);
}

static void finish(const struct mface_wino_result *result)
{
    if (result->activation == MFACE_WINO_SLOPE)
        finish_as(result, MFACE_WINO_SLOPE);
    else if (result->activation == MFACE_WINO_CUT)
        finish_as(result, MFACE_WINO_CUT);
    else
        finish_as(result, MFACE_WINO_NONE);
}

const struct mface_wino_kernels WINO_KERNELS = {
    .lanes = WINO_LANES,
    .rows = WINO_ROWS,
    .transform_source = transform_source,
    .transform_weights = transform_weights,
    .multiply = multiply,
    .finish = finish,
};

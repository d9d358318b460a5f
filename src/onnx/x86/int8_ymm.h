/* Convolutions in bytes with registers of 256 bits, for the sources of one instruction set each,
 * which define before they include this:
 *
 *   BLOCK                                    pixels whose sums are kept at once
 *   struct quad, broadcast(bytes)            four bytes of a pixel, in all eight lanes
 *   add_products(sums, quad, weights)        a dot product with a lane's four weights
 *
 * A block's sums stay in registers over all input channels and taps: BLOCK pixels × 32 output
 * channels, four registers each. Steps and their order are those of int8_c.c. */
#include "onnx/int8_kernel.h"

#include <immintrin.h>

enum { LANES = 8, VECTORS = MFACE_INT8_PANEL / LANES, VECTOR_BYTES = 32 };

/* The first n lanes; all where there are more. */
static inline __m256i mask_of(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static void find_range(const float *values, size_t n, float range[2])
{
    __m256 least = _mm256_set1_ps(range[0]), greatest = _mm256_set1_ps(range[1]);
    for (size_t i = 0; i < n; i += LANES) {
        const int rest = n - i < LANES ? (int)(n - i) : LANES;
        const __m256 value = rest == LANES ? _mm256_loadu_ps(values + i)
                                           : _mm256_maskload_ps(values + i, mask_of(rest));
        least = _mm256_min_ps(value, least); // NaN: the second one
        greatest = _mm256_max_ps(value, greatest);
    }
    float lows[LANES], highs[LANES];
    _mm256_storeu_ps(lows, least);
    _mm256_storeu_ps(highs, greatest);
    for (int i = 0; i < LANES; i++) {
        range[0] = lows[i] < range[0] ? lows[i] : range[0];
        range[1] = highs[i] > range[1] ? highs[i] : range[1];
    }
}

static inline void round_lanes(const struct mface_int8_grid *grid, __m256 value, uint8_t *to)
{
    __m256 steps = _mm256_mul_ps(value, _mm256_set1_ps(grid->per_unit));
    steps = _mm256_max_ps(steps, _mm256_set1_ps((float)-grid->zero)); // NaN: the least
    steps = _mm256_min_ps(steps, _mm256_set1_ps((float)(255 - grid->zero)));
    const __m256i bytes =
        _mm256_add_epi32(_mm256_cvtps_epi32(steps), _mm256_set1_epi32(grid->zero));
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(words, words));
}

/* The last eight bytes may go beyond the channels; planes have room for whole groups. */
static void round_row(const struct mface_int8_row *row)
{
    const int n = row->n_channels, whole = n / LANES * LANES;
    const __m256i rest = mask_of(n - whole);
    for (int x = 0; x < row->n_pixels; x++) {
        const float *src = row->src + (size_t)x * row->distance;
        uint8_t *to = row->to + (size_t)x * MFACE_INT8_GROUP;
        for (int c = 0; c < n; c += LANES)
            round_lanes(&row->grid,
                c < whole ? _mm256_loadu_ps(src + c) : _mm256_maskload_ps(src + c, rest),
                to + (size_t)(c / MFACE_INT8_GROUP) * row->plane_bytes + c % MFACE_INT8_GROUP);
    }
}

/* What is done to sums on their way to the destination, for one vector of output channels. */
struct finish {
    __m256i shift; // what the byte of 0 adds to each sum
    __m256 unit, bias;
    size_t at[2];         // see struct mface_space_lanes
    __m256i mask, beyond; // the lanes of either part
    bool has_beyond;
};

/* Lanes whose bits are set. */
static inline __m256i mask_of_bits(uint32_t mask)
{
    const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)mask), bits), bits);
}

static struct finish finish_of(const struct mface_int8_band *band, int channel)
{
    const __m256i sums = _mm256_loadu_si256((const __m256i *)(band->sums + channel));
    const int rest = band->out_channels - channel;
    const struct mface_space_lanes lanes =
        mface_space_lanes_of(&band->space, channel, rest < LANES ? rest : LANES);
    return (struct finish) {
        .shift = _mm256_mullo_epi32(_mm256_set1_epi32(band->grid.zero), sums),
        .unit =
            _mm256_mul_ps(_mm256_set1_ps(band->grid.unit), _mm256_loadu_ps(band->units + channel)),
        .bias = _mm256_loadu_ps(band->bias + channel),
        .at = { lanes.at[0], lanes.at[1] },
        .mask = mask_of_bits(lanes.mask[0]),
        .beyond = mask_of_bits(lanes.mask[1]),
        .has_beyond = lanes.mask[1],
    };
}

/* `dst`: the pixel's first channel. */
static inline void finish_lanes(
    const struct mface_int8_band *band, const struct finish *finish, __m256i sum, float *dst)
{
    const __m256 steps = _mm256_cvtepi32_ps(_mm256_sub_epi32(sum, finish->shift));
    __m256 value = _mm256_add_ps(_mm256_mul_ps(steps, finish->unit), finish->bias);
    if (band->sum)
        value = _mm256_add_ps(value, _mm256_maskload_ps(dst + finish->at[0], finish->mask));
    const __m256 cut = _mm256_mul_ps(value, _mm256_set1_ps(band->slope));
    const __m256 is_negative = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_LT_OQ);
    value = _mm256_blendv_ps(value, cut, is_negative);
    _mm256_maskstore_ps(dst + finish->at[0], finish->mask, value);
    if (finish->has_beyond)
        _mm256_maskstore_ps(dst + finish->at[1], finish->beyond, value);
}

/* One tap of a block, n_quads quads of each pixel. */
static inline __attribute__((always_inline)) void multiply_tap(
    const uint8_t *pixels, const int8_t *weights, int n_quads, __m256i sums[BLOCK][VECTORS])
{
    for (int i = 0; i < n_quads; i++, pixels += MFACE_INT8_QUAD, weights += 2 * VECTOR_BYTES) {
#pragma GCC unroll 4
        for (int k = 0; k < BLOCK; k++) {
            const struct quad quad = broadcast(pixels + k * MFACE_INT8_GROUP);
#pragma GCC unroll 4
            for (int v = 0; v < VECTORS; v++)
                sums[k][v] = add_products(sums[k][v], quad,
                    *(const __m256i *)(weights + v / 2 * MFACE_INT8_TILE_BYTES +
                                       v % 2 * VECTOR_BYTES));
        }
    }
}

/* Not inlined: with the rest of a block around it, a sum does not find a register. */
static __attribute__((noinline)) void multiply(
    const struct mface_int8_band *band, const uint8_t *pixels, __m256i out[BLOCK][VECTORS])
{
    __m256i sums[BLOCK][VECTORS];
    const int8_t *weights = band->weights + (size_t)band->panel * band->panel_bytes;
#pragma GCC unroll 16
    for (int i = 0; i < BLOCK * VECTORS; i++)
        sums[i / VECTORS][i % VECTORS] = _mm256_setzero_si256();
    for (int phase = 0; phase < band->n_phases; phase++)
        for (int group = 0; group < band->n_groups; group++, pixels += band->plane_bytes) {
            const int n_quads = group + 1 < band->n_groups ? MFACE_INT8_QUADS : band->last_quads;
            const struct mface_taps *taps = &band->taps[phase];
            for (int tap = 0; tap < taps->n; tap++, weights += 2 * MFACE_INT8_TILE_BYTES)
                multiply_tap(pixels + taps->bytes[tap], weights, n_quads, sums);
        }
#pragma GCC unroll 16
    for (int i = 0; i < BLOCK * VECTORS; i++)
        out[i / VECTORS][i % VECTORS] = sums[i / VECTORS][i % VECTORS];
}

/* A block whose first pixel is `first` of the band's, columns of zeros included. */
static void convolve_block(
    const struct mface_int8_band *band, const struct finish finish[VECTORS], int first)
{
    __m256i sums[BLOCK][VECTORS];
    multiply(band, band->planes + (size_t)first * MFACE_INT8_GROUP, sums);
    const int end = band->n_rows * band->pitch, channel = band->panel * MFACE_INT8_PANEL;
#pragma GCC unroll 4
    for (int k = 0; k < BLOCK; k++) {
        const int y = (first + k) / band->pitch, x = (first + k) % band->pitch;
        if (first + k >= end || x == band->width)
            continue;
        float *dst = band->dst + (size_t)y * band->space.row + (size_t)(x * band->space.run);
        for (int v = 0; v < VECTORS && channel + v * LANES < band->out_channels; v++)
            finish_lanes(band, &finish[v], sums[k][v], dst);
    }
}

static void convolve(const struct mface_int8_band *band)
{
    struct finish finish[VECTORS];
    for (int v = 0; v < VECTORS; v++)
        finish[v] = finish_of(band, band->panel * MFACE_INT8_PANEL + v * LANES);
    const int end = band->n_rows * band->pitch - 1; // the last column of zeros leads nowhere
    for (int first = 0; first < end; first += BLOCK)
        convolve_block(band, finish, first);
}

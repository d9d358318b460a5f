/* Convolutions in bytes with AVX512-VNNI: vpdpbusd multiplies four bytes of pixels with four of
 * weights in each of 16 lanes, an output channel each.
 *
 * A block is 14 pixels × 32 output channels, whose sums stay in 28 registers over all input
 * channels and taps. Each quad of a pixel is read into all lanes and meets two registers of
 * weights: 16 loads for 28 products, of which two are started a cycle. */
#include "onnx/x86/int8_finish.h"

#include <immintrin.h>
#include <string.h>

enum { BLOCK = 14, LINE_BYTES = 64 };

static inline __m512i broadcast_quad(const uint8_t *pixel)
{
    int quad;
    memcpy(&quad, pixel, sizeof quad);
    return _mm512_set1_epi32(quad);
}

/* One tap of a block, n_quads quads of each pixel. */
static inline __attribute__((always_inline)) void multiply_tap(const uint8_t *pixels,
    const int8_t *weights, int n_quads, const bool wide, __m512i sums[2][BLOCK])
{
    for (int quad = 0; quad < n_quads; quad++, pixels += MFACE_INT8_QUAD, weights += 64) {
        const __m512i first = _mm512_load_si512(weights);
        const __m512i second =
            wide ? _mm512_load_si512(weights + MFACE_INT8_TILE_BYTES) : _mm512_setzero_si512();
#pragma GCC unroll 14
        for (int i = 0; i < BLOCK; i++) {
            const __m512i pixel = broadcast_quad(pixels + i * MFACE_INT8_GROUP);
            sums[0][i] = _mm512_dpbusd_epi32(sums[0][i], pixel, first);
            if (wide)
                sums[1][i] = _mm512_dpbusd_epi32(sums[1][i], pixel, second);
        }
    }
}

/* Weights of the next panel on their way into the second-level cache, so many lines at each tap. */
struct ahead {
    const int8_t *at;
    int n_lines;
};

static inline void fetch(struct ahead *ahead)
{
    for (int i = 0; i < ahead->n_lines; i++, ahead->at += LINE_BYTES)
        _mm_prefetch(ahead->at, _MM_HINT_T1);
}

static inline __attribute__((always_inline)) void multiply(const struct mface_int8_band *band,
    const uint8_t *pixels, const bool wide, struct ahead *ahead, __m512i sums[2][BLOCK])
{
    const int8_t *weights = band->weights + (size_t)band->panel * band->panel_bytes;
#pragma GCC unroll 14
    for (int i = 0; i < BLOCK; i++)
        sums[0][i] = sums[1][i] = _mm512_setzero_si512();
    for (int phase = 0; phase < band->n_phases; phase++)
        for (int group = 0; group < band->n_groups; group++, pixels += band->plane_bytes) {
            const int n_quads = group + 1 < band->n_groups ? MFACE_INT8_QUADS : band->last_quads;
            const struct mface_taps *taps = &band->taps[phase];
            for (int tap = 0; tap < taps->n; tap++, weights += 2 * MFACE_INT8_TILE_BYTES) {
                multiply_tap(pixels + taps->bytes[tap], weights, n_quads, wide, sums);
                fetch(ahead);
            }
        }
}

/* A block whose first pixel is `first` of the band's, columns of zeros included. */
static inline __attribute__((always_inline)) void convolve_block(const struct mface_int8_band *band,
    const struct finish *finish, int first, const bool wide, struct ahead *ahead)
{
    __m512i sums[2][BLOCK];
    multiply(band, band->planes + (size_t)first * MFACE_INT8_GROUP, wide, ahead, sums);
    const int end = band->n_rows * band->pitch;
    int y = first / band->pitch, x = first % band->pitch;
#pragma GCC unroll 14
    for (int i = 0; i < BLOCK; i++) {
        if (first + i < end && x < band->width) {
            float *dst = band->dst + (size_t)y * band->space.row + (size_t)(x * band->space.run);
            finish_lanes(finish, 0, sums[0][i], dst);
            if (wide)
                finish_lanes(finish, 1, sums[1][i], dst);
        }
        if (++x == band->pitch) {
            x = 0;
            y++;
        }
    }
}

static void convolve(const struct mface_int8_band *band)
{
    const struct finish finish = finish_of(band);
    const bool wide = band->out_channels - band->panel * MFACE_INT8_PANEL > LANES;
    const int end = band->n_rows * band->pitch - 1; // the last column of zeros leads nowhere
    const int n_blocks = (end + BLOCK - 1) / BLOCK,
              tap_lines = 2 * MFACE_INT8_TILE_BYTES / LINE_BYTES;
    struct ahead ahead = {
        .at = band->weights + (size_t)(band->panel + 1) * band->panel_bytes,
        .n_lines = band->has_next ? (tap_lines + n_blocks - 1) / n_blocks : 0,
    };
    for (int first = 0; first < end; first += BLOCK)
        if (wide)
            convolve_block(band, &finish, first, true, &ahead);
        else
            convolve_block(band, &finish, first, false, &ahead);
}

const struct mface_int8_loops mface_int8_vnni = {
    .is_fast = true,
    .find_range = mface_int8_find_range_avx512,
    .round_row = mface_int8_round_row_avx512,
    .convolve = convolve,
};

/* Pixels into planes and weights into panels, as amx_conv3x3.c reads them. */
#include "onnx/amx_kernel.h"

#include "base/mem.h"

#include <immintrin.h>
#include <string.h>

enum { HALF = MFACE_AMX_PANEL / 2 };

static void fill_row(const struct mface_amx_band *band, const uint16_t *src, int channels, char *to)
{
    const int n_whole = channels / MFACE_AMX_GROUP, rest = channels % MFACE_AMX_GROUP;
    const __mmask32 mask = (1u << rest) - 1;
    for (int x = 0; x < band->width; x++, src += channels) {
        char *at = to += MFACE_AMX_PIXEL_BYTES;
        for (int group = 0; group < n_whole; group++, at += band->plane_bytes)
            _mm512_store_si512(at, _mm512_loadu_si512(src + group * MFACE_AMX_GROUP));
        if (rest)
            _mm512_store_si512(at, _mm512_maskz_loadu_epi16(mask, src + n_whole * MFACE_AMX_GROUP));
    }
}

static void clear(const struct mface_amx_band *band, char *planes, size_t n_pixels)
{
    for (int group = 0; group < band->n_groups; group++)
        memset(planes + (size_t)group * band->plane_bytes, 0, n_pixels * MFACE_AMX_PIXEL_BYTES);
}

void mface_amx_fill_planes(const struct mface_amx_band *band, const uint16_t *src, int channels,
    int height, int row, int n_rows, char *planes)
{
    const size_t pitch = (size_t)band->pitch;
    for (int y = 0; y < n_rows; y++, planes += pitch * MFACE_AMX_PIXEL_BYTES) {
        const bool is_inside = row + y >= 0 && row + y < height;
        clear(band, planes, is_inside ? 1 : pitch);
        if (is_inside)
            fill_row(band, src + (size_t)(row + y) * (size_t)band->width * (size_t)channels,
                channels, planes);
    }
    clear(band, planes, MFACE_AMX_TAIL);
}

/* 16 output channels' weights of two input channels, one pair after the other. */
static inline __m512i pack_pair(__m512 even, __m512 odd)
{
    const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh(odd, even); // 16 even ones, 16 odd ones
    const __m512i low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(halves));
    const __m512i high = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(halves, 1));
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

void mface_amx_pack_half(
    const float *rows, size_t row_values, int channels, int n, int half, char *panel)
{
    const __mmask16 there = (__mmask16)((1u << n) - 1);
    const __m512i lanes = _mm512_mullo_epi32(_mm512_set1_epi32((int)row_values),
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    const __m512 zero = _mm512_setzero_ps();
    const int n_pairs = (channels + MFACE_AMX_GROUP - 1) / MFACE_AMX_GROUP * HALF;
    for (int pair = 0; pair < n_pairs; pair++)
        for (int tap = 0; tap < MFACE_AMX_TAPS; tap++) {
            const int channel = 2 * pair;
            const float *at = rows + (size_t)channel * MFACE_AMX_TAPS + tap;
            const __mmask16 even = channel < channels ? there : 0;
            const __mmask16 odd = channel + 1 < channels ? there : 0;
            const size_t tile = (size_t)((pair / HALF * MFACE_AMX_TAPS + tap) * 2 + half);
            _mm512_store_si512(
                panel + tile * MFACE_AMX_TILE_BYTES + (size_t)(pair % HALF) * MFACE_ALIGN,
                pack_pair(_mm512_mask_i32gather_ps(zero, even, lanes, at, sizeof *at),
                    _mm512_mask_i32gather_ps(zero, odd, lanes, at + MFACE_AMX_TAPS, sizeof *at)));
        }
}

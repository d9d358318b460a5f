/* Tiles of 16 rows of 64 bytes, as the pseudocode of Intel's instruction reference has them
 * (TILELOADD, TDPBF16PS, TDPBUSD). They are a thread's, are there only between configuration and
 * release, and hold rubbish before they are loaded. */
#include "base/cpu.h"
#include "onnx/amx.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { N_TILES = 8, N_ROWS = 16, ROW_BYTES = 64 };

static _Thread_local struct {
    int is_configured;
    __m512i row[N_TILES][N_ROWS];
} tiles;

bool mface_amx_is_available(void)
{
    return mface_cpu_flags() & MFACE_CPU_AVX512;
}

/* Offsets are those of the instruction's operand; the kernel's tiles are all of the largest size.
 */
void emulated_tile_config(const void *config)
{
    const uint8_t *bytes = config;
    uint16_t row_bytes[N_TILES];
    memcpy(row_bytes, bytes + 16, sizeof row_bytes);
    assert(bytes[0] == 1);
    for (int i = 0; i < N_TILES; i++)
        assert(row_bytes[i] == ROW_BYTES && bytes[48 + i] == N_ROWS);
    memset(&tiles, 0x5a, sizeof tiles);
    tiles.is_configured = 1;
}

void emulated_tile_release(void)
{
    tiles.is_configured = 0;
}

void emulated_tile_zero(int tile)
{
    assert(tiles.is_configured == 1);
    memset(tiles.row[tile], 0, sizeof tiles.row[tile]);
}

void emulated_tile_load(int tile, const void *from, ptrdiff_t stride_bytes)
{
    assert(tiles.is_configured == 1);
    for (int r = 0; r < N_ROWS; r++)
        tiles.row[tile][r] = _mm512_loadu_si512((const char *)from + r * stride_bytes);
}

void emulated_tile_store(int tile, void *to, ptrdiff_t stride_bytes)
{
    assert(tiles.is_configured == 1);
    for (int r = 0; r < N_ROWS; r++)
        _mm512_storeu_si512((char *)to + r * stride_bytes, tiles.row[tile][r]);
}

static __m512 even_of(__m512i pairs)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}

static __m512 odd_of(__m512i pairs)
{
    return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000)));
}

/* Even and odd products are summed up apart, and met at the end. */
void emulated_tile_multiply(int sums, int a, int b)
{
    assert(tiles.is_configured == 1);
    for (int r = 0; r < N_ROWS; r++) {
        uint32_t pairs[N_ROWS];
        __m512 even = _mm512_setzero_ps(), odd = even;
        memcpy(pairs, &tiles.row[a][r], sizeof pairs);
        for (int k = 0; k < N_ROWS; k++) {
            const __m512i pair = _mm512_set1_epi32((int)pairs[k]);
            even = _mm512_fmadd_ps(even_of(pair), even_of(tiles.row[b][k]), even);
            odd = _mm512_fmadd_ps(odd_of(pair), odd_of(tiles.row[b][k]), odd);
        }
        const __m512 former = _mm512_castsi512_ps(tiles.row[sums][r]);
        tiles.row[sums][r] = _mm512_castps_si512(_mm512_add_ps(former, _mm512_add_ps(even, odd)));
    }
}

/* The i-th byte of each lane, with its sign. */
static __m512i byte_of(__m512i quads, int i)
{
    return _mm512_srai_epi32(_mm512_sllv_epi32(quads, _mm512_set1_epi32(24 - 8 * i)), 24);
}

void emulated_tile_multiply_bytes(int sums, int a, int b)
{
    assert(tiles.is_configured == 1);
    for (int k = 0; k < ROW_BYTES; k++) {
        const __m512i weights = byte_of(tiles.row[b][k / 4], k % 4);
        for (int r = 0; r < N_ROWS; r++) {
            const int pixel = ((const uint8_t *)&tiles.row[a][r])[k];
            const __m512i products = _mm512_mullo_epi32(_mm512_set1_epi32(pixel), weights);
            tiles.row[sums][r] = _mm512_add_epi32(tiles.row[sums][r], products);
        }
    }
}

/* To nearest, ties to even; no NaN comes here. */
static __m256i narrow(__m512 values)
{
    const __m512i bits = _mm512_castps_si512(values);
    const __m512i is_odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i bias = _mm512_add_epi32(is_odd, _mm512_set1_epi32(0x7fff));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_add_epi32(bits, bias), 16));
}

__m512bh emulated_narrow(__m512 high, __m512 low)
{
    return (__m512bh)_mm512_inserti64x4(_mm512_castsi256_si512(narrow(low)), narrow(high), 1);
}

/* AMX for CPUs with AVX-512 but without it: included before anything else in the sources of the
 * kernel and in their test, which then use tiles of this test's own, under names of their own. */
#ifndef MFACE_TEST_AMX_EMULATED_H
#define MFACE_TEST_AMX_EMULATED_H

#include <immintrin.h>
#include <stddef.h>

void emulated_tile_config(const void *config);
void emulated_tile_release(void);
void emulated_tile_zero(int tile);
void emulated_tile_load(int tile, const void *from, ptrdiff_t stride_bytes);
void emulated_tile_store(int tile, void *to, ptrdiff_t stride_bytes);
void emulated_tile_multiply(int sums, int a, int b);       // of bf16
void emulated_tile_multiply_bytes(int sums, int a, int b); // unsigned ones by signed ones
__m512bh emulated_narrow(__m512 high, __m512 low);

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#undef _tile_dpbusd
#define _tile_loadconfig(config)        emulated_tile_config(config)
#define _tile_release()                 emulated_tile_release()
#define _tile_zero(tile)                emulated_tile_zero(tile)
#define _tile_loadd(tile, from, stride) emulated_tile_load(tile, from, (ptrdiff_t)(stride))
#define _tile_stored(tile, to, stride)  emulated_tile_store(tile, to, (ptrdiff_t)(stride))
#define _tile_dpbf16ps(sums, a, b)      emulated_tile_multiply(sums, a, b)
#define _tile_dpbusd(sums, a, b)        emulated_tile_multiply_bytes(sums, a, b)
#define _mm512_cvtne2ps_pbh(high, low)  emulated_narrow(high, low)

#define mface_amx_is_available       emulated_amx_is_available
#define mface_amx_begin              emulated_amx_begin
#define mface_amx_end                emulated_amx_end
#define mface_amx_conv3x3            emulated_amx_conv3x3
#define mface_amx_fill_planes        emulated_amx_fill_planes
#define mface_amx_pack_half          emulated_amx_pack_half
#define mface_amx_conv_pack          emulated_amx_conv_pack
#define mface_amx_conv_fits          emulated_amx_conv_fits
#define mface_amx_conv_pays          emulated_amx_conv_pays
#define mface_amx_conv_create        emulated_amx_conv_create
#define mface_amx_conv_free          emulated_amx_conv_free
#define mface_amx_conv_scratch_bytes emulated_amx_conv_scratch_bytes
#define mface_amx_conv_weight_bytes  emulated_amx_conv_weight_bytes
#define mface_amx_conv_run           emulated_amx_conv_run
#define mface_int8_amx               emulated_int8_amx

#endif

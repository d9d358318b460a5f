/* Each loop keeps more independent sums in flight than its instruction has cycles of latency to
 * hide, so that only the arithmetic units limit it. All threads run the loop at once; the best of a
 * few bursts counts, since others may use the machine. */
#include "peak.h"

#include "base/cpu.h"

#include <immintrin.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    THREADS_MAX = 256,
    N_BURSTS = 5,
    N_ROUNDS = 1 << 19,      // of vector instructions: some milliseconds
    N_TILE_ROUNDS = 1 << 17, // of tile instructions: likewise
    N_SUMS = 12,
};

/* Does its rounds; returns how many operations that were. */
typedef double (*loop_fn)(void);

/* Twelve sums in the first twelve registers; nobody reads them. */
#define STEPS(op, r)                                                                               \
    op " " r "15, " r "15, " r "0\n" op " " r "15, " r "15, " r "1\n" op " " r "15, " r "15, " r   \
       "2\n" op " " r "15, " r "15, " r "3\n" op " " r "15, " r "15, " r "4\n" op " " r "15, " r   \
       "15, " r "5\n" op " " r "15, " r "15, " r "6\n" op " " r "15, " r "15, " r "7\n" op " " r   \
       "15, " r "15, " r "8\n" op " " r "15, " r "15, " r "9\n" op " " r "15, " r "15, " r         \
       "10\n" op " " r "15, " r "15, " r "11\n"
#define LOOP(name, instruction, registers, flops)                                                  \
    static double name(void)                                                                       \
    {                                                                                              \
        __asm__ volatile("vzeroall" : : : ALL_REGISTERS);                                          \
        for (int n = 0; n < N_ROUNDS; n++)                                                         \
            __asm__ volatile(STEPS(instruction, registers) : : : ALL_REGISTERS);                   \
        return (double)N_ROUNDS * N_SUMS * (flops);                                                \
    }
#define ALL_REGISTERS                                                                              \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",       \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

LOOP(loop_avx2, "vfmadd231ps", "%%ymm", 8 * 2)
LOOP(loop_avx512, "vfmadd231ps", "%%zmm", 16 * 2)
LOOP(loop_avx512_bf16, "vdpbf16ps", "%%zmm", 32 * 2)
LOOP(loop_avx_vnni, "%{vex%} vpdpbusd", "%%ymm", 32 * 2)
LOOP(loop_avx512_vnni, "vpdpbusd", "%%zmm", 64 * 2)

/* Eight tiles of 16 rows of 64 bytes, the largest; Intel SDM volume 1, chapter 18. */
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} config = {
    .palette = 1,
    .row_bytes = { 64, 64, 64, 64, 64, 64, 64, 64 },
    .rows = { 16, 16, 16, 16, 16, 16, 16, 16 },
};

#define TILE_LOOP(name, isa, multiply, n_multiplied)                                               \
    __attribute__((target("amx-tile," isa))) static double name(void)                              \
    {                                                                                              \
        enum { N_TILE_SUMS = 6, TILE_FLOPS = 16 * 16 * (n_multiplied)*2 };                         \
        _tile_loadconfig(&config);                                                                 \
        _tile_zero(6);                                                                             \
        _tile_zero(7);                                                                             \
        for (int n = 0; n < N_TILE_ROUNDS; n++) {                                                  \
            multiply(0, 6, 7);                                                                     \
            multiply(1, 6, 7);                                                                     \
            multiply(2, 6, 7);                                                                     \
            multiply(3, 6, 7);                                                                     \
            multiply(4, 6, 7);                                                                     \
            multiply(5, 6, 7);                                                                     \
        }                                                                                          \
        _tile_release();                                                                           \
        return (double)N_TILE_ROUNDS * N_TILE_SUMS * TILE_FLOPS;                                   \
    }
TILE_LOOP(loop_amx_bf16, "amx-bf16", _tile_dpbf16ps, 32)
TILE_LOOP(loop_amx_int8, "amx-int8", _tile_dpbusd, 64)

/* Linux hands out the tile registers on request: arch_prctl(2), ARCH_REQ_XCOMP_PERM. */
static bool may_use_tiles(unsigned flag)
{
    enum { REQUEST = 0x1023, TILE_DATA = 18 };
    return mface_cpu_flags() & flag && syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
}

static loop_fn find_bf16(unsigned flags)
{
    if (may_use_tiles(MFACE_CPU_AMX_BF16))
        return loop_amx_bf16;
    return flags & MFACE_CPU_AVX512_BF16 ? loop_avx512_bf16 : NULL;
}

static loop_fn find_int8(unsigned flags)
{
    if (may_use_tiles(MFACE_CPU_AMX_INT8))
        return loop_amx_int8;
    if (flags & MFACE_CPU_AVX512_VNNI)
        return loop_avx512_vnni;
    return flags & MFACE_CPU_AVX_VNNI ? loop_avx_vnni : NULL;
}

static loop_fn find_loop(enum mface_precision precision)
{
    const unsigned flags = mface_cpu_flags();
    if (precision == MFACE_PRECISION_BF16)
        return find_bf16(flags);
    if (precision == MFACE_PRECISION_INT8)
        return find_int8(flags);
    if (flags & MFACE_CPU_AVX512)
        return loop_avx512;
    return flags & MFACE_CPU_AVX2 ? loop_avx2 : NULL;
}

struct burst {
    loop_fn loop;
    pthread_barrier_t barrier;
};

static void *work(void *arg)
{
    struct burst *burst = arg;
    pthread_barrier_wait(&burst->barrier);
    burst->loop();
    pthread_barrier_wait(&burst->barrier);
    return NULL;
}

/* GFLOP/s of one burst; the calling thread is one of those that work. 0: too few threads. */
static double run_burst(loop_fn loop, int n_threads)
{
    struct burst burst = { .loop = loop };
    pthread_t threads[THREADS_MAX];
    pthread_barrier_init(&burst.barrier, NULL, (unsigned)n_threads);
    for (int i = 1; i < n_threads; i++)
        if (pthread_create(&threads[i], NULL, work, &burst) != 0)
            return 0.0; // those started wait for the end of the program
    pthread_barrier_wait(&burst.barrier);
    const int64_t start_ns = mface_time_ns();
    const double flops = loop();
    pthread_barrier_wait(&burst.barrier);
    const int64_t took_ns = mface_time_ns() - start_ns;
    for (int i = 1; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&burst.barrier);
    return flops * n_threads / (double)took_ns;
}

double mface_peak_gflops(enum mface_precision precision, int n_threads)
{
    const loop_fn loop = find_loop(precision);
    double best = 0.0;
    if (!loop || n_threads < 1 || n_threads > THREADS_MAX)
        return 0.0;
    for (int i = 0; i < N_BURSTS; i++) {
        const double gflops = run_burst(loop, n_threads);
        best = gflops > best ? gflops : best;
    }
    return best;
}

/* What this machine offers, and what this process has used of it. All functions are thread-safe. */
#ifndef MFACE_BASE_CPU_H
#define MFACE_BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Instruction-set levels a kernel may ask for; each bit implies nothing about the others. */
enum mface_cpu_flag {
    MFACE_CPU_AVX2 = 1 << 0,        // with FMA, BMI2 and F16C
    MFACE_CPU_AVX512 = 1 << 1,      // F, BW, DQ, VL
    MFACE_CPU_AVX512_VNNI = 1 << 2, // u8×s8 dot products
    MFACE_CPU_AVX512_BF16 = 1 << 3,
    MFACE_CPU_AMX_BF16 = 1 << 4, // with AMX-TILE
    MFACE_CPU_AMX_INT8 = 1 << 5,
    MFACE_CPU_AVX512_VBMI = 1 << 6, // byte permutes across a register
    MFACE_CPU_AVX_VNNI = 1 << 7,    // u8×s8 dot products without AVX-512
};

/* Flags of this CPU and operating system, less what the mask hides. */
unsigned mface_cpu_flags(void);

/* Hides flags whose bit is clear in `mask`, to force slower paths in tests; ~0u shows all. Until
 * the first call the environment decides: MEMOFACE_CPU_MASK names a level as
 * mface_cpu_mask_of_level() takes it; unset or unknown, nothing is hidden. oneDNN has a limit of
 * its own, ONEDNN_MAX_CPU_ISA. */
void mface_cpu_set_mask(unsigned mask);

/* The mask that leaves what a level needs and what is below it: "c" nothing, "avx2", "avx512",
 * "vbmi" (AVX-512 with byte permutes), "all". False, with *mask untouched, for another word. */
bool mface_cpu_mask_of_level(const char *level, unsigned *mask);

/* The highest level as a word: "amx", "avx512", "avx2" or "x86-64". Static storage. */
const char *mface_cpu_isa_name(void);

/* What the CPU calls itself ("Intel(R) Xeon(R) …"); "" where it does not say. */
enum { MFACE_CPU_MODEL_BYTES = 49 };
void mface_cpu_model(char model[MFACE_CPU_MODEL_BYTES]);

/* Processors this process may run on (its affinity mask, further limited by a cgroup v2 CPU
 * quota, rounded up); at least 1. */
int mface_cpu_count(void);

/* CPU time of the whole process so far, user + system, in microseconds. */
int64_t mface_cpu_time_us(void);

/* CPU time of everything that runs on the machine, since it began, on all its processors together
 * and with what a host of virtual machines kept for others; in microseconds, to 10 ms. 0 where
 * /proc is missing. */
int64_t mface_machine_busy_us(void);
int mface_machine_processors(void); // running now, whether or not this process may use them

/* Monotonic wall clock in microseconds, and in nanoseconds. */
int64_t mface_time_us(void);
int64_t mface_time_ns(void);

/* Resident set: the peak since the process began, and now. 0 where /proc is missing. */
int64_t mface_rss_peak_bytes(void);
int64_t mface_rss_bytes(void);

#endif

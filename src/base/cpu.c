#include "base/cpu.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* XCR0 says which register files the operating system saves: YMM bits 1-2, ZMM 5-7, AMX 17-18. */
static uint64_t read_xcr0(void)
{
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static unsigned detect_flags(void)
{
    const uint64_t ymm = 0x6, zmm = 0xe6, amx = 0x60000;
    unsigned a, b, c, d, flags = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
        return 0;
    const unsigned c1 = c;
    const uint64_t xcr0 = read_xcr0();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    const unsigned b7 = b, c7 = c, d7 = d;
    if ((xcr0 & ymm) == ymm && (b7 & bit_AVX2) && (b7 & bit_BMI2) && (c1 & bit_FMA) &&
        (c1 & bit_F16C))
        flags |= MFACE_CPU_AVX2;
    if (flags & MFACE_CPU_AVX2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & (1u << 4))
        flags |= MFACE_CPU_AVX_VNNI;
    if (!(flags & MFACE_CPU_AVX2) || (xcr0 & zmm) != zmm)
        return flags;
    const unsigned core = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    if ((b7 & core) == core)
        flags |= MFACE_CPU_AVX512;
    if (flags & MFACE_CPU_AVX512 && c7 & bit_AVX512VNNI)
        flags |= MFACE_CPU_AVX512_VNNI;
    if (flags & MFACE_CPU_AVX512 && c7 & bit_AVX512VBMI)
        flags |= MFACE_CPU_AVX512_VBMI;
    if ((xcr0 & amx) == amx && d7 & (1u << 24)) {
        flags |= d7 & (1u << 22) ? MFACE_CPU_AMX_BF16 : 0;
        flags |= d7 & (1u << 25) ? MFACE_CPU_AMX_INT8 : 0;
    }
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && flags & MFACE_CPU_AVX512 && a & (1u << 5))
        flags |= MFACE_CPU_AVX512_BF16;
    return flags;
}

void mface_cpu_model(char model[MFACE_CPU_MODEL_BYTES])
{
    unsigned words[12] = { 0 };
    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002 + i, &words[4 * i], &words[4 * i + 1], &words[4 * i + 2],
                &words[4 * i + 3]))
            break;
    memcpy(model, words, sizeof words);
    model[sizeof words] = '\0';
}
#else
static unsigned detect_flags(void)
{
    return 0;
}

void mface_cpu_model(char model[MFACE_CPU_MODEL_BYTES])
{
    model[0] = '\0';
}
#endif

bool mface_cpu_mask_of_level(const char *level, unsigned *mask)
{
    static const struct {
        const char *name;
        unsigned mask;
    } levels[] = {
        { "c", 0 },
        { "avx2", MFACE_CPU_AVX2 },
        { "avx512", MFACE_CPU_AVX2 | MFACE_CPU_AVX512 },
        { "vbmi", MFACE_CPU_AVX2 | MFACE_CPU_AVX512 | MFACE_CPU_AVX512_VBMI },
        { "all", ~0u },
    };
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(levels[i].name, level) == 0) {
            *mask = levels[i].mask;
            return true;
        }
    return false;
}

/* Both words are settled by whoever asks first; threads that ask at once find the same. */
#define IS_SET (1u << 31)
static atomic_uint detected, cpu_mask;

static unsigned mask_of_environment(void)
{
    unsigned mask = ~0u;
    const char *level = getenv("MEMOFACE_CPU_MASK");
    if (level)
        (void)mface_cpu_mask_of_level(level, &mask);
    return mask | IS_SET;
}

unsigned mface_cpu_flags(void)
{
    unsigned flags = atomic_load_explicit(&detected, memory_order_relaxed);
    if (!flags) {
        flags = detect_flags() | IS_SET;
        atomic_store_explicit(&detected, flags, memory_order_relaxed);
    }
    unsigned mask = atomic_load_explicit(&cpu_mask, memory_order_relaxed);
    if (!mask) {
        // A mask set meanwhile stays.
        const unsigned fresh = mask_of_environment();
        mask = 0;
        if (atomic_compare_exchange_strong(&cpu_mask, &mask, fresh))
            mask = fresh;
    }
    return flags & mask & ~IS_SET;
}

void mface_cpu_set_mask(unsigned mask)
{
    atomic_store_explicit(&cpu_mask, mask | IS_SET, memory_order_relaxed);
}

const char *mface_cpu_isa_name(void)
{
    const unsigned flags = mface_cpu_flags();
    if (flags & MFACE_CPU_AMX_BF16)
        return "amx";
    if (flags & MFACE_CPU_AVX512)
        return "avx512";
    return flags & MFACE_CPU_AVX2 ? "avx2" : "x86-64";
}

/* cgroup v2 writes "QUOTA PERIOD" in microseconds, or "max PERIOD". */
static int cgroup_cpu_limit(void)
{
    long quota, period;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file)
        return 0;
    const int n = fscanf(file, "%ld %ld", &quota, &period);
    fclose(file);
    return n == 2 && quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

int mface_cpu_count(void)
{
    cpu_set_t set;
    int count = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = CPU_COUNT(&set);
    const int limit = cgroup_cpu_limit();
    return limit > 0 && limit < count ? limit : count;
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int64_t mface_cpu_time_us(void)
{
    return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t mface_machine_busy_us(void)
{
    long long user, nice, system, idle, waiting, irq, softirq, stolen;
    FILE *file = fopen("/proc/stat", "re");
    if (!file)
        return 0;
    const int n = fscanf(file, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice, &system,
        &idle, &waiting, &irq, &softirq, &stolen);
    fclose(file);
    const int64_t ticks = n == 8 ? user + nice + system + irq + softirq + stolen : 0;
    return ticks * (1000000 / sysconf(_SC_CLK_TCK));
}

int mface_machine_processors(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

int64_t mface_time_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t mface_time_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* getrusage() would count what the process was before exec(): a parent's memory. */
int64_t mface_rss_peak_bytes(void)
{
    char line[256];
    long long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    if (!file)
        return 0;
    while (kib == 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %lld", &kib) != 1)
            kib = 0;
    fclose(file);
    return (int64_t)kib * 1024;
}

int64_t mface_rss_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

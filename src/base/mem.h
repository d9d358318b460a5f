/* Memory: aligned allocation and arithmetic that cannot wrap.
 *
 * Everything is released with mface_mem_free(). All functions are thread-safe. */
#ifndef MFACE_BASE_MEM_H
#define MFACE_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One cache line, and the widest vector register of the CPUs we build for (AVX-512). */
#define MFACE_ALIGN 64

/* Uninitialised memory aligned to MFACE_ALIGN, or NULL. `size` 0 yields a unique pointer. */
void *mface_mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));

/* The same for a block that is walked end to end again and again: the part of it that fills huge
 * pages gets them where the system has them, which spares misses of the TLB. Takes no more memory
 * than mface_mem_alloc(). */
void *mface_mem_alloc_huge(size_t size) __attribute__((malloc, alloc_size(1)));

/* n × size zeroed bytes aligned to MFACE_ALIGN, or NULL (also when n × size wraps). */
void *mface_mem_calloc(size_t n, size_t size) __attribute__((malloc, alloc_size(1, 2)));

/* A copy of the string, or NULL. */
char *mface_mem_strdup(const char *text) __attribute__((malloc));

/* Accepts NULL. */
void mface_mem_free(void *ptr);

/* How often the system refused what was asked for, since the process began. */
int64_t mface_mem_n_failures(void);

/* *out = a × b; false, with *out untouched, when that does not fit. */
static inline bool mface_mul_size(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

/* Smallest multiple of `align` (a power of two) that is ≥ size. */
static inline size_t mface_align_up(size_t size, size_t align)
{
    return (size + align - 1) & ~(align - 1);
}

#endif

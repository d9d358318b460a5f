/* A cache as the benchmark of operations sees it: ours, or a peer's. */
#ifndef MFACE_BENCH_BACKEND_H
#define MFACE_BENCH_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct backend {
    const char *name;
    /* A budget, everything counted, for entries of about `entry_bytes`. NULL on failure. */
    void *(*open)(size_t budget_bytes, size_t entry_bytes);
    void (*close)(void *cache);
    /* Looks the key up and, where it is found, reads one byte and gives the reference back. */
    bool (*get)(void *cache, uint64_t n);
    /* Puts a new entry, its first 64 bytes written, and gives the reference back. */
    void (*insert)(void *cache, uint64_t n, size_t entry_bytes);
};

/* 128-bit keys that look like hashes, the same for all. */
static inline void backend_key(uint64_t n, uint64_t key[2])
{
    uint64_t x = n + 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    key[0] = x ^ x >> 31;
    key[1] = key[0] * 0xd6e8feb86659fd93u ^ n;
}

extern const struct backend backend_ours, backend_hcc, backend_lru;

#ifdef __cplusplus
}
#endif
#endif

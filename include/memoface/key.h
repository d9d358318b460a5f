/* 128-bit cache keys. */
#ifndef MEMOFACE_KEY_H
#define MEMOFACE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An XXH3 128-bit hash. Keys of different content are taken to differ: with 2^40 entries the
 * chance that any two collide is below 2^-48. */
struct mface_key {
    uint64_t lo, hi;
};

static inline bool mface_key_equal(struct mface_key a, struct mface_key b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

#ifdef __cplusplus
}
#endif
#endif

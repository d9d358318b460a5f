#include "base/hash.h"

#include <string.h>
/* The library's own choice of vector size by CPU: plain calls are SSE2. Values are the same. */
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif

static struct mface_key from_xxh(XXH128_hash_t hash)
{
    return (struct mface_key) { .lo = hash.low64, .hi = hash.high64 };
}

struct mface_key mface_key_from_bytes(const void *data, size_t size)
{
    return from_xxh(XXH3_128bits(data, size));
}

void mface_hasher_init(struct mface_hasher *hasher)
{
    /* The reset leaves the secret pointer's neighbours unset by design of XXH3_INITSTATE. */
    XXH3_INITSTATE(&hasher->state);
    XXH3_128bits_reset(&hasher->state);
}

void mface_hasher_add_bytes(struct mface_hasher *hasher, const void *data, size_t size)
{
    XXH3_128bits_update(&hasher->state, data, size);
}

void mface_hasher_add_u64(struct mface_hasher *hasher, uint64_t value)
{
    mface_hasher_add_bytes(hasher, &value, sizeof value);
}

void mface_hasher_add_f64(struct mface_hasher *hasher, double value)
{
    uint64_t bits = 0;
    if (value != 0.0)
        memcpy(&bits, &value, sizeof bits);
    mface_hasher_add_u64(hasher, bits);
}

void mface_hasher_add_str(struct mface_hasher *hasher, const char *text)
{
    const size_t length = strlen(text);
    mface_hasher_add_u64(hasher, length);
    mface_hasher_add_bytes(hasher, text, length);
}

void mface_hasher_add_key(struct mface_hasher *hasher, struct mface_key key)
{
    mface_hasher_add_u64(hasher, key.lo);
    mface_hasher_add_u64(hasher, key.hi);
}

struct mface_key mface_hasher_finish(const struct mface_hasher *hasher)
{
    return from_xxh(XXH3_128bits_digest(&hasher->state));
}

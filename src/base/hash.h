/* 128-bit keys: XXH3 over content, or over the values something is derived from.
 *
 * Two uses: the content hash of pixels (one call over bytes), and derivation keys (a stage's id,
 * version, settings and input keys fed to a hasher one after another). Values are hashed in their
 * little-endian memory form; add each with the typed call, so that a change of type shows. */
#ifndef MFACE_BASE_HASH_H
#define MFACE_BASE_HASH_H

#include <memoface/key.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define XXH_STATIC_LINKING_ONLY // the state lives on the stack
#include <xxhash.h>

/* Hash of `size` bytes. `data` may be NULL when size is 0. */
struct mface_key mface_key_from_bytes(const void *data, size_t size);

/* A running hash; lives on the stack, needs no clearing. */
struct mface_hasher {
    XXH3_state_t state;
};

void mface_hasher_init(struct mface_hasher *hasher);
void mface_hasher_add_bytes(struct mface_hasher *hasher, const void *data, size_t size);
void mface_hasher_add_u64(struct mface_hasher *hasher, uint64_t value);
void mface_hasher_add_f64(struct mface_hasher *hasher, double value);     // -0 counts as 0
void mface_hasher_add_str(struct mface_hasher *hasher, const char *text); // length, then bytes
void mface_hasher_add_key(struct mface_hasher *hasher, struct mface_key key);
struct mface_key mface_hasher_finish(const struct mface_hasher *hasher);

#endif

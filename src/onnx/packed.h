/* Weights as a kernel of our own reads them: taken from the store they are kept in, or packed, and
 * given to it. */
#ifndef MFACE_ONNX_PACKED_H
#define MFACE_ONNX_PACKED_H

#include "onnx/constant.h"

#include <stdbool.h>

struct mface_packed {
    const void *data; // aligned to MFACE_ALIGN
    size_t bytes;
    bool is_owned; // else it is the store's
};

/* How a kernel packs: items 0..n, each with a buffer to read the model's values into, whose
 * contents are random. `work`: values that are moved, all in all; see mface_parallel(). */
struct mface_packing {
    int threads;
    int64_t n, work;
    size_t buffer_bytes;
    void (*pack)(const void *user, int64_t i, void *buffer, void *packed);
    const void *user;
};

/* Sets what is packed. Where the store of the constant holds it in this layout, nothing is read.
 * MFACE_OK, or MFACE_ERR_NOMEM with nothing left to free. */
MFACE_NODISCARD enum mface_status mface_pack(const struct mface_constant *from,
    struct mface_key layout, size_t bytes, const struct mface_packing *packing,
    struct mface_packed *out);

void mface_packed_clear(struct mface_packed *packed); // of zeros, too

#endif

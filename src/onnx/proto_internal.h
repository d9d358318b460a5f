/* What the files that read ONNX messages share. */
#ifndef MFACE_ONNX_PROTO_INTERNAL_H
#define MFACE_ONNX_PROTO_INTERNAL_H

#include "onnx/arena.h"
#include "onnx/proto.h"
#include "onnx/wire.h"

struct mface_proto_reader {
    const char *name; // stands for the file in messages
    struct mface_arena *arena;
};

/* Logs "X: malformed WHAT" or "X: out of memory". */
enum mface_status mface_proto_bad(const struct mface_proto_reader *reader, const char *what);
enum mface_status mface_proto_nomem(const struct mface_proto_reader *reader);

/* Reads the next field into *field; *more is false at the end. Fails with "malformed WHAT". */
MFACE_NODISCARD enum mface_status mface_proto_next(const struct mface_proto_reader *reader,
    const char *what, struct mface_wire *message, struct mface_wire_field *field, bool *more);

/* A terminated copy of a BYTES field. */
MFACE_NODISCARD enum mface_status mface_proto_str(const struct mface_proto_reader *reader,
    const struct mface_wire_field *field, const char **out);

enum mface_dtype mface_proto_dtype(int64_t data_type); // TensorProto.DataType; NONE if unknown

/* A repeated number field (wire type `element`: VARINT, I32 or I64), packed or not, unpacked to
 * elements of `bytes` (4 or 8) each. */
MFACE_NODISCARD enum mface_status mface_proto_numbers(const struct mface_proto_reader *reader,
    struct mface_wire message, uint32_t number, enum mface_wire_type element, size_t bytes,
    void **out, size_t *n_out);

MFACE_NODISCARD enum mface_status mface_proto_tensor(const struct mface_proto_reader *reader,
    struct mface_wire message, struct mface_proto_tensor *out);

#endif

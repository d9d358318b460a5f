/* The protobuf wire format: a bounded walk over the fields of one message.
 *
 * A message is a run of fields, each a varint key (number << 3 | wire type) and a value. Every
 * field handed out lies inside the message it came from. */
#ifndef MFACE_ONNX_WIRE_H
#define MFACE_ONNX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes not read yet. */
struct mface_wire {
    const uint8_t *pos, *end;
};

enum mface_wire_type {
    MFACE_WIRE_VARINT = 0,
    MFACE_WIRE_I64 = 1,
    MFACE_WIRE_BYTES = 2,
    MFACE_WIRE_I32 = 5,
};

struct mface_wire_field {
    uint32_t number;
    enum mface_wire_type type;
    uint64_t value;          // VARINT, I64, I32
    struct mface_wire bytes; // BYTES
};

enum mface_wire_result {
    MFACE_WIRE_FIELD, // one field was read
    MFACE_WIRE_END,   // the message ended between fields
    MFACE_WIRE_SHORT, // the message ended inside a field
    MFACE_WIRE_BAD,   // not protobuf: an overlong varint, field 0, or a wire type of no use here
};

static inline size_t mface_wire_left(const struct mface_wire *wire)
{
    return (size_t)(wire->end - wire->pos);
}

/* Reads one varint (at most 10 bytes). */
enum mface_wire_result mface_wire_varint(struct mface_wire *wire, uint64_t *value);

/* Reads the next field. */
enum mface_wire_result mface_wire_next(struct mface_wire *wire, struct mface_wire_field *field);

/* How many fields of that number the message holds; it must have been walked to its end before.
 * Serves to allocate before filling, so the count is bounded by the bytes present. */
size_t mface_wire_count(struct mface_wire message, uint32_t number);

#endif

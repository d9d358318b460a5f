#include "onnx/wire.h"

#include <string.h>

enum mface_wire_result mface_wire_varint(struct mface_wire *wire, uint64_t *value)
{
    uint64_t result = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (wire->pos == wire->end)
            return MFACE_WIRE_SHORT;
        const uint8_t byte = *wire->pos++;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *value = result;
            return MFACE_WIRE_FIELD;
        }
    }
    return MFACE_WIRE_BAD;
}

static enum mface_wire_result read_fixed(struct mface_wire *wire, size_t size, uint64_t *value)
{
    if (mface_wire_left(wire) < size)
        return MFACE_WIRE_SHORT;
    *value = 0;
    memcpy(value, wire->pos, size);
    wire->pos += size;
    return MFACE_WIRE_FIELD;
}

static enum mface_wire_result read_bytes(struct mface_wire *wire, struct mface_wire *bytes)
{
    uint64_t size;
    const enum mface_wire_result result = mface_wire_varint(wire, &size);
    if (result != MFACE_WIRE_FIELD)
        return result;
    if (size > mface_wire_left(wire))
        return MFACE_WIRE_SHORT;
    *bytes = (struct mface_wire) { wire->pos, wire->pos + size };
    wire->pos += size;
    return MFACE_WIRE_FIELD;
}

enum mface_wire_result mface_wire_next(struct mface_wire *wire, struct mface_wire_field *field)
{
    if (wire->pos == wire->end)
        return MFACE_WIRE_END;
    uint64_t key;
    const enum mface_wire_result result = mface_wire_varint(wire, &key);
    if (result != MFACE_WIRE_FIELD)
        return result;
    if (key >> 3 == 0 || key >> 3 > (1u << 29) - 1)
        return MFACE_WIRE_BAD;
    field->number = (uint32_t)(key >> 3);
    field->type = (enum mface_wire_type)(key & 7);
    switch (field->type) {
    case MFACE_WIRE_VARINT:
        return mface_wire_varint(wire, &field->value);
    case MFACE_WIRE_I64:
        return read_fixed(wire, 8, &field->value);
    case MFACE_WIRE_I32:
        return read_fixed(wire, 4, &field->value);
    case MFACE_WIRE_BYTES:
        return read_bytes(wire, &field->bytes);
    }
    return MFACE_WIRE_BAD;
}

size_t mface_wire_count(struct mface_wire message, uint32_t number)
{
    size_t n = 0;
    struct mface_wire_field field;
    while (mface_wire_next(&message, &field) == MFACE_WIRE_FIELD)
        n += field.number == number;
    return n;
}

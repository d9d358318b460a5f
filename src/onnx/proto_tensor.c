/* TensorProto: dimensions, and data either raw (left in place) or in one of five typed lists. */
#include "onnx/proto_internal.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/shape.h"
#include <string.h>

enum tensor_field {
    FIELD_DIMS = 1,
    FIELD_DATA_TYPE = 2,
    FIELD_FLOAT_DATA = 4,
    FIELD_INT32_DATA = 5,
    FIELD_INT64_DATA = 7,
    FIELD_NAME = 8,
    FIELD_RAW_DATA = 9,
    FIELD_DOUBLE_DATA = 10,
    FIELD_DATA_LOCATION = 14,
};

enum mface_dtype mface_proto_dtype(int64_t data_type)
{
    switch (data_type) {
    case 1:
        return MFACE_DTYPE_F32;
    case 2:
        return MFACE_DTYPE_U8;
    case 3:
        return MFACE_DTYPE_I8;
    case 6:
        return MFACE_DTYPE_I32;
    case 7:
        return MFACE_DTYPE_I64;
    case 9:
        return MFACE_DTYPE_BOOL;
    case 10:
        return MFACE_DTYPE_F16;
    case 11:
        return MFACE_DTYPE_F64;
    }
    return MFACE_DTYPE_NONE;
}

/* Stores one element at *at and moves on. */
static enum mface_wire_result read_number(
    struct mface_wire *wire, enum mface_wire_type element, size_t bytes, char **at)
{
    uint64_t value = 0;
    enum mface_wire_result result = MFACE_WIRE_FIELD;
    if (element == MFACE_WIRE_VARINT) {
        result = mface_wire_varint(wire, &value);
    } else if (mface_wire_left(wire) < bytes) {
        result = MFACE_WIRE_SHORT;
    } else {
        memcpy(&value, wire->pos, bytes);
        wire->pos += bytes;
    }
    memcpy(*at, &value, bytes);
    *at += bytes;
    return result;
}

/* An upper bound of the elements in one field: what its bytes could hold at most. */
static size_t numbers_in_field(
    const struct mface_wire_field *field, enum mface_wire_type element, size_t bytes)
{
    if (field->type != MFACE_WIRE_BYTES)
        return 1;
    if (element != MFACE_WIRE_VARINT)
        return mface_wire_left(&field->bytes) / bytes;
    size_t n = 0;
    for (const uint8_t *p = field->bytes.pos; p < field->bytes.end; p++)
        n += !(*p & 0x80);
    return n;
}

enum mface_status mface_proto_numbers(const struct mface_proto_reader *reader,
    struct mface_wire message, uint32_t number, enum mface_wire_type element, size_t bytes,
    void **out, size_t *n_out)
{
    size_t n = 0;
    struct mface_wire_field field;
    for (struct mface_wire walk = message; mface_wire_next(&walk, &field) == MFACE_WIRE_FIELD;)
        if (field.number == number)
            n += numbers_in_field(&field, element, bytes);
    char *data = mface_arena_calloc(reader->arena, n, bytes);
    if (!data)
        return mface_proto_nomem(reader);
    char *at = data, *const end = data + n * bytes;
    while (mface_wire_next(&message, &field) == MFACE_WIRE_FIELD) {
        if (field.number != number)
            continue;
        if (field.type == MFACE_WIRE_BYTES) {
            while (mface_wire_left(&field.bytes)) {
                if (at == end || read_number(&field.bytes, element, bytes, &at) != MFACE_WIRE_FIELD)
                    return mface_proto_bad(reader, "number list");
            }
        } else if (field.type == element) {
            memcpy(at, &field.value, bytes);
            at += bytes;
        } else {
            return mface_proto_bad(reader, "number list");
        }
    }
    *out = data;
    *n_out = (size_t)(at - data) / bytes;
    return MFACE_OK;
}

/* int32_data holds the narrow types too, one per element. */
static void narrow(int32_t *values, size_t n, size_t bytes)
{
    for (size_t i = 0; i < n; i++)
        memmove((char *)values + i * bytes, &values[i], bytes);
}

static enum mface_status read_typed(const struct mface_proto_reader *reader,
    struct mface_wire message, struct mface_proto_tensor *t)
{
    const size_t bytes = mface_dtype_bytes(t->dtype);
    void *data = NULL;
    size_t n = 0;
    switch (t->dtype) {
    case MFACE_DTYPE_F32:
        MFACE_TRY(
            mface_proto_numbers(reader, message, FIELD_FLOAT_DATA, MFACE_WIRE_I32, 4, &data, &n));
        break;
    case MFACE_DTYPE_F64:
        MFACE_TRY(
            mface_proto_numbers(reader, message, FIELD_DOUBLE_DATA, MFACE_WIRE_I64, 8, &data, &n));
        break;
    case MFACE_DTYPE_I64:
        MFACE_TRY(mface_proto_numbers(
            reader, message, FIELD_INT64_DATA, MFACE_WIRE_VARINT, 8, &data, &n));
        break;
    case MFACE_DTYPE_NONE:
        return MFACE_OK;
    default:
        MFACE_TRY(mface_proto_numbers(
            reader, message, FIELD_INT32_DATA, MFACE_WIRE_VARINT, 4, &data, &n));
        if (bytes < 4)
            narrow(data, n, bytes);
    }
    t->data = data;
    t->bytes = n * bytes;
    return MFACE_OK;
}

static enum mface_status read_dims(
    const struct mface_proto_reader *reader, struct mface_wire message, struct mface_shape *shape)
{
    void *dims;
    size_t n;
    MFACE_TRY(mface_proto_numbers(reader, message, FIELD_DIMS, MFACE_WIRE_VARINT, 8, &dims, &n));
    if (n > MFACE_TENSOR_RANK_MAX)
        return mface_fail(MFACE_ERR_UNSUPPORTED,
            "%s: a tensor has %zu dimensions; at most %d are supported", reader->name, n,
            MFACE_TENSOR_RANK_MAX);
    shape->rank = (int)n;
    memcpy(shape->dim, dims, n * sizeof shape->dim[0]);
    return mface_shape_valid(shape) ? MFACE_OK : mface_proto_bad(reader, "tensor dimensions");
}

static enum mface_status check_size(
    const struct mface_proto_reader *reader, const struct mface_proto_tensor *t)
{
    if (t->external || t->dtype == MFACE_DTYPE_NONE)
        return MFACE_OK;
    const size_t want = (size_t)mface_shape_count(&t->shape) * mface_dtype_bytes(t->dtype);
    if (t->bytes == want)
        return MFACE_OK;
    return mface_fail(MFACE_ERR_FORMAT, "%s: tensor '%s' holds %zu bytes where its shape needs %zu",
        reader->name, t->name, t->bytes, want);
}

enum mface_status mface_proto_tensor(const struct mface_proto_reader *reader,
    struct mface_wire message, struct mface_proto_tensor *out)
{
    *out = (struct mface_proto_tensor) { .name = "" };
    struct mface_wire walk = message;
    struct mface_wire_field field;
    bool more, raw = false;
    for (;;) {
        MFACE_TRY(mface_proto_next(reader, "tensor", &walk, &field, &more));
        if (!more)
            break;
        if (field.number == FIELD_NAME && field.type == MFACE_WIRE_BYTES) {
            MFACE_TRY(mface_proto_str(reader, &field, &out->name));
        } else if (field.number == FIELD_DATA_TYPE && field.type == MFACE_WIRE_VARINT) {
            out->raw_type = (int)field.value;
        } else if (field.number == FIELD_DATA_LOCATION && field.type == MFACE_WIRE_VARINT) {
            out->external = field.value == 1;
        } else if (field.number == FIELD_RAW_DATA && field.type == MFACE_WIRE_BYTES) {
            raw = true;
            out->data = field.bytes.pos;
            out->bytes = mface_wire_left(&field.bytes);
        }
    }
    out->dtype = mface_proto_dtype(out->raw_type);
    MFACE_TRY(read_dims(reader, message, &out->shape));
    if (!raw)
        MFACE_TRY(read_typed(reader, message, out));
    return check_size(reader, out);
}

static enum mface_status copy_tensor(
    const char *name, const struct mface_proto_tensor *tensor, struct mface_tensor *out)
{
    if (tensor->dtype == MFACE_DTYPE_NONE)
        return mface_fail(
            MFACE_ERR_UNSUPPORTED, "%s: element type %d is not supported", name, tensor->raw_type);
    if (tensor->external)
        return mface_fail(
            MFACE_ERR_UNSUPPORTED, "%s: tensor data in another file is not supported", name);
    void *data = mface_mem_alloc(tensor->bytes);
    if (!data)
        return mface_fail_nomem(name);
    if (tensor->bytes)
        memcpy(data, tensor->data, tensor->bytes);
    *out = (struct mface_tensor) { .dtype = tensor->dtype, .shape = tensor->shape, .data = data };
    return MFACE_OK;
}

enum mface_status mface_proto_read_tensor(
    const char *name, const void *data, size_t size, struct mface_tensor *out)
{
    struct mface_arena arena = { 0 };
    const struct mface_proto_reader reader = { .name = name, .arena = &arena };
    struct mface_wire message = { data, (const uint8_t *)data + size };
    struct mface_proto_tensor tensor;
    enum mface_status status = mface_proto_tensor(&reader, message, &tensor);
    if (status == MFACE_OK)
        status = copy_tensor(name, &tensor, out);
    mface_arena_clear(&arena);
    return status;
}

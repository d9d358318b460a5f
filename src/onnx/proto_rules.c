#include "onnx/proto_rules.h"

#include "base/log.h"
#include <string.h>

enum mface_status mface_proto_bad(const struct mface_proto_reader *reader, const char *what)
{
    return mface_fail(MFACE_ERR_FORMAT, "%s: malformed %s", reader->name, what);
}

enum mface_status mface_proto_nomem(const struct mface_proto_reader *reader)
{
    return mface_fail_nomem(reader->name);
}

enum mface_status mface_proto_next(const struct mface_proto_reader *reader, const char *what,
    struct mface_wire *message, struct mface_wire_field *field, bool *more)
{
    const enum mface_wire_result result = mface_wire_next(message, field);
    *more = result == MFACE_WIRE_FIELD;
    return result <= MFACE_WIRE_END ? MFACE_OK : mface_proto_bad(reader, what);
}

enum mface_status mface_proto_str(
    const struct mface_proto_reader *reader, const struct mface_wire_field *field, const char **out)
{
    const size_t size = mface_wire_left(&field->bytes);
    char *text = mface_arena_calloc(reader->arena, size + 1, 1);
    if (!text)
        return mface_proto_nomem(reader);
    memcpy(text, field->bytes.pos, size);
    *out = text;
    return MFACE_OK;
}

static enum mface_status apply_rule(const struct mface_proto_reader *reader,
    const struct mface_proto_rule *rule, const struct mface_wire_field *field, char *out)
{
    if (field->type != rule->type)
        return MFACE_OK; // as unknown fields: skipped
    char *const member = out + rule->offset;
    switch (rule->kind) {
    case MFACE_KIND_STR:
        return mface_proto_str(reader, field, (const char **)(void *)member);
    case MFACE_KIND_INT:
        memcpy(member, &field->value, sizeof(int64_t));
        return MFACE_OK;
    case MFACE_KIND_F32:
        memcpy(member, &field->value, sizeof(float));
        return MFACE_OK;
    case MFACE_KIND_CHILD:
        break;
    }
    size_t *const n = (size_t *)(void *)(out + rule->count_offset);
    char *const children = *(char **)(void *)member;
    return rule->read(reader, field->bytes, children + (*n)++ * rule->child_bytes);
}

static const struct mface_proto_rule *find_rule(
    const struct mface_proto_rule *rules, size_t n_rules, uint32_t number)
{
    for (size_t i = 0; i < n_rules; i++)
        if (rules[i].number == number)
            return &rules[i];
    return NULL;
}

static enum mface_status alloc_children(const struct mface_proto_reader *reader,
    const struct mface_proto_rule *rules, size_t n_rules, struct mface_wire message, char *out)
{
    for (size_t i = 0; i < n_rules; i++) {
        if (rules[i].kind != MFACE_KIND_CHILD)
            continue;
        const size_t n = mface_wire_count(message, rules[i].number);
        void *children = mface_arena_calloc(reader->arena, n, rules[i].child_bytes);
        if (!children)
            return mface_proto_nomem(reader);
        memcpy(out + rules[i].offset, &children, sizeof children);
    }
    return MFACE_OK;
}

enum mface_status mface_proto_read(const struct mface_proto_reader *reader, const char *what,
    const struct mface_proto_rule *rules, size_t n_rules, struct mface_wire message, void *out)
{
    MFACE_TRY(alloc_children(reader, rules, n_rules, message, out));
    struct mface_wire_field field;
    bool more = true;
    while (more) {
        MFACE_TRY(mface_proto_next(reader, what, &message, &field, &more));
        const struct mface_proto_rule *rule = more ? find_rule(rules, n_rules, field.number) : NULL;
        if (rule)
            MFACE_TRY(apply_rule(reader, rule, &field, out));
    }
    return MFACE_OK;
}

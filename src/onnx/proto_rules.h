/* Messages as tables of rules: how ONNX files are walked. */
#ifndef MFACE_ONNX_PROTO_RULES_H
#define MFACE_ONNX_PROTO_RULES_H

#include "onnx/proto_internal.h"

enum mface_proto_kind { MFACE_KIND_STR, MFACE_KIND_INT, MFACE_KIND_F32, MFACE_KIND_CHILD };

/* One field a message may have: how to read it, and where to. A message is described by a table of
 * these, so that walking it is one function. */
struct mface_proto_rule {
    uint32_t number;
    enum mface_wire_type type;
    enum mface_proto_kind kind;
    size_t offset; // of the member: const char *, int64_t, float, or an array of children
    /* CHILD: where the count goes, size of one child, and its reader. */
    size_t count_offset, child_bytes;
    enum mface_status (*read)(
        const struct mface_proto_reader *reader, struct mface_wire message, void *out);
};

#define MFACE_RULE_STR(n, type_, member)                                                           \
    {                                                                                              \
        n, MFACE_WIRE_BYTES, MFACE_KIND_STR, offsetof(type_, member)                               \
    }
#define MFACE_RULE_INT(n, type_, member)                                                           \
    {                                                                                              \
        n, MFACE_WIRE_VARINT, MFACE_KIND_INT, offsetof(type_, member)                              \
    }
#define MFACE_RULE_F32(n, type_, member)                                                           \
    {                                                                                              \
        n, MFACE_WIRE_I32, MFACE_KIND_F32, offsetof(type_, member)                                 \
    }
#define MFACE_RULE_CHILD(n, type_, member, count, bytes, read)                                     \
    {                                                                                              \
        n, MFACE_WIRE_BYTES, MFACE_KIND_CHILD, offsetof(type_, member), offsetof(type_, count),    \
            bytes, read                                                                            \
    }
#define MFACE_N_RULES(rules) (sizeof(rules) / sizeof(rules)[0])

/* Reads a message into *out by its rules; `what` names it in errors. */
MFACE_NODISCARD enum mface_status mface_proto_read(const struct mface_proto_reader *reader,
    const char *what, const struct mface_proto_rule *rules, size_t n_rules,
    struct mface_wire message, void *out);

#endif

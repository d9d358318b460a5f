/* The ONNX backend node suite: one folder per case with a model of usually one node, inputs and
 * expected outputs.
 *
 * A case is foreign when its model has an operator memoface does not claim; it is skipped, with the
 * reason, when it needs a type or a mode that a claimed operator does not support; otherwise it
 * must pass. */
#ifndef TESTS_ONNX_SUITE_H
#define TESTS_ONNX_SUITE_H

#include "onnx/onnx.h"
#include <stdio.h>

enum outcome { OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_SKIP, OUTCOME_FOREIGN, N_OUTCOMES };

enum {
    CASE_OPS_MAX = 32,
    CASE_NAME_BYTES = 256,
    CASE_OP_BYTES = 48,
    CASE_NOTE_BYTES = 256,
};

/* Which inputs the case needs as compile-time constants, because shapes depend on them. */
enum constness { CONST_NONE, CONST_ALL_BUT_FIRST, CONST_ALL, N_CONSTNESS };

/* Cases in the edition of the suite (ONNX 1.12, Debian 12) that docs/operators.md reports. */
enum { SUITE_CASES = 932 };

struct suite_case {
    char name[CASE_NAME_BYTES];
    char ops[CASE_OPS_MAX][CASE_OP_BYTES]; // distinct, in order of appearance
    int n_ops;
    enum outcome outcome;
    enum constness constness;
    char note[CASE_NOTE_BYTES]; // why it failed or was skipped
};

/* Runs the case in folder `path`; fills everything but the name. */
void suite_case_run(const char *path, struct suite_case *out);

/* Is `got` what the suite expects? Integers exactly, floats within atol 1e-5 + rtol 1e-3. If not,
 * says in `note` by how much not. */
bool suite_tensor_matches(
    const struct mface_tensor *got, const struct mface_tensor *want, char note[CASE_NOTE_BYTES]);

/* The whole of a file; the caller frees it with mface_mem_free(). NULL: not there. */
void *suite_read_file(const char *path, size_t *size);

/* Writes docs/operators.md. */
void suite_write_doc(FILE *to, const struct suite_case *cases, size_t n_cases);

#endif

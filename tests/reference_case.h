/* Reference cases: a folder with a cases.json and raw little-endian arrays.
 *
 * cases.json is a list of cases, each { name, op, params { key: value }, inputs { key: array },
 * outputs { key: array } }, where an array is { file, dtype "uint8" | "float32", shape [..] }. */
#ifndef MFACE_TESTS_REFERENCE_CASE_H
#define MFACE_TESTS_REFERENCE_CASE_H

#include <jansson.h>
#include <memoface/image.h>
#include <stdbool.h>

enum { REF_DIMS_MAX = 4, REF_RESULTS_MAX = 4, REF_ARRAYS_MAX = 16 };

struct ref_array {
    void *data;
    size_t n; // values
    int shape[REF_DIMS_MAX];
    int n_dims;
    enum mface_sample sample;
};

/* What an op made for one of the case's outputs. When `steps` > 0, the values went through a
 * quantiser of that many steps, floor(x·steps)/steps + 2/steps, and `unstepped` holds them as they
 * were before. */
struct ref_result {
    const char *name;
    struct ref_array array, unstepped;
    float steps;
};

struct ref_case {
    const char *dir;
    const json_t *json;
    char problem[256];                       // why the case could not run; empty: it could
    struct ref_array inputs[REF_ARRAYS_MAX]; // owned, so that ops need not release them
    int n_inputs;
    struct ref_result results[REF_RESULTS_MAX]; // owned
    int n_results;
};

void ref_case_clear(struct ref_case *c);

/* Notes why the case fails, if nothing is noted yet; returns false. */
bool ref_fail(struct ref_case *c, const char *format, ...) MFACE_PRINTF(2, 3);

/* Parameters; a missing one has the value given. One outside min..max fails the case and counts as
 * min. */
double ref_number(struct ref_case *c, const char *key, double missing, double min, double max);
int ref_int(struct ref_case *c, const char *key, int missing, int min, int max);
bool ref_flag(const struct ref_case *c, const char *key, bool missing);
const char *ref_text(const struct ref_case *c, const char *key, const char *missing);

/* Reads an array from `group` ("inputs" or "outputs") into memory the caller frees. */
bool ref_read(struct ref_case *c, const char *group, const char *name, struct ref_array *out);

/* An input as an image of h×w×c (c 1 may be left out of the shape); fails for another shape. */
bool ref_image(struct ref_case *c, const char *name, int channels, struct mface_image *out);
/* The same, of one sample type only. */
bool ref_image_of(struct ref_case *c, const char *name, int channels, enum mface_sample sample,
    struct mface_image *out);
/* An input of rows×columns float32 values. */
const float *ref_table(struct ref_case *c, const char *name, int columns, int *n_rows);

/* Adds a zeroed result of that shape, whose pixels the op then fills. */
bool ref_result_image(struct ref_case *c, const char *name, int w, int h, int channels,
    enum mface_sample sample, struct mface_image *out);
/* Adds a result of rows×3 values copied from doubles. */
bool ref_result_matrix(struct ref_case *c, const char *name, const double m[6]);

/* The ops: each runs one case and adds its results; false when it could not. */
typedef bool (*ref_op)(struct ref_case *c);
/* NULL for an op nobody implements. */
ref_op ref_op_find(const char *name);

bool ref_align(struct ref_case *c);

#endif

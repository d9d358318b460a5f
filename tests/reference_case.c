/* Reading reference cases. Nothing in the file is trusted: shapes are bounded, file names stay in
 * the folder, and a file must be as long as its shape says. */
#include "reference_case.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 65535, VALUES_MAX = 1 << 28 };

static const char *sample_name(enum mface_sample sample)
{
    return sample == MFACE_SAMPLE_U8 ? "uint8" : "float32";
}

bool ref_fail(struct ref_case *c, const char *format, ...)
{
    if (c->problem[0] == '\0') {
        va_list args;
        va_start(args, format);
        vsnprintf(c->problem, sizeof(c->problem), format, args);
        va_end(args);
    }
    return false;
}

void ref_case_clear(struct ref_case *c)
{
    for (int i = 0; i < c->n_inputs; i++)
        free(c->inputs[i].data);
    for (int i = 0; i < c->n_results; i++) {
        free(c->results[i].array.data);
        free(c->results[i].unstepped.data);
    }
}

static const json_t *param(const struct ref_case *c, const char *key)
{
    return json_object_get(json_object_get(c->json, "params"), key);
}

double ref_number(struct ref_case *c, const char *key, double missing, double min, double max)
{
    const json_t *json = param(c, key);
    const double value = json_is_number(json) ? json_number_value(json) : missing;
    if (value >= min && value <= max)
        return value;
    ref_fail(c, "%s: %g is outside %g..%g", key, value, min, max);
    return min;
}

int ref_int(struct ref_case *c, const char *key, int missing, int min, int max)
{
    return (int)ref_number(c, key, missing, min, max);
}

bool ref_flag(const struct ref_case *c, const char *key, bool missing)
{
    const json_t *value = param(c, key);
    return json_is_boolean(value) ? json_is_true(value) : missing;
}

const char *ref_text(const struct ref_case *c, const char *key, const char *missing)
{
    const json_t *value = param(c, key);
    return json_is_string(value) ? json_string_value(value) : missing;
}

static bool parse_shape(const json_t *shape, struct ref_array *out)
{
    const size_t n_dims = json_array_size(shape);
    if (n_dims < 1 || n_dims > REF_DIMS_MAX)
        return false;
    out->n_dims = (int)n_dims;
    out->n = 1;
    for (size_t i = 0; i < n_dims; i++) {
        const json_int_t side = json_integer_value(json_array_get(shape, i));
        if (side < 1 || side > SIDE_MAX || out->n > VALUES_MAX / (size_t)side)
            return false;
        out->shape[i] = (int)side;
        out->n *= (size_t)side;
    }
    return true;
}

static bool parse_dtype(const json_t *dtype, struct ref_array *out)
{
    const char *name = json_is_string(dtype) ? json_string_value(dtype) : "";
    out->sample = strcmp(name, "uint8") == 0 ? MFACE_SAMPLE_U8 : MFACE_SAMPLE_F32;
    return strcmp(name, sample_name(out->sample)) == 0;
}

/* Exactly `bytes` bytes, or false. */
static bool read_file(const char *dir, const char *name, void *data, size_t bytes)
{
    char path[4096];
    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
        return false;
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    const bool whole = fread(data, 1, bytes, file) == bytes && fgetc(file) == EOF;
    fclose(file);
    return whole;
}

bool ref_read(struct ref_case *c, const char *group, const char *name, struct ref_array *out)
{
    *out = (struct ref_array) { 0 };
    const json_t *json = json_object_get(json_object_get(c->json, group), name);
    const char *file = json_string_value(json_object_get(json, "file"));
    if (!file || strchr(file, '/'))
        return ref_fail(c, "%s: no \"%s\" with a file in the folder", group, name);
    if (!parse_shape(json_object_get(json, "shape"), out))
        return ref_fail(c, "%s: bad shape", name);
    if (!parse_dtype(json_object_get(json, "dtype"), out))
        return ref_fail(c, "%s: dtype is neither uint8 nor float32", name);
    const size_t bytes = out->n * mface_sample_bytes(out->sample);
    out->data = malloc(bytes);
    if (!out->data || !read_file(c->dir, file, out->data, bytes)) {
        free(out->data);
        out->data = NULL;
        return ref_fail(c, "%s: cannot read %zu bytes, and no more, from %s", name, bytes, file);
    }
    return true;
}

static const struct ref_array *read_input(struct ref_case *c, const char *name)
{
    if (c->n_inputs == REF_ARRAYS_MAX) {
        ref_fail(c, "too many inputs");
        return NULL;
    }
    struct ref_array *array = &c->inputs[c->n_inputs];
    if (!ref_read(c, "inputs", name, array))
        return NULL;
    c->n_inputs++;
    return array;
}

static struct mface_image image_of(const struct ref_array *array, int channels)
{
    return (struct mface_image) {
        .data = array->data,
        .stride = (ptrdiff_t)array->shape[1] * channels * (int)mface_sample_bytes(array->sample),
        .w = array->shape[1],
        .h = array->shape[0],
        .c = channels,
        .sample = array->sample,
    };
}

bool ref_image(struct ref_case *c, const char *name, int channels, struct mface_image *out)
{
    const struct ref_array *array = read_input(c, name);
    if (!array)
        return false;
    const int last = array->n_dims == 3 ? array->shape[2] : 1;
    if ((array->n_dims != 2 && array->n_dims != 3) || last != channels)
        return ref_fail(c, "%s: not an image of %d channels", name, channels);
    *out = image_of(array, channels);
    return true;
}

bool ref_image_of(struct ref_case *c, const char *name, int channels, enum mface_sample sample,
    struct mface_image *out)
{
    if (!ref_image(c, name, channels, out))
        return false;
    if (out->sample != sample)
        return ref_fail(c, "%s: not %s", name, sample_name(sample));
    return true;
}

const float *ref_table(struct ref_case *c, const char *name, int columns, int *n_rows)
{
    const struct ref_array *array = read_input(c, name);
    if (!array)
        return NULL;
    if (array->n_dims != 2 || array->shape[1] != columns || array->sample != MFACE_SAMPLE_F32) {
        ref_fail(c, "%s: not float32 of N×%d", name, columns);
        return NULL;
    }
    *n_rows = array->shape[0];
    return array->data;
}

static struct ref_result *add_result(
    struct ref_case *c, const char *name, const struct ref_array *like)
{
    if (c->n_results == REF_RESULTS_MAX) {
        ref_fail(c, "too many results");
        return NULL;
    }
    struct ref_result *result = &c->results[c->n_results];
    *result = (struct ref_result) { .name = name, .array = *like };
    result->array.data = calloc(like->n, mface_sample_bytes(like->sample));
    if (!result->array.data) {
        ref_fail(c, "out of memory");
        return NULL;
    }
    c->n_results++;
    return result;
}

bool ref_result_image(struct ref_case *c, const char *name, int w, int h, int channels,
    enum mface_sample sample, struct mface_image *out)
{
    const struct ref_array like = {
        .n = (size_t)w * (size_t)h * (size_t)channels,
        .shape = { h, w, channels },
        .n_dims = 3,
        .sample = sample,
    };
    const struct ref_result *result = add_result(c, name, &like);
    if (!result)
        return false;
    *out = image_of(&result->array, channels);
    return true;
}

bool ref_result_matrix(struct ref_case *c, const char *name, const double m[6])
{
    const struct ref_array like = {
        .n = 6, .shape = { 2, 3 }, .n_dims = 2, .sample = MFACE_SAMPLE_F32
    };
    const struct ref_result *result = add_result(c, name, &like);
    for (int i = 0; result && i < 6; i++)
        ((float *)result->array.data)[i] = (float)m[i];
    return result != NULL;
}

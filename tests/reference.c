/* Runs a folder of reference cases: `reference DIR`.
 *
 * Every output a case declares must be produced, in its shape and type. Integers must lie within
 * ±1 on 99.5 % of values, floats within 2/255 everywhere.
 *
 * A value behind a quantiser jumps by a whole step when what went in moves by any amount across the
 * edge of a step, so there what went in is judged too: a value one step off passes when our value
 * before the step is within 2/255 of the interval which the reference's step stands for.
 *
 * Prints a line per case with the greatest difference and the share of values within the
 * tolerance, and closes with "N passed, N failed". Exit code 0: all passed; 1: not all, or none to
 * run; 2: the folder holds no readable cases.json. */
#include "reference_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_TOLERANCE   (2.0 / 255.0)
#define INTEGER_TOLERANCE 1.0
#define INTEGER_SHARE     0.995
#define ROUNDING          1e-6

struct verdict {
    double worst;                  // difference
    size_t n, n_within, n_stepped; // values; within the tolerance; of those, a step off
};

static double value_at(const struct ref_array *array, size_t i)
{
    return array->sample == MFACE_SAMPLE_U8 ? ((const uint8_t *)array->data)[i]
                                            : (double)((const float *)array->data)[i];
}

/* Whether our value before the quantiser is close to the interval of the reference's step. */
static bool step_is_close(const struct ref_result *ours, size_t i, double reference, double diff)
{
    if (ours->steps <= 0.0f || diff > 1.0 / ours->steps + ROUNDING)
        return false;
    const double before = value_at(&ours->unstepped, i), low = reference - 2.0 / ours->steps;
    const double high = low + 1.0 / ours->steps;
    return before >= low - FLOAT_TOLERANCE && before <= high + FLOAT_TOLERANCE;
}

static void judge_value(
    const struct ref_result *ours, const struct ref_array *reference, size_t i, struct verdict *v)
{
    const double want = value_at(reference, i), diff = fabs(value_at(&ours->array, i) - want);
    const bool is_float = reference->sample == MFACE_SAMPLE_F32;
    const bool within = diff <= (is_float ? FLOAT_TOLERANCE : INTEGER_TOLERANCE);
    const bool stepped = !within && step_is_close(ours, i, want, diff);
    v->n_within += within || stepped; // a NaN is neither
    v->n_stepped += stepped;
    if (!(diff <= v->worst))
        v->worst = diff;
}

/* Same shape, where an image of one channel may leave that dimension out. */
static bool same_shape(const struct ref_array *a, const struct ref_array *b)
{
    const bool same_rows = a->shape[0] == b->shape[0];
    return a->sample == b->sample && a->n == b->n && same_rows && a->shape[1] == b->shape[1];
}

static const struct ref_result *find_result(const struct ref_case *c, const char *name)
{
    for (int i = 0; i < c->n_results; i++)
        if (strcmp(c->results[i].name, name) == 0)
            return &c->results[i];
    return NULL;
}

static bool report(const char *name, const struct verdict *v, enum mface_sample sample)
{
    const double share = (double)v->n_within / (double)v->n;
    const bool is_float = sample == MFACE_SAMPLE_F32;
    printf("; %s worst %.3g%s, %.3f %% within", name, is_float ? v->worst * 255.0 : v->worst,
        is_float ? "/255" : "", 100.0 * share);
    if (v->n_stepped > 0)
        printf(" (%.3f %% a step off)", 100.0 * (double)v->n_stepped / (double)v->n);
    return is_float ? v->n_within == v->n : share >= INTEGER_SHARE;
}

static bool judge_output(struct ref_case *c, const char *name)
{
    struct ref_array reference;
    const struct ref_result *ours = find_result(c, name);
    if (!ours)
        return ref_fail(c, "nothing here makes an output \"%s\"", name);
    if (!ref_read(c, "outputs", name, &reference))
        return false;
    struct verdict verdict = { .n = reference.n };
    const bool comparable = same_shape(&ours->array, &reference);
    for (size_t i = 0; comparable && i < reference.n; i++)
        judge_value(ours, &reference, i, &verdict);
    free(reference.data);
    if (!comparable)
        return ref_fail(c, "%s: another shape or type", name);
    return report(name, &verdict, ours->array.sample);
}

static bool judge(struct ref_case *c)
{
    json_t *outputs = json_object_get(c->json, "outputs");
    const char *name;
    json_t *unused;
    bool passed = json_object_size(outputs) > 0 || ref_fail(c, "no outputs");
    json_object_foreach(outputs, name, unused)
    {
        (void)unused;
        passed &= judge_output(c, name);
    }
    return passed;
}

static bool run_case(const char *dir, const json_t *json)
{
    struct ref_case c = { .dir = dir, .json = json };
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *op_name = json_string_value(json_object_get(json, "op"));
    const ref_op op = op_name ? ref_op_find(op_name) : NULL;
    printf("%s", name ? name : "(no name)");
    if (!op)
        ref_fail(&c, "unknown op \"%s\"", op_name ? op_name : "");
    const bool judged = op && op(&c) && judge(&c), passed = judged && c.problem[0] == '\0';
    printf("%s%s: %s\n", c.problem[0] ? "; " : "", c.problem, passed ? "passed" : "FAILED");
    ref_case_clear(&c);
    return passed;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: reference DIR\n");
        return 2;
    }
    char path[4096];
    snprintf(path, sizeof(path), "%s/cases.json", argv[1]);
    json_error_t error;
    json_t *cases = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_array(cases)) {
        fprintf(stderr, "reference: %s: %s\n", path, cases ? "not a list" : error.text);
        json_decref(cases);
        return 2;
    }
    size_t i, n_passed = 0;
    json_t *json;
    json_array_foreach(cases, i, json)
    {
        n_passed += run_case(argv[1], json);
    }
    const size_t n_failed = json_array_size(cases) - n_passed;
    json_decref(cases);
    printf("%zu passed, %zu failed\n", n_passed, n_failed);
    return n_passed > 0 && n_failed == 0 ? 0 : 1;
}

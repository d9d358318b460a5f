/* What a model file is: facts first, then two ways to print them. */
#include <memoface/inspect.h>

#include "base/log.h"
#include "face/detect.h"
#include "face/mark.h"
#include "face/model.h"
#include "onnx/graph.h"
#include "pipeline/folder.h"
#include "pipeline/json.h"
#include "swap/dfm.h"

#include <inttypes.h>
#include <string.h>

enum { N_OPERATORS_MAX = 256 };

struct operator_count {
    const char *name; // owned by the model
    int64_t n;
};

struct facts {
    const char *path;
    const char *kind;              // "DFM", "detector", "marker", "other"
    const char *type;              // "ssd-mobilenet"; NULL
    const struct mface_onnx *onnx; // borrowed
    struct mface_onnx_summary summary;
    struct mface_key digest;
    const struct mface_dfm_info *dfm; // NULL unless it is one
    struct operator_count operators[N_OPERATORS_MAX];
    int n_operators;
};

/* In the order of first use. A graph with more operators than there are in all of ONNX is not worth
 * a longer list. */
static void count_operators(struct facts *facts)
{
    for (size_t i = 0; i < facts->onnx->n_nodes; i++) {
        const char *name = facts->onnx->nodes[i].proto->op_type;
        int k = 0;
        while (k < facts->n_operators && strcmp(facts->operators[k].name, name) != 0)
            k++;
        if (k == facts->n_operators && k < N_OPERATORS_MAX)
            facts->operators[facts->n_operators++] = (struct operator_count) { .name = name };
        if (k < N_OPERATORS_MAX)
            facts->operators[k].n++;
    }
}

static bool has_face_input(const struct mface_onnx *onnx)
{
    for (size_t i = 0; i < mface_onnx_n_inputs(onnx); i++)
        if (strstr(mface_onnx_input(onnx, i)->name, "in_face"))
            return true;
    return false;
}

static void name_kind(struct facts *facts)
{
    const char *detector = mface_detector_recognize(facts->onnx);
    const char *marker = mface_marker_recognize(facts->onnx);
    facts->kind = facts->dfm ? "DFM" : detector ? "detector" : marker ? "marker" : "other";
    facts->type = facts->dfm ? NULL : detector ? detector : marker;
}

/* "1×3×?×?" */
static void format_shape(const struct mface_shape *shape, char *text, size_t text_bytes)
{
    size_t length = 0;
    snprintf(text, text_bytes, "%s",
        shape->rank == 0  ? "scalar"
        : shape->rank < 0 ? "any shape"
                          : "");
    for (int i = 0; i < shape->rank && length < text_bytes; i++) {
        const char *times = i > 0 ? "×" : "";
        const int64_t dim = shape->dim[i];
        const int n = dim < 0
                          ? snprintf(text + length, text_bytes - length, "%s?", times)
                          : snprintf(text + length, text_bytes - length, "%s%" PRId64, times, dim);
        length += (size_t)n;
    }
}

static void print_value(FILE *file, const char *label, const struct mface_value_info *value)
{
    char shape[128];
    format_shape(&value->shape, shape, sizeof shape);
    fprintf(file, "  %-10s %s  %s %s\n", label, value->name, mface_dtype_name(value->dtype), shape);
}

static void print_dfm_text(const struct mface_dfm_info *dfm, FILE *file)
{
    fprintf(file, "  face       %d×%d%s\n", dfm->w, dfm->h, dfm->has_morph ? ", with morph" : "");
    fprintf(file, "  precision  %s", dfm->precision);
    if (dfm->bf16_us)
        fprintf(file, " (a face took %.1f ms in f32, %.1f ms in bf16)", (double)dfm->f32_us / 1000,
            (double)dfm->bf16_us / 1000);
    fputc('\n', file);
    fprintf(file, "  work       %.3g GFLOP a face\n", (double)dfm->flops / 1e9);
    fprintf(file, "  sha256     %s\n", dfm->sha256);
}

static void print_text(const struct facts *facts, FILE *file)
{
    fprintf(file, "%s\n  %-10s %s%s%s\n", facts->path, "kind", facts->kind, facts->type ? " " : "",
        facts->type ? facts->type : "");
    if (facts->dfm)
        print_dfm_text(facts->dfm, file);
    for (size_t i = 0; i < mface_onnx_n_inputs(facts->onnx); i++)
        print_value(file, i ? "" : "inputs", mface_onnx_input(facts->onnx, i));
    for (size_t i = 0; i < mface_onnx_n_outputs(facts->onnx); i++)
        print_value(file, i ? "" : "outputs", mface_onnx_output(facts->onnx, i));
    fprintf(file, "  %-10s %.1f MB\n", "weights", (double)facts->summary.weight_bytes / 1e6);
    fprintf(file, "  %-10s opset %" PRId64 "%s%s\n", "made by", facts->summary.opset,
        *facts->summary.producer ? ", " : "", facts->summary.producer);
    fprintf(file, "  %-10s %zu, all of them known:", "operators", facts->summary.n_nodes);
    for (int i = 0; i < facts->n_operators; i++)
        fprintf(file, "%s %" PRId64 " %s", i ? "," : "", facts->operators[i].n,
            facts->operators[i].name);
    fprintf(file, "\n  %-10s %016" PRIx64 "%016" PRIx64 "\n", "xxh3", facts->digest.hi,
        facts->digest.lo);
}

static void print_values_json(struct mface_json *json, const char *key,
    const struct mface_onnx *onnx, size_t n,
    const struct mface_value_info *(*get)(const struct mface_onnx *onnx, size_t i))
{
    mface_json_open_array(json, key);
    for (size_t i = 0; i < n; i++) {
        const struct mface_value_info *value = get(onnx, i);
        mface_json_open_object(json, NULL);
        mface_json_add_str(json, "name", value->name);
        mface_json_add_str(json, "type", mface_dtype_name(value->dtype));
        mface_json_open_array(json, "shape"); // -1: free
        for (int k = 0; k < value->shape.rank; k++)
            mface_json_add_int(json, NULL, value->shape.dim[k]);
        mface_json_close_array(json);
        mface_json_close_object(json);
    }
    mface_json_close_array(json);
}

static void print_dfm_json(const struct mface_dfm_info *dfm, struct mface_json *json)
{
    mface_json_add_int(json, "width", dfm->w);
    mface_json_add_int(json, "height", dfm->h);
    mface_json_add_bool(json, "morph", dfm->has_morph);
    mface_json_add_str(json, "precision", dfm->precision);
    if (dfm->bf16_us) {
        mface_json_add_float(json, "f32_ms", (double)dfm->f32_us / 1000);
        mface_json_add_float(json, "bf16_ms", (double)dfm->bf16_us / 1000);
    }
    mface_json_add_int(json, "flops", dfm->flops);
    mface_json_add_str(json, "sha256", dfm->sha256);
}

static void print_json(const struct facts *facts, FILE *file)
{
    struct mface_json json = { .file = file };
    char digest[33];
    snprintf(
        digest, sizeof digest, "%016" PRIx64 "%016" PRIx64, facts->digest.hi, facts->digest.lo);
    mface_json_open_object(&json, NULL);
    mface_json_add_str(&json, "path", facts->path);
    mface_json_add_str(&json, "kind", facts->kind);
    if (facts->type)
        mface_json_add_str(&json, "type", facts->type);
    if (facts->dfm)
        print_dfm_json(facts->dfm, &json);
    print_values_json(
        &json, "inputs", facts->onnx, mface_onnx_n_inputs(facts->onnx), mface_onnx_input);
    print_values_json(
        &json, "outputs", facts->onnx, mface_onnx_n_outputs(facts->onnx), mface_onnx_output);
    mface_json_add_int(&json, "weight_bytes", facts->summary.weight_bytes);
    mface_json_add_int(&json, "opset", facts->summary.opset);
    mface_json_add_str(&json, "producer", facts->summary.producer);
    mface_json_add_int(&json, "nodes", (int64_t)facts->summary.n_nodes);
    mface_json_open_object(&json, "operators");
    for (int i = 0; i < facts->n_operators; i++)
        mface_json_add_int(&json, facts->operators[i].name, facts->operators[i].n);
    mface_json_close_object(&json);
    mface_json_add_str(&json, "xxh3", digest);
    mface_json_close_object(&json);
}

static enum mface_status print_model(
    const struct mface_face_model *model, struct facts *facts, FILE *file, int as_json)
{
    struct mface_dfm *dfm = NULL;
    facts->onnx = mface_face_model_onnx(model);
    facts->digest = mface_face_model_digest(model);
    if (has_face_input(facts->onnx)) { // it means to be a DFM: if it is none, say why
        char folder[PATH_MAX];
        mface_folder_find("", folder);
        MFACE_TRY(mface_dfm_open(
            facts->path, &(struct mface_dfm_open_params) { .folder = folder }, &dfm));
        facts->dfm = mface_dfm_info(dfm);
    }
    mface_onnx_summarize(facts->onnx, &facts->summary);
    count_operators(facts);
    name_kind(facts);
    if (as_json)
        print_json(facts, file);
    else
        print_text(facts, file);
    mface_dfm_free(&dfm);
    return ferror(file) ? mface_fail(MFACE_ERR_IO, "%s: could not be printed", facts->path)
                        : MFACE_OK;
}

/* An operator memoface lacks is what the loader fails on, naming it. */
enum mface_status mface_model_print(const char *path, FILE *file, int as_json)
{
    struct facts facts = { .path = path };
    struct mface_face_model *model;
    MFACE_TRY(mface_face_model_open(path, 0, &model));
    const enum mface_status status = print_model(model, &facts, file, as_json);
    mface_face_model_free(&model);
    return status;
}

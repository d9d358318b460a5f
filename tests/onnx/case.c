/* Runs one case: loads the model, compiles it for the shapes of the inputs, compares outputs.
 *
 * Inputs stay run-time inputs as far as the operator allows it. Where a shape depends on data the
 * plan refuses, and the case is compiled again with all inputs but the first constant, then with
 * all of them. */
#include "base/log.h"
#include "base/mem.h"
#include "onnx/arena.h"
#include "onnx/op.h"
#include "onnx/proto.h"
#include "suite.h"

#include <string.h>
#include <sys/stat.h>

enum { TENSORS_MAX = 32, PATH_BYTES = 1200 };

struct tensors {
    struct mface_tensor t[TENSORS_MAX];
    size_t n;
};

static void tensors_clear(struct tensors *tensors)
{
    for (size_t i = 0; i < tensors->n; i++)
        mface_mem_free(tensors->t[i].data);
    tensors->n = 0;
}

static char last_message[CASE_NOTE_BYTES];

static void keep_message(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    (void)level;
    const char *detail = strstr(message, "): "); // "MODEL: operator 'X' (node ''): detail"
    snprintf(last_message, sizeof last_message, "%s", detail ? detail + 3 : message);
}

static enum outcome conclude(struct suite_case *out, enum outcome outcome, const char *note)
{
    snprintf(out->note, sizeof out->note, "%s", note);
    return out->outcome = outcome;
}

static void add_op(struct suite_case *out, const char *name)
{
    for (int i = 0; i < out->n_ops; i++)
        if (strcmp(out->ops[i], name) == 0)
            return;
    if (out->n_ops < CASE_OPS_MAX)
        snprintf(out->ops[out->n_ops++], CASE_OP_BYTES, "%s", name);
}

static int64_t opset_of(const struct mface_proto_model *model, const char *domain)
{
    for (size_t i = 0; i < model->n_opsets; i++)
        if (strcmp(model->opsets[i].domain, domain) == 0)
            return model->opsets[i].version;
    return 0;
}

static bool types_known(const struct mface_value_info *infos, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (infos[i].dtype == MFACE_DTYPE_NONE)
            return false;
    return true;
}

/* Lists the operators; decides whether the case can be tried at all. */
static enum outcome examine(const void *data, size_t size, struct suite_case *out)
{
    struct mface_arena arena = { 0 };
    struct mface_proto_model model;
    enum outcome outcome = OUTCOME_PASS;
    if (mface_proto_read_model("model", data, size, &arena, &model) != MFACE_OK) {
        mface_arena_clear(&arena);
        return conclude(out, OUTCOME_FOREIGN, last_message);
    }
    const struct mface_proto_graph *graph = &model.graph;
    for (size_t i = 0; i < graph->n_nodes; i++) {
        const struct mface_proto_node *node = &graph->nodes[i];
        add_op(out, node->op_type);
        if (!mface_op_find(node->domain, node->op_type, opset_of(&model, node->domain)))
            outcome = conclude(out, OUTCOME_FOREIGN, node->op_type);
    }
    if (outcome == OUTCOME_PASS && (!types_known(graph->inputs, graph->n_inputs) ||
                                       !types_known(graph->outputs, graph->n_outputs)))
        outcome = conclude(out, OUTCOME_SKIP, "an input or output is of a type memoface lacks");
    mface_arena_clear(&arena);
    return outcome;
}

/* Reads KIND_0.pb, KIND_1.pb, ... */
static enum mface_status read_tensors(
    const char *folder, const char *kind, size_t n, struct tensors *out)
{
    for (out->n = 0; out->n < n && out->n < TENSORS_MAX; out->n++) {
        char path[PATH_BYTES + 64];
        size_t size;
        snprintf(path, sizeof path, "%s/%s_%zu.pb", folder, kind, out->n);
        void *data = suite_read_file(path, &size);
        if (!data)
            return MFACE_ERR_NOENT;
        const enum mface_status status = mface_proto_read_tensor(path, data, size, &out->t[out->n]);
        mface_mem_free(data);
        MFACE_TRY(status);
    }
    return MFACE_OK;
}

static enum mface_status compile(const struct mface_onnx *onnx, const struct tensors *inputs,
    enum constness constness, struct mface_plan **plan)
{
    struct mface_tensor params[TENSORS_MAX];
    memcpy(params, inputs->t, sizeof params);
    for (size_t i = 0; i < inputs->n; i++)
        if (constness == CONST_NONE || (constness == CONST_ALL_BUT_FIRST && i == 0))
            params[i].data = NULL;
    return mface_plan_create(onnx,
        &(struct mface_plan_params) { .inputs = params, .n_inputs = inputs->n, .threads = 1 },
        plan);
}

/* Compiles with as few constant inputs as the model allows. */
static enum mface_status compile_freest(const struct mface_onnx *onnx, const struct tensors *inputs,
    enum constness *constness, struct mface_plan **plan)
{
    enum mface_status status = MFACE_OK;
    for (int i = CONST_NONE; i < N_CONSTNESS; i++) {
        *constness = (enum constness)i;
        status = compile(onnx, inputs, *constness, plan);
        if (status == MFACE_OK)
            break;
    }
    return status;
}

/* Buffers as the plan says, filled with a pattern no result has. */
static enum mface_status make_outputs(
    const struct mface_plan *plan, size_t n, struct tensors *outputs)
{
    for (outputs->n = 0; outputs->n < n; outputs->n++) {
        const struct mface_value_info *info = mface_plan_output(plan, outputs->n);
        struct mface_tensor *t = &outputs->t[outputs->n];
        *t = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        t->data = mface_mem_alloc(mface_tensor_bytes(t));
        if (!t->data)
            return MFACE_ERR_NOMEM;
        memset(t->data, 0x5a, mface_tensor_bytes(t));
    }
    return MFACE_OK;
}

static enum outcome compare(struct mface_plan *plan, const struct tensors *inputs,
    const struct tensors *wanted, struct suite_case *out)
{
    struct tensors outputs = { 0 };
    enum mface_status status = make_outputs(plan, wanted->n, &outputs);
    if (status == MFACE_OK)
        status = mface_plan_run(plan, inputs->t, outputs.t);
    enum outcome outcome = OUTCOME_PASS;
    if (status != MFACE_OK)
        outcome = conclude(out, OUTCOME_FAIL, last_message);
    for (size_t i = 0; outcome == OUTCOME_PASS && i < wanted->n; i++)
        if (!suite_tensor_matches(&outputs.t[i], &wanted->t[i], out->note))
            outcome = out->outcome = OUTCOME_FAIL;
    tensors_clear(&outputs);
    return outcome;
}

static enum outcome run_data(
    const struct mface_onnx *onnx, const char *folder, struct suite_case *out)
{
    struct tensors inputs = { 0 }, wanted = { 0 };
    struct mface_plan *plan = NULL;
    enum outcome outcome;
    if (read_tensors(folder, "input", mface_onnx_n_inputs(onnx), &inputs) != MFACE_OK ||
        read_tensors(folder, "output", mface_onnx_n_outputs(onnx), &wanted) != MFACE_OK) {
        outcome = conclude(out, OUTCOME_FAIL, "its data cannot be read");
    } else {
        const enum mface_status status = compile_freest(onnx, &inputs, &out->constness, &plan);
        outcome = status == MFACE_OK                ? compare(plan, &inputs, &wanted, out)
                  : status == MFACE_ERR_UNSUPPORTED ? conclude(out, OUTCOME_SKIP, last_message)
                                                    : conclude(out, OUTCOME_FAIL, last_message);
    }
    mface_plan_free(&plan);
    tensors_clear(&inputs);
    tensors_clear(&wanted);
    return outcome;
}

static void run_all_data(const char *path, const void *data, size_t size, struct suite_case *out)
{
    struct mface_onnx *onnx;
    if (mface_onnx_load_mem("model", data, size, &onnx) != MFACE_OK) {
        conclude(out, OUTCOME_FAIL, last_message);
        return;
    }
    int n_sets = 0;
    char folder[PATH_BYTES];
    struct stat info;
    out->outcome = OUTCOME_PASS;
    while (snprintf(folder, sizeof folder, "%s/test_data_set_%d", path, n_sets),
        out->outcome == OUTCOME_PASS && stat(folder, &info) == 0) {
        run_data(onnx, folder, out);
        n_sets++;
    }
    if (n_sets == 0)
        conclude(out, OUTCOME_FAIL, "it has no data");
    mface_onnx_free(&onnx);
}

void suite_case_run(const char *path, struct suite_case *out)
{
    char model[PATH_BYTES];
    size_t size;
    snprintf(model, sizeof model, "%s/model.onnx", path);
    void *data = suite_read_file(model, &size);
    if (!data) {
        conclude(out, OUTCOME_FAIL, "it has no model");
        return;
    }
    mface_log_set(keep_message, NULL);
    if (examine(data, size, out) == OUTCOME_PASS)
        run_all_data(path, data, size, out);
    mface_log_set(NULL, NULL);
    mface_mem_free(data);
}

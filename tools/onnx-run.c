/* onnx-run: runs any model on raw little-endian arrays.
 *
 *     onnx-run MODEL [--in NAME=FILE[:DIMS]]... [--const NAME=FILE[:DIMS]]... [--out DIR]
 *         [--threads N] [--repeat N] [--precision f32|bf16|int8] [--profile N]
 *     onnx-run --precisions    what this machine can compute in, a line each
 *
 * DIMS is 1x3x224x224; it may be left out where the model fixes every dimension. An input given
 * with --const is known when the model is compiled, so that shapes may depend on it. Each output is
 * written to DIR/NAME.bin, with characters that do not suit a file name made '_', and its type and
 * shape are printed. With --repeat the run's median and least time are printed; with --profile the
 * least times of N runs, per operator and per step, beside the machine's peak. */
#include "base/cpu.h"
#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"
#include "onnx_profile.h"
#include "peak.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS_MAX = 16, OUTPUTS_MAX = 64, PATH_BYTES = 4096 };

struct options {
    const char *model, *out;
    const char *in[INPUTS_MAX];
    bool is_const[INPUTS_MAX]; // of in[i]
    int n_in, threads, repeat, profile;
    enum mface_precision precision;
};

static void die(const char *what, const char *which)
{
    fprintf(stderr, "onnx-run: %s: %s\n", which, what);
    exit(2);
}

static void check(enum mface_status status)
{
    if (status != MFACE_OK)
        exit(1); // the library has said why
}

static enum mface_precision parse_precision(const char *text)
{
    for (int i = MFACE_PRECISION_F32; i < MFACE_N_PRECISIONS; i++)
        if (strcmp(text, mface_precision_name(i)) == 0)
            return i;
    die("not a precision", text);
    return MFACE_PRECISION_F32;
}

static void list_precisions(void)
{
    for (int i = MFACE_PRECISION_F32; i < MFACE_N_PRECISIONS; i++)
        if (mface_precision_is_supported(i))
            puts(mface_precision_name(i));
}

static void add_input(struct options *options, const char *value, bool is_const)
{
    options->is_const[options->n_in] = is_const;
    options->in[options->n_in++] = value;
}

static void parse_args(int argc, char **argv, struct options *options)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (argv[i][0] != '-' && !options->model) {
            options->model = argv[i];
            continue;
        }
        if (!value)
            die("unknown, or its value is missing", argv[i]);
        const bool is_const = strcmp(argv[i], "--const") == 0;
        if ((is_const || strcmp(argv[i], "--in") == 0) && options->n_in < INPUTS_MAX)
            add_input(options, value, is_const);
        else if (strcmp(argv[i], "--out") == 0)
            options->out = value;
        else if (strcmp(argv[i], "--threads") == 0)
            options->threads = atoi(value);
        else if (strcmp(argv[i], "--repeat") == 0)
            options->repeat = atoi(value);
        else if (strcmp(argv[i], "--profile") == 0)
            options->profile = atoi(value);
        else if (strcmp(argv[i], "--precision") == 0)
            options->precision = parse_precision(value);
        else
            die("unknown option", argv[i]);
        i++;
    }
    if (!options->model)
        die("MODEL [--in NAME=FILE[:DIMS]]... [--out DIR] [--threads N] [--repeat N]", "usage");
}

static bool parse_dims(const char *text, struct mface_shape *shape)
{
    shape->rank = 0;
    while (*text) {
        char *end;
        errno = 0;
        const long long dim = strtoll(text, &end, 10);
        if (end == text || errno || dim < 0 || shape->rank == MFACE_TENSOR_RANK_MAX)
            return false;
        shape->dim[shape->rank++] = dim;
        if (*end && *end != 'x')
            return false;
        text = *end ? end + 1 : end;
    }
    return mface_shape_valid(shape);
}

static void read_file(const char *path, struct mface_tensor *tensor)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        die(strerror(errno), path);
    const size_t bytes = mface_tensor_bytes(tensor);
    tensor->data = mface_mem_alloc(bytes);
    if (!tensor->data)
        die("out of memory", path);
    if (fread(tensor->data, 1, bytes, file) != bytes || fgetc(file) != EOF)
        die("its size is not that of the input's shape", path);
    fclose(file);
}

/* Reads "NAME=FILE[:DIMS]" where NAME is that of `info`; false where it is another's. */
static bool read_input(
    const char *arg, const struct mface_value_info *info, struct mface_tensor *tensor)
{
    const size_t name_bytes = strlen(info->name);
    if (strncmp(arg, info->name, name_bytes) != 0 || arg[name_bytes] != '=')
        return false;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s", arg + name_bytes + 1);
    *tensor = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
    char *colon = strrchr(path, ':');
    if (colon && parse_dims(colon + 1, &tensor->shape))
        *colon = '\0';
    if (!mface_shape_valid(&tensor->shape))
        die("give its shape, as FILE:1x3x224x224", info->name);
    read_file(path, tensor);
    return true;
}

/* `fixed`: the inputs as the plan is to know them. */
static void read_inputs(const struct options *options, const struct mface_onnx *onnx,
    struct mface_tensor *inputs, struct mface_tensor *fixed)
{
    const size_t n = mface_onnx_n_inputs(onnx);
    if (n > INPUTS_MAX)
        die("too many inputs", options->model);
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (int k = 0; k < options->n_in && !found; k++) {
            found = read_input(options->in[k], mface_onnx_input(onnx, i), &inputs[i]);
            fixed[i] = inputs[i];
            if (!options->is_const[k])
                fixed[i].data = NULL;
        }
        if (!found)
            die("no --in for this input", mface_onnx_input(onnx, i)->name);
    }
}

static double find_peak(const struct options *options)
{
    const int n_threads = options->threads > 0 ? options->threads : mface_cpu_count();
    return mface_peak_gflops(options->precision, n_threads);
}

static void write_output(
    const char *dir, const struct mface_value_info *info, const struct mface_tensor *tensor)
{
    char path[PATH_BYTES];
    const int start = snprintf(path, sizeof path, "%s/", dir);
    snprintf(path + start, sizeof path - (size_t)start, "%s.bin", info->name);
    for (char *c = path + start; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            *c = '_';
    FILE *file = fopen(path, "wb");
    if (!file)
        die(strerror(errno), path);
    const size_t bytes = mface_tensor_bytes(tensor);
    if (fwrite(tensor->data, 1, bytes, file) != bytes || fclose(file) != 0)
        die("writing failed", path);
}

static int by_time(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void time_runs(struct mface_plan *plan, int n, const struct mface_tensor *inputs,
    const struct mface_tensor *outputs)
{
    int64_t *times = mface_mem_calloc((size_t)n, sizeof *times);
    if (!times)
        die("out of memory", "--repeat");
    for (int i = 0; i < n; i++) {
        const int64_t start = mface_time_us();
        check(mface_plan_run(plan, inputs, outputs));
        times[i] = mface_time_us() - start;
    }
    qsort(times, (size_t)n, sizeof *times, by_time);
    printf("%d runs: median %.3f ms, least %.3f ms; %.2f GFLOP, arena %.1f MB, weights %.1f MB\n",
        n, (double)times[n / 2] / 1e3, (double)times[0] / 1e3, (double)mface_plan_flops(plan) / 1e9,
        (double)mface_plan_arena_bytes(plan) / 1e6, (double)mface_plan_weight_bytes(plan) / 1e6);
    mface_mem_free(times);
}

static void run(const struct options *options, struct mface_plan *plan, size_t n_outputs,
    const struct mface_tensor *inputs)
{
    struct mface_tensor outputs[OUTPUTS_MAX];
    if (n_outputs > OUTPUTS_MAX)
        die("too many outputs", options->model);
    for (size_t i = 0; i < n_outputs; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, i);
        outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        outputs[i].data = mface_mem_alloc(mface_tensor_bytes(&outputs[i]));
        if (!outputs[i].data)
            die("out of memory", info->name);
    }
    check(mface_plan_run(plan, inputs, outputs));
    for (size_t i = 0; i < n_outputs; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, i);
        char text[MFACE_SHAPE_TEXT_BYTES];
        printf("%s %s %s\n", info->name, mface_dtype_name(info->dtype),
            mface_shape_print(&info->shape, text));
        if (options->out)
            write_output(options->out, info, &outputs[i]);
    }
    if (options->repeat > 0)
        time_runs(plan, options->repeat, inputs, outputs);
    if (options->profile > 0)
        print_profile(plan, options->profile, find_peak(options), inputs, outputs);
    for (size_t i = 0; i < n_outputs; i++)
        mface_mem_free(outputs[i].data);
}

int main(int argc, char **argv)
{
    struct options options = { 0 };
    if (argc == 2 && strcmp(argv[1], "--precisions") == 0) {
        list_precisions();
        return 0;
    }
    parse_args(argc, argv, &options);
    struct mface_onnx *onnx;
    struct mface_plan *plan;
    struct mface_tensor inputs[INPUTS_MAX] = { 0 }, fixed[INPUTS_MAX];
    check(mface_onnx_load(options.model, &onnx));
    read_inputs(&options, onnx, inputs, fixed);
    const struct mface_plan_params params = { .inputs = fixed,
        .n_inputs = mface_onnx_n_inputs(onnx),
        .threads = options.threads,
        .precision = options.precision };
    check(mface_plan_create(onnx, &params, &plan));
    run(&options, plan, mface_onnx_n_outputs(onnx), inputs);
    mface_plan_free(&plan);
    mface_onnx_free(&onnx);
    for (int i = 0; i < INPUTS_MAX; i++)
        mface_mem_free(inputs[i].data);
    return 0;
}

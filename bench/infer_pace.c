/* infer-pace: runs a DFM once for each line it reads, so that another process can alternate it with
 * a peer.
 *
 *     infer-pace MODEL PRECISION THREADS BATCH FACES OUT [WEIGHTS]
 *
 * FACES: BATCH × H × W × 3 floats, BGR 0..1. It prints "ready MS ISA" with the time from its start
 * to the first result, whose three outputs go to the file OUT one after another; then the
 * milliseconds of a run for each line on standard input; then "rss BYTES", the peak. WEIGHTS: file
 * of packed weights, read if it is there and written otherwise. Morph is 0.75. */
#include "base/cpu.h"
#include "base/hash.h"
#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"
#include "onnx/weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { N_OUTPUTS = 3 };

struct pace {
    struct mface_onnx *onnx;
    struct mface_weights *weights;
    struct mface_plan *plan;
    struct mface_tensor inputs[2], outputs[N_OUTPUTS];
    float morph;
};

static void die(const char *what, const char *which)
{
    fprintf(stderr, "infer-pace: %s: %s\n", which, what);
    exit(2);
}

enum { EXIT_UNSUPPORTED = 5 }; // as the memoface command exits

static void check(enum mface_status status)
{
    if (status != MFACE_OK) // the library has said why
        exit(status == MFACE_ERR_UNSUPPORTED ? EXIT_UNSUPPORTED : 1);
}

static enum mface_precision parse_precision(const char *text)
{
    for (int i = MFACE_PRECISION_F32; i < MFACE_N_PRECISIONS; i++)
        if (strcmp(text, mface_precision_name(i)) == 0)
            return i;
    die("not a precision", text);
    return MFACE_PRECISION_F32;
}

static void *allocate(struct mface_tensor *tensor)
{
    tensor->data = mface_mem_alloc(mface_tensor_bytes(tensor));
    if (!tensor->data)
        die("out of memory", "tensor");
    return tensor->data;
}

static void read_faces(struct pace *pace, int batch, const char *path)
{
    const struct mface_value_info *info = mface_onnx_input(pace->onnx, 0);
    struct mface_tensor *faces = &pace->inputs[0];
    *faces = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
    faces->shape.dim[0] = batch;
    FILE *file = fopen(path, "rb");
    const size_t bytes = mface_tensor_bytes(faces);
    if (!file || fread(allocate(faces), 1, bytes, file) != bytes)
        die("cannot be read, or holds too few faces", path);
    fclose(file);
    pace->morph = 0.75f;
    pace->inputs[1] = (struct mface_tensor) {
        .dtype = MFACE_DTYPE_F32, .shape = { .rank = 1, .dim = { 1 } }, .data = &pace->morph
    };
}

/* A developer's file: the model's place, size and time stand for its content. */
static void open_weights(struct pace *pace, const char *model, const char *path)
{
    struct stat status;
    struct mface_hasher hasher;
    if (stat(model, &status) != 0)
        die("cannot be read", model);
    mface_hasher_init(&hasher);
    mface_hasher_add_bytes(&hasher, model, strlen(model));
    mface_hasher_add_u64(&hasher, (uint64_t)status.st_size);
    mface_hasher_add_u64(&hasher, (uint64_t)status.st_mtime);
    check(mface_weights_create(path, mface_hasher_finish(&hasher), &pace->weights));
}

static void compile(struct pace *pace, enum mface_precision precision, int threads)
{
    struct mface_tensor fixed[2] = { pace->inputs[0], pace->inputs[1] };
    fixed[0].data = NULL;
    const struct mface_plan_params params = { .inputs = fixed,
        .n_inputs = mface_onnx_n_inputs(pace->onnx),
        .threads = threads,
        .precision = precision,
        .weights = pace->weights };
    check(mface_plan_create(pace->onnx, &params, &pace->plan));
    for (size_t i = 0; i < N_OUTPUTS; i++) {
        const struct mface_value_info *info = mface_plan_output(pace->plan, i);
        pace->outputs[i] = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        allocate(&pace->outputs[i]);
    }
}

static double run(struct pace *pace)
{
    const int64_t start = mface_time_us();
    check(mface_plan_run(pace->plan, pace->inputs, pace->outputs));
    return (double)(mface_time_us() - start) / 1e3;
}

static void write_outputs(const struct pace *pace, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        die("cannot be written", path);
    for (int i = 0; i < N_OUTPUTS; i++)
        fwrite(pace->outputs[i].data, 1, mface_tensor_bytes(&pace->outputs[i]), file);
    if (fclose(file) != 0)
        die("cannot be written", path);
}

static void serve(struct pace *pace)
{
    char line[16];
    while (fgets(line, sizeof line, stdin)) {
        printf("%.3f\n", run(pace));
        fflush(stdout);
    }
    printf("rss %lld\n", (long long)mface_rss_peak_bytes());
}

static void finish(struct pace *pace)
{
    mface_plan_free(&pace->plan);
    mface_weights_free(&pace->weights);
    mface_onnx_free(&pace->onnx);
    mface_mem_free(pace->inputs[0].data);
    for (int i = 0; i < N_OUTPUTS; i++)
        mface_mem_free(pace->outputs[i].data);
}

int main(int argc, char **argv)
{
    const int64_t start = mface_time_us();
    struct pace pace = { 0 };
    if (argc < 7)
        die("MODEL PRECISION THREADS BATCH FACES OUT [WEIGHTS]", "usage");
    check(mface_onnx_load(argv[1], &pace.onnx));
    if (mface_onnx_n_inputs(pace.onnx) > 2 || mface_onnx_n_outputs(pace.onnx) != N_OUTPUTS)
        die("not a DFM", argv[1]);
    read_faces(&pace, atoi(argv[4]), argv[5]);
    if (argc > 7)
        open_weights(&pace, argv[1], argv[7]);
    compile(&pace, parse_precision(argv[2]), atoi(argv[3]));
    run(&pace);
    const double load_ms = (double)(mface_time_us() - start) / 1e3;
    if (pace.weights && mface_weights_save(pace.weights) != MFACE_OK)
        die("cannot be written", argv[7]);
    write_outputs(&pace, argv[6]);
    printf("ready %.1f %s\n", load_ms, mface_cpu_isa_name());
    fflush(stdout);
    serve(&pace);
    finish(&pace);
    return 0;
}

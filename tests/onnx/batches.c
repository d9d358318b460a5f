/* Holds what a batch of faces gives against what each gives alone, bit by bit.
 *
 *     batches MODEL.dfm...
 *
 * In each precision of this machine, on one thread and on two: all results must be those of one
 * face at a time on one thread. The second input of a model, if it has one, is the morph value.
 * Models of a fixed number of faces are passed over. Closes with 'N passed, N failed'. */
#include "base/mem.h"
#include "onnx/onnx.h"
#include "onnx/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_FACES = 4, INPUTS_MAX = 2, OUTPUTS_MAX = 3 };

struct how {
    enum mface_precision precision;
    int threads, batch;
};

struct results {
    size_t n;
    struct mface_tensor out[OUTPUTS_MAX]; // of all faces
};

static int n_passed, n_failed;

static void check(enum mface_status status)
{
    if (status != MFACE_OK)
        exit(1); // the library has said why
}

static void *allocate(size_t bytes)
{
    void *data = mface_mem_alloc(bytes);
    if (!data)
        abort();
    return data;
}

/* The part of a tensor of all faces that is `batch` of them, from `face` on. */
static struct mface_tensor part_of(const struct mface_tensor *all, int face, int batch)
{
    struct mface_tensor part = *all;
    const size_t face_bytes = mface_tensor_bytes(all) / N_FACES;
    part.shape.dim[0] = batch;
    if (part.data)
        part.data = (char *)all->data + (size_t)face * face_bytes;
    return part;
}

static void create_plan(const struct mface_onnx *onnx, const struct how *how,
    const struct mface_tensor *inputs, struct mface_plan **plan)
{
    struct mface_tensor fixed[INPUTS_MAX] = { part_of(&inputs[0], 0, how->batch), inputs[1] };
    fixed[0].data = NULL;
    const struct mface_plan_params params = { .inputs = fixed,
        .n_inputs = mface_onnx_n_inputs(onnx),
        .threads = how->threads,
        .precision = how->precision };
    check(mface_plan_create(onnx, &params, plan));
}

static void allocate_results(
    const struct mface_onnx *onnx, const struct mface_plan *plan, struct results *results)
{
    results->n = mface_onnx_n_outputs(onnx);
    if (results->n > OUTPUTS_MAX)
        abort();
    for (size_t i = 0; i < results->n; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, i);
        struct mface_tensor *out = &results->out[i];
        *out = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        out->shape.dim[0] = N_FACES;
        out->data = allocate(mface_tensor_bytes(out));
    }
}

static struct results run(
    const struct mface_onnx *onnx, const struct how *how, const struct mface_tensor *inputs)
{
    struct mface_plan *plan;
    struct results results;
    create_plan(onnx, how, inputs, &plan);
    allocate_results(onnx, plan, &results);
    for (int face = 0; face < N_FACES; face += how->batch) {
        const struct mface_tensor in[INPUTS_MAX] = { part_of(&inputs[0], face, how->batch),
            inputs[1] };
        struct mface_tensor out[OUTPUTS_MAX];
        for (size_t i = 0; i < results.n; i++)
            out[i] = part_of(&results.out[i], face, how->batch);
        check(mface_plan_run(plan, in, out));
    }
    mface_plan_free(&plan);
    return results;
}

static void clear(struct results *results)
{
    for (size_t i = 0; i < results->n; i++)
        mface_mem_free(results->out[i].data);
}

static void compare(
    const char *model, const struct how *how, const struct results *want, const struct results *got)
{
    bool same = true;
    for (size_t i = 0; i < want->n; i++)
        same &= memcmp(want->out[i].data, got->out[i].data, mface_tensor_bytes(&want->out[i])) == 0;
    *(same ? &n_passed : &n_failed) += 1;
    if (!same)
        printf("FAILED %s %s: a batch of %d on %d threads\n", model,
            mface_precision_name(how->precision), how->batch, how->threads);
}

static void check_precision(const char *model, const struct mface_onnx *onnx,
    enum mface_precision precision, const struct mface_tensor *inputs)
{
    static const struct {
        int threads, batch;
    } others[] = { { 1, N_FACES }, { 2, 1 }, { 2, N_FACES } };
    struct results want = run(onnx, &(struct how) { precision, 1, 1 }, inputs);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const struct how how = { precision, others[i].threads, others[i].batch };
        struct results got = run(onnx, &how, inputs);
        compare(model, &how, &want, &got);
        clear(&got);
    }
    clear(&want);
}

static struct mface_tensor random_faces(const struct mface_value_info *info)
{
    struct mface_tensor faces = { .dtype = info->dtype, .shape = info->shape };
    faces.shape.dim[0] = N_FACES;
    faces.data = allocate(mface_tensor_bytes(&faces));
    float *values = faces.data;
    uint32_t seed = 1;
    for (int64_t i = 0; i < mface_shape_count(&faces.shape); i++) {
        seed = seed * 1664525 + 1013904223;
        values[i] = (float)(seed >> 24) / 255.0f;
    }
    return faces;
}

static void check_model(const char *model)
{
    struct mface_onnx *onnx;
    float morph = 0.75f;
    check(mface_onnx_load(model, &onnx));
    const struct mface_value_info *face = mface_onnx_input(onnx, 0);
    if (face->shape.dim[0] < 0) {
        const struct mface_tensor inputs[INPUTS_MAX] = { random_faces(face),
            { .dtype = MFACE_DTYPE_F32, .shape = { .rank = 1, .dim = { 1 } }, .data = &morph } };
        for (int i = MFACE_PRECISION_F32; i < MFACE_N_PRECISIONS; i++)
            if (mface_precision_is_supported(i))
                check_precision(model, onnx, i, inputs);
        mface_mem_free(inputs[0].data);
    }
    mface_onnx_free(&onnx);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        check_model(argv[i]);
    printf("%d passed, %d failed\n", n_passed, n_failed);
    return n_failed || !n_passed;
}

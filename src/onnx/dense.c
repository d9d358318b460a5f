#include "onnx/dense.h"

#include "base/cpu.h"
#include "base/hash.h"
#include "base/mem.h"
#include "onnx/dense_kernel.h"
#include "onnx/parallel.h"

#include <stdatomic.h>
#include <string.h>

enum { PANEL = MFACE_DENSE_PANEL, SLICE = 64 };

struct mface_dense {
    struct mface_dense_params params;
    int64_t n_panels;
    const float *weights; // n_panels × in × PANEL, zeros beyond the last output
    bool owns_weights;    // else they are the store's
    float *bias;          // NULL: none
    size_t weight_bytes;
    mface_dense_kernel *kernel;
};

/* Packing: a slice of the model's rows at a time is read into a small buffer. */

struct packing {
    const struct mface_dense *dense;
    float *packed;
    atomic_bool *failed;
};

static float *panel_at(const struct packing *packing, int64_t panel, int64_t input)
{
    return packing->packed + (panel * packing->dense->params.in + input) * PANEL;
}

/* `i`: which slice of inputs. */
static void pack_inputs(const struct packing *packing, int64_t i, float *buffer)
{
    const struct mface_dense_params *params = &packing->dense->params;
    const int64_t first = i * SLICE, rest = params->in - first, n = rest < SLICE ? rest : SLICE;
    mface_constant_read(&params->weights, first, n, params->out, buffer);
    mface_constant_forget(&params->weights, first, n, params->out);
    for (int64_t panel = 0; panel < packing->dense->n_panels; panel++) {
        const int64_t left = params->out - panel * PANEL, n_out = left < PANEL ? left : PANEL;
        for (int64_t k = 0; k < n; k++) {
            float *line = panel_at(packing, panel, first + k);
            memcpy(line, buffer + k * params->out + panel * PANEL, (size_t)n_out * sizeof *line);
            memset(line + n_out, 0, (size_t)(PANEL - n_out) * sizeof *line);
        }
    }
}

/* `i`: which panel. */
static void pack_outputs(const struct packing *packing, int64_t i, float *buffer)
{
    const struct mface_dense_params *params = &packing->dense->params;
    const int64_t first = i * PANEL, rest = params->out - first, n = rest < PANEL ? rest : PANEL;
    mface_constant_read(&params->weights, first, n, params->in, buffer);
    mface_constant_forget(&params->weights, first, n, params->in);
    for (int64_t k = 0; k < params->in; k++)
        for (int64_t o = 0; o < PANEL; o++)
            panel_at(packing, i, k)[o] = o < n ? buffer[o * params->in + k] : 0.0f;
}

static void pack_range(const void *user, int64_t first, int64_t end)
{
    const struct packing *packing = user;
    const struct mface_dense_params *params = &packing->dense->params;
    const int64_t n_values = params->transposed ? PANEL * params->in : SLICE * params->out;
    float *buffer = mface_mem_alloc((size_t)n_values * sizeof *buffer);
    if (!buffer)
        atomic_store(packing->failed, true);
    for (int64_t i = first; i < end && buffer; i++)
        if (params->transposed)
            pack_outputs(packing, i, buffer);
        else
            pack_inputs(packing, i, buffer);
    mface_mem_free(buffer);
}

static enum mface_status fill(const struct mface_dense *dense, float *packed)
{
    atomic_bool failed = false;
    const struct packing packing = { dense, packed, &failed };
    const struct mface_dense_params *params = &dense->params;
    const int64_t n = params->transposed ? dense->n_panels : (params->in + SLICE - 1) / SLICE;
    mface_parallel(params->threads, n, (int64_t)dense->weight_bytes, pack_range, &packing);
    return failed ? MFACE_ERR_NOMEM : MFACE_OK;
}

static struct mface_key layout_key(const struct mface_dense_params *params)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, "dense panels f32");
    mface_hasher_add_u64(&hasher, (uint64_t)params->in);
    mface_hasher_add_u64(&hasher, (uint64_t)params->out);
    mface_hasher_add_u64(&hasher, params->transposed);
    return mface_hasher_finish(&hasher);
}

static enum mface_status pack(struct mface_dense *dense)
{
    const struct mface_weight_source *source = &dense->params.weights.source;
    const struct mface_key layout = layout_key(&dense->params);
    dense->weights = mface_weights_find(source, layout, dense->weight_bytes);
    if (dense->weights)
        return MFACE_OK;
    float *packed = mface_mem_alloc_huge(dense->weight_bytes);
    if (!packed)
        return MFACE_ERR_NOMEM;
    dense->weights = packed;
    dense->owns_weights = true;
    const enum mface_status status = fill(dense, packed);
    if (status == MFACE_OK)
        dense->owns_weights = !mface_weights_give(source, layout, packed, dense->weight_bytes);
    return status;
}

static mface_dense_kernel *choose_kernel(void)
{
#if defined(__x86_64__)
    if (mface_cpu_flags() & MFACE_CPU_AVX2)
        return mface_dense_strip_avx2;
#endif
    return mface_dense_strip_c;
}

static enum mface_status copy_bias(struct mface_dense *dense)
{
    const size_t bytes = (size_t)dense->params.out * sizeof *dense->bias;
    if (!dense->params.bias)
        return MFACE_OK;
    dense->bias = mface_mem_alloc(bytes);
    if (!dense->bias)
        return MFACE_ERR_NOMEM;
    memcpy(dense->bias, dense->params.bias, bytes);
    return MFACE_OK;
}

enum mface_status mface_dense_create(
    const struct mface_dense_params *params, struct mface_dense **out)
{
    struct mface_dense *dense = *out = mface_mem_calloc(1, sizeof *dense);
    if (!dense)
        return MFACE_ERR_NOMEM;
    dense->params = *params;
    dense->n_panels = (params->out + PANEL - 1) / PANEL;
    dense->kernel = choose_kernel();
    dense->weight_bytes = (size_t)(dense->n_panels * params->in * PANEL) * sizeof(float);
    enum mface_status status = copy_bias(dense);
    if (status == MFACE_OK)
        status = pack(dense);
    if (status != MFACE_OK)
        mface_dense_free(out);
    return status;
}

void mface_dense_free(struct mface_dense **dense_ptr)
{
    struct mface_dense *dense = *dense_ptr;
    if (!dense)
        return;
    if (dense->owns_weights)
        mface_mem_free((void *)dense->weights);
    mface_mem_free(dense->bias);
    mface_mem_free(dense);
    *dense_ptr = NULL;
}

size_t mface_dense_weight_bytes(const struct mface_dense *dense)
{
    return dense->weight_bytes;
}

/* Running */

struct run {
    const struct mface_dense *dense;
    const float *x;
    float *y;
};

static void write_row(
    const struct mface_dense *dense, const struct mface_dense_sums *sums, int64_t panel, float *y)
{
    const struct mface_dense_params *params = &dense->params;
    const int64_t first = panel * PANEL;
    for (int64_t o = 0; o < PANEL && first + o < params->out; o++) {
        const float product = params->scale * (sums->value[0][o] + sums->value[1][o]);
        y[first + o] = dense->bias ? product + dense->bias[first + o] : product;
    }
}

static void run_rows(const struct run *run, int64_t panel, int64_t row, int n_rows)
{
    const struct mface_dense_params *params = &run->dense->params;
    const float *weights = run->dense->weights + panel * params->in * PANEL;
    const float *x = run->x + row * params->in;
    struct mface_dense_sums sums[MFACE_DENSE_ROWS] = { 0 };
    for (int64_t k = 0; k < params->in; k += MFACE_DENSE_STRIP) {
        const int64_t rest = params->in - k;
        run->dense->kernel(x + k, params->in, weights + k * PANEL,
            rest < MFACE_DENSE_STRIP ? rest : MFACE_DENSE_STRIP, n_rows, sums);
    }
    for (int i = 0; i < n_rows; i++)
        write_row(run->dense, &sums[i], panel, run->y + (row + i) * params->out);
}

static void run_panels(const void *user, int64_t first, int64_t end)
{
    const struct run *run = user;
    const int64_t rows = run->dense->params.rows;
    for (int64_t panel = first; panel < end; panel++)
        for (int64_t row = 0; row < rows; row += MFACE_DENSE_ROWS)
            run_rows(run, panel, row,
                rows - row < MFACE_DENSE_ROWS ? (int)(rows - row) : MFACE_DENSE_ROWS);
}

void mface_dense_run(const struct mface_dense *dense, const float *x, float *y)
{
    const struct run run = { dense, x, y };
    const struct mface_dense_params *params = &dense->params;
    mface_parallel(params->threads, dense->n_panels, params->rows * params->in * params->out,
        run_panels, &run);
}

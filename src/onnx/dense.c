#include "onnx/dense_layer.h"

#include "base/cpu.h"
#include "base/mem.h"
#include "onnx/bf16.h"
#include "onnx/parallel.h"

#include <string.h>

enum { PANEL = MFACE_DENSE_PANEL, STRIP = MFACE_DENSE_STRIP, ROWS = MFACE_DENSE_ROWS };

static const struct mface_dense_kernels *choose_kernels(void)
{
#if defined(__x86_64__)
    if (mface_cpu_flags() & MFACE_CPU_AVX512)
        return &mface_dense_avx512;
    if (mface_cpu_flags() & MFACE_CPU_AVX2)
        return &mface_dense_avx2;
#endif
    return &mface_dense_c;
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
    dense->kernel = choose_kernels()->of[params->precision];
    enum mface_status status = copy_bias(dense);
    if (status == MFACE_OK)
        status = mface_dense_pack(dense);
    if (status != MFACE_OK)
        mface_dense_free(out);
    return status;
}

void mface_dense_free(struct mface_dense **dense_ptr)
{
    struct mface_dense *dense = *dense_ptr;
    if (!dense)
        return;
    mface_packed_clear(&dense->packed);
    mface_mem_free(dense->bias);
    mface_mem_free(dense);
    *dense_ptr = NULL;
}

size_t mface_dense_weight_bytes(const struct mface_dense *dense)
{
    return dense->packed.bytes;
}

struct run {
    const struct mface_dense *dense;
    const void *x;
    void *y;
};

/* Up to ROWS rows of up to STRIP inputs. */
struct strip {
    const float *x;
    int64_t distance; // floats between rows
    float wide[ROWS][STRIP];
};

static void widen(const uint16_t *x, int64_t n, float *out)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t bits = mface_bf16_widen(x[i]);
        memcpy(out + i, &bits, sizeof bits);
    }
}

/* `n` inputs from k on; they are read where they lie, or widened. */
static void take_strip(
    const struct run *run, int64_t row, int n_rows, int64_t k, int64_t n, struct strip *strip)
{
    const struct mface_dense_params *params = &run->dense->params;
    const int64_t at = row * params->in + k;
    strip->x = params->src_bf16 ? strip->wide[0] : (const float *)run->x + at;
    strip->distance = params->src_bf16 ? STRIP : params->in;
    for (int i = 0; i < n_rows && params->src_bf16; i++)
        widen((const uint16_t *)run->x + at + i * params->in, n, strip->wide[i]);
}

static void write_value(const struct run *run, int64_t i, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (run->dense->params.dst_bf16)
        ((uint16_t *)run->y)[i] = mface_bf16_narrow(bits);
    else
        ((float *)run->y)[i] = value;
}

static void write_row(
    const struct run *run, const struct mface_dense_sums *sums, int64_t panel, int64_t row)
{
    const struct mface_dense *dense = run->dense;
    const struct mface_dense_params *params = &dense->params;
    const int64_t first = panel * PANEL;
    for (int64_t o = 0; o < PANEL && first + o < params->out; o++) {
        const float product = params->scale * (sums->value[0][o] + sums->value[1][o]);
        write_value(run, row * params->out + first + o,
            dense->bias ? product + dense->bias[first + o] : product);
    }
}

static void run_rows(const struct run *run, int64_t panel, int64_t row, int n_rows)
{
    const struct mface_dense *dense = run->dense;
    const char *weights = (const char *)dense->packed.data + (size_t)panel * dense->panel_bytes;
    struct mface_dense_sums sums[ROWS] = { 0 };
    struct strip strip;
    for (int64_t k = 0; k < dense->params.in; k += STRIP) {
        const int64_t rest = dense->params.in - k, n = rest < STRIP ? rest : STRIP;
        take_strip(run, row, n_rows, k, n, &strip);
        dense->kernel(strip.x, strip.distance,
            weights + mface_dense_line(dense->params.precision, k), n, n_rows, sums);
    }
    for (int i = 0; i < n_rows; i++)
        write_row(run, &sums[i], panel, row + i);
}

static void run_panels(const void *user, int64_t first, int64_t end)
{
    const struct run *run = user;
    const int64_t rows = run->dense->params.rows;
    for (int64_t panel = first; panel < end; panel++)
        for (int64_t row = 0; row < rows; row += ROWS)
            run_rows(run, panel, row, rows - row < ROWS ? (int)(rows - row) : ROWS);
}

void mface_dense_run(const struct mface_dense *dense, const void *x, void *y)
{
    const struct run run = { dense, x, y };
    const struct mface_dense_params *params = &dense->params;
    mface_parallel(params->threads, dense->n_panels, params->rows * params->in * params->out,
        run_panels, &run);
}

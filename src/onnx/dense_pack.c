/* Weights on their way into panels: a slice of the model's rows at a time is read into a small
 * buffer, and its pages are given back at once. */
#include "onnx/dense_layer.h"

#include "base/hash.h"
#include "base/mem.h"
#include "onnx/bf16.h"
#include "onnx/parallel.h"

#include <stdatomic.h>
#include <string.h>

/* SLICE: inputs read at a time, an even number. */
enum { PANEL = MFACE_DENSE_PANEL, SLICE = 64 };

struct packing {
    const struct mface_dense *dense;
    char *packed;
    atomic_bool *failed;
};

static char *line_at(const struct packing *packing, int64_t panel, int64_t input)
{
    return packing->packed + (size_t)panel * packing->dense->panel_bytes +
           mface_dense_line(packing->dense, input);
}

static uint16_t narrow(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return mface_bf16_narrow(bits);
}

/* The weights of `n` outputs of a panel, `step` floats apart, for one input. */
static void put_line(float *line, const float *values, int64_t step, int64_t n)
{
    for (int64_t o = 0; o < PANEL; o++)
        line[o] = o < n ? values[o * step] : 0.0f;
}

/* For two inputs, whose weights lie `next` floats apart. */
static void put_pairs(uint32_t *line, const float *even, int64_t next, int64_t step, int64_t n)
{
    for (int64_t o = 0; o < PANEL; o++, even += step)
        line[o] = o < n ? narrow(even[0]) | (uint32_t)narrow(even[next]) << 16 : 0;
}

/* Inputs from `first` on, `n` of them: the weights of a panel's outputs lie `step` floats apart,
 * those of inputs `next`. */
static void put_inputs(const struct packing *packing, int64_t panel, int64_t first, int64_t n,
    const float *values, int64_t next, int64_t step)
{
    const int64_t left = packing->dense->params.out - panel * PANEL;
    const int64_t n_out = left < PANEL ? left : PANEL;
    if (!packing->dense->params.is_bf16) {
        for (int64_t k = 0; k < n; k++)
            put_line((float *)line_at(packing, panel, first + k), values + k * next, step, n_out);
        return;
    }
    for (int64_t k = 0; k + 2 <= n; k += 2)
        put_pairs(
            (uint32_t *)line_at(packing, panel, first + k), values + k * next, next, step, n_out);
    if (n % 2) { // nothing reads the other half
        const float *last = values + (n - 1) * next;
        put_pairs((uint32_t *)line_at(packing, panel, first + n - 1), last, 0, step, n_out);
    }
}

/* `i`: which slice of inputs. */
static void pack_inputs(const struct packing *packing, int64_t i, float *buffer)
{
    const struct mface_dense_params *params = &packing->dense->params;
    const int64_t first = i * SLICE, rest = params->in - first, n = rest < SLICE ? rest : SLICE;
    mface_constant_read(&params->weights, first, n, params->out, buffer);
    mface_constant_forget(&params->weights, first, n, params->out);
    for (int64_t panel = 0; panel < packing->dense->n_panels; panel++)
        put_inputs(packing, panel, first, n, buffer + panel * PANEL, params->out, 1);
}

/* `i`: which panel. */
static void pack_outputs(const struct packing *packing, int64_t i, float *buffer)
{
    const struct mface_dense_params *params = &packing->dense->params;
    const int64_t first = i * PANEL, rest = params->out - first, n = rest < PANEL ? rest : PANEL;
    mface_constant_read(&params->weights, first, n, params->in, buffer);
    mface_constant_forget(&params->weights, first, n, params->in);
    put_inputs(packing, i, 0, params->in, buffer, 1, params->in);
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

static enum mface_status fill(const struct mface_dense *dense, char *packed)
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
    mface_hasher_add_str(&hasher, params->is_bf16 ? "dense panels bf16" : "dense panels f32");
    mface_hasher_add_u64(&hasher, (uint64_t)params->in);
    mface_hasher_add_u64(&hasher, (uint64_t)params->out);
    mface_hasher_add_u64(&hasher, params->transposed);
    return mface_hasher_finish(&hasher);
}

enum mface_status mface_dense_pack(struct mface_dense *dense)
{
    const struct mface_dense_params *params = &dense->params;
    const struct mface_weight_source *source = &params->weights.source;
    const struct mface_key layout = layout_key(params);
    dense->panel_bytes = mface_dense_line(dense, params->in + (params->is_bf16 && params->in % 2));
    dense->weight_bytes = dense->panel_bytes * (size_t)dense->n_panels;
    dense->weights = mface_weights_find(source, layout, dense->weight_bytes);
    if (dense->weights)
        return MFACE_OK;
    char *packed = mface_mem_alloc_huge(dense->weight_bytes);
    if (!packed)
        return MFACE_ERR_NOMEM;
    dense->weights = packed;
    dense->owns_weights = true;
    const enum mface_status status = fill(dense, packed);
    if (status == MFACE_OK)
        dense->owns_weights = !mface_weights_give(source, layout, packed, dense->weight_bytes);
    return status;
}

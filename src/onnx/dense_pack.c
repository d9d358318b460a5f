/* Weights on their way into panels: a slice of the model's rows at a time is read into a small
 * buffer, and its pages are given back at once. */
#include "onnx/dense_layer.h"

#include "base/hash.h"
#include "base/mem.h"
#include "onnx/parallel.h"

#include <stdatomic.h>
#include <string.h>

/* SLICE: inputs read at a time. */
enum { PANEL = MFACE_DENSE_PANEL, SLICE = MFACE_DENSE_GROUP };

struct packing {
    const struct mface_dense *dense;
    char *packed;
    atomic_bool *failed;
};

/* Packs a piece, into the panel's lines from input `first` on. */
static void put(
    const struct packing *packing, int64_t panel, int64_t first, struct mface_dense_piece piece)
{
    const struct mface_dense *dense = packing->dense;
    const int64_t left = dense->params.out - panel * PANEL;
    char *line = packing->packed + (size_t)panel * dense->panel_bytes +
                 mface_dense_line(dense->params.precision, first);
    piece.n_out = left < PANEL ? left : PANEL;
    mface_dense_put(&piece, dense->params.precision, line);
}

/* `i`: which slice of inputs. */
static void pack_inputs(const struct packing *packing, int64_t i, float *buffer)
{
    const struct mface_dense_params *params = &packing->dense->params;
    const int64_t first = i * SLICE, rest = params->in - first, n = rest < SLICE ? rest : SLICE;
    mface_constant_read(&params->weights, first, n, params->out, buffer);
    mface_constant_forget(&params->weights, first, n, params->out);
    for (int64_t panel = 0; panel < packing->dense->n_panels; panel++)
        put(packing, panel, first,
            (struct mface_dense_piece) { .values = buffer + panel * PANEL,
                .n_in = n,
                .input_step = params->out,
                .output_step = 1 });
}

/* `i`: which panel. */
static void pack_outputs(const struct packing *packing, int64_t i, float *buffer)
{
    const struct mface_dense_params *params = &packing->dense->params;
    const int64_t first = i * PANEL, rest = params->out - first, n = rest < PANEL ? rest : PANEL;
    mface_constant_read(&params->weights, first, n, params->in, buffer);
    mface_constant_forget(&params->weights, first, n, params->in);
    put(packing, i, 0,
        (struct mface_dense_piece) {
            .values = buffer, .n_in = params->in, .input_step = 1, .output_step = params->in });
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
    mface_hasher_add_str(&hasher, "dense panels");
    mface_hasher_add_str(&hasher, mface_precision_name(params->precision));
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
    dense->panel_bytes = mface_dense_panel_bytes(params->precision, params->in);
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

/* Weights on their way into panels: a slice of the model's rows at a time is read into a small
 * buffer, and its pages are given back at once. */
#include "onnx/dense_layer.h"

#include "base/hash.h"

/* SLICE: inputs read at a time. */
enum { PANEL = MFACE_DENSE_PANEL, SLICE = MFACE_DENSE_GROUP };

/* Packs a piece, into the panel's lines from input `first` on. */
static void put(const struct mface_dense *dense, int64_t panel, int64_t first,
    struct mface_dense_piece piece, char *packed)
{
    const int64_t left = dense->params.out - panel * PANEL;
    char *line = packed + (size_t)panel * dense->panel_bytes +
                 mface_dense_line(dense->params.precision, first);
    piece.n_out = left < PANEL ? left : PANEL;
    mface_dense_put(&piece, dense->params.precision, line);
}

/* `i`: which slice of inputs. */
static void pack_inputs(const void *user, int64_t i, void *buffer, void *packed)
{
    const struct mface_dense *dense = user;
    const struct mface_dense_params *params = &dense->params;
    const int64_t first = i * SLICE, rest = params->in - first, n = rest < SLICE ? rest : SLICE;
    mface_constant_read(&params->weights, first, n, params->out, buffer);
    mface_constant_forget(&params->weights, first, n, params->out);
    for (int64_t panel = 0; panel < dense->n_panels; panel++)
        put(dense, panel, first,
            (struct mface_dense_piece) { .values = (const float *)buffer + panel * PANEL,
                .n_in = n,
                .input_step = params->out,
                .output_step = 1 },
            packed);
}

/* `i`: which panel. */
static void pack_outputs(const void *user, int64_t i, void *buffer, void *packed)
{
    const struct mface_dense *dense = user;
    const struct mface_dense_params *params = &dense->params;
    const int64_t first = i * PANEL, rest = params->out - first, n = rest < PANEL ? rest : PANEL;
    mface_constant_read(&params->weights, first, n, params->in, buffer);
    mface_constant_forget(&params->weights, first, n, params->in);
    put(dense, i, 0,
        (struct mface_dense_piece) {
            .values = buffer, .n_in = params->in, .input_step = 1, .output_step = params->in },
        packed);
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
    const int64_t n_values = params->transposed ? PANEL * params->in : SLICE * params->out;
    dense->panel_bytes = mface_dense_panel_bytes(params->precision, params->in);
    const size_t bytes = dense->panel_bytes * (size_t)dense->n_panels;
    const struct mface_packing packing = {
        .threads = params->threads,
        .n = params->transposed ? dense->n_panels : (params->in + SLICE - 1) / SLICE,
        .work = (int64_t)bytes,
        .buffer_bytes = (size_t)n_values * sizeof(float),
        .pack = params->transposed ? pack_outputs : pack_inputs,
        .user = dense,
    };
    return mface_pack(&params->weights, layout_key(params), bytes, &packing, &dense->packed);
}

/* Packing constants: from where the model file has them into the layout a primitive wants.
 *
 * A constant is cut along the dimension that is outermost in the file, at whole blocks of the
 * wanted layout. Each slice is read into a small aligned buffer and reordered from there, by
 * whatever thread is free, and the file's pages are given back at once:
 *
 *   file  ░░░░░░░░│▓▓▓▓▓▓▓▓│        │      ░ given back   ▓ being read
 *                   └▶ buffer of a thread ─reorder─▶ its place in the packed block
 *
 * so that packing takes little more memory than what it makes. */
#include "onnx/dnnl_kernel.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "onnx/parallel.h"

#include <omp.h>
#include <stdatomic.h>

/* Small enough for a core's own cache, large enough that starting a slice costs nothing. */
enum { SLICE_BYTES = 1 << 19 };

/* Slices of one length. */
struct cut {
    dnnl_memory_desc_t plain, wanted; // of the first of them
    dnnl_primitive_t reorder;         // NULL: plain is what is wanted
};

struct packing {
    const struct mface_constant *from;
    char *packed;
    int64_t n_rows, row_values, slice_rows, n_slices;
    size_t slice_bytes; // of the packed block, between the starts of two slices
    size_t pad_bytes;
    struct cut whole, last; // slices; the last may be shorter
    atomic_int *failure;    // of some slice; dnnl_success: none
};

/* What one thread packs with. */
struct packer {
    dnnl_stream_t stream;
    char *pad;
    float *rows;
};

static dnnl_status_t create_packer(const struct packing *packing, struct packer *packer)
{
    *packer = (struct packer) {
        .pad = mface_mem_alloc(packing->pad_bytes),
        .rows =
            mface_mem_alloc((size_t)(packing->slice_rows * packing->row_values) * sizeof(float)),
    };
    if (!packer->pad || !packer->rows)
        return dnnl_out_of_memory;
    return dnnl_stream_create(&packer->stream, mface_dnnl_engine(), dnnl_stream_default_flags);
}

static void clear_packer(struct packer *packer)
{
    dnnl_stream_destroy(packer->stream);
    mface_mem_free(packer->pad);
    mface_mem_free(packer->rows);
}

static dnnl_status_t reorder(
    const struct packing *packing, const struct cut *cut, const struct packer *packer, char *to)
{
    const dnnl_dims_t pad_dims = { (dnnl_dim_t)(packing->pad_bytes ? packing->pad_bytes : 1) };
    dnnl_memory_desc_t pad;
    dnnl_exec_arg_t args[3] = { { DNNL_ARG_FROM, NULL }, { DNNL_ARG_TO, NULL },
        { DNNL_ARG_SCRATCHPAD, NULL } };
    const dnnl_engine_t engine = mface_dnnl_engine();
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&pad, 1, pad_dims, dnnl_u8, dnnl_a);
    if (status == dnnl_success)
        status = dnnl_memory_create(&args[0].memory, &cut->plain, engine, packer->rows);
    if (status == dnnl_success)
        status = dnnl_memory_create(&args[1].memory, &cut->wanted, engine, to);
    if (status == dnnl_success)
        status = dnnl_memory_create(&args[2].memory, &pad, engine, packer->pad);
    if (status == dnnl_success)
        status = dnnl_primitive_execute(cut->reorder, packer->stream, 3, args);
    if (status == dnnl_success)
        status = dnnl_stream_wait(packer->stream);
    for (int i = 0; i < 3; i++)
        dnnl_memory_destroy(args[i].memory);
    return status;
}

static dnnl_status_t pack_slice(
    const struct packing *packing, int64_t i, const struct packer *packer)
{
    const bool is_last = i == packing->n_slices - 1;
    const struct cut *cut = is_last ? &packing->last : &packing->whole;
    const int64_t row = i * packing->slice_rows;
    const int64_t n_rows = is_last ? packing->n_rows - row : packing->slice_rows;
    char *to = packing->packed + (size_t)i * packing->slice_bytes;
    float *rows = cut->reorder ? packer->rows : (void *)to;
    mface_constant_read(packing->from, row, n_rows, packing->row_values, rows);
    mface_constant_forget(packing->from, row, n_rows, packing->row_values);
    return cut->reorder ? reorder(packing, cut, packer, to) : dnnl_success;
}

/* Inside a parallel region, where several ranges are, oneDNN stays on the calling thread. */
static void pack_range(const void *user, int64_t first, int64_t end)
{
    const struct packing *packing = user;
    struct packer packer;
    dnnl_status_t status = create_packer(packing, &packer);
    for (int64_t i = first; i < end && status == dnnl_success; i++)
        status = pack_slice(packing, i, &packer);
    clear_packer(&packer);
    if (status != dnnl_success)
        atomic_store(packing->failure, (int)status);
}

/* The dimension whose steps are the largest in memory. */
static int outermost(const dnnl_memory_desc_t *plain)
{
    const dnnl_dim_t *stride = plain->format_desc.blocking.strides;
    int dim = 0;
    for (int i = 1; i < plain->ndims; i++)
        if (stride[i] > stride[dim] || (stride[i] == stride[dim] && plain->dims[i] > 1))
            dim = i;
    return dim;
}

/* How many rows of a dimension are one block of a layout. */
static int64_t block_rows(const dnnl_memory_desc_t *wanted, int dim)
{
    const dnnl_blocking_desc_t *blocking = &wanted->format_desc.blocking;
    int64_t rows = 1;
    for (int i = 0; i < blocking->inner_nblks; i++)
        if (blocking->inner_idxs[i] == dim)
            rows *= blocking->inner_blks[i];
    return rows;
}

/* `n` rows from `row` on as layouts of their own; false: oneDNN cannot cut there. */
static bool cut_rows(
    const struct mface_dnnl_slot *slot, int dim, int64_t row, int64_t n, struct cut *cut)
{
    dnnl_dims_t dims, offsets = { 0 };
    for (int i = 0; i < slot->plain.ndims; i++)
        dims[i] = slot->plain.dims[i];
    dims[dim] = n;
    offsets[dim] = row;
    if (dnnl_memory_desc_init_submemory(&cut->plain, &slot->plain, dims, offsets) != dnnl_success ||
        dnnl_memory_desc_init_submemory(&cut->wanted, &slot->wanted, dims, offsets) != dnnl_success)
        return false;
    cut->plain.offset0 = cut->wanted.offset0 = 0; // packers point at the start of a slice
    return true;
}

static void cut_whole(const struct mface_dnnl_slot *slot, struct packing *packing)
{
    packing->slice_rows = packing->n_rows;
    packing->n_slices = 1;
    packing->last.plain = slot->plain;
    packing->last.wanted = slot->wanted;
}

static void cut_up(const struct mface_dnnl_slot *slot, struct packing *packing)
{
    const int dim = outermost(&slot->plain);
    int64_t n_values = 1;
    for (int i = 0; i < slot->plain.ndims; i++)
        n_values *= slot->plain.dims[i];
    packing->n_rows = slot->plain.dims[dim];
    packing->row_values = n_values / packing->n_rows;
    const dnnl_memory_desc_t *wanted = &slot->wanted;
    const bool is_blocked = wanted->format_kind == dnnl_blocked;
    const int64_t block = is_blocked ? block_rows(wanted, dim) : 1;
    const int64_t fitting = SLICE_BYTES / (packing->row_values * (int64_t)sizeof(float));
    packing->slice_rows = fitting > block ? fitting / block * block : block;
    packing->n_slices = (packing->n_rows + packing->slice_rows - 1) / packing->slice_rows;
    const int64_t last_row = (packing->n_slices - 1) * packing->slice_rows;
    if (packing->n_slices < 2 || !is_blocked ||
        !cut_rows(slot, dim, 0, packing->slice_rows, &packing->whole) ||
        !cut_rows(slot, dim, last_row, packing->n_rows - last_row, &packing->last)) {
        cut_whole(slot, packing);
        return;
    }
    const int64_t stride = wanted->format_desc.blocking.strides[dim];
    packing->slice_bytes =
        (size_t)(packing->slice_rows / block * stride) * dnnl_data_type_size(wanted->data_type);
}

static dnnl_status_t create_reorders(const struct mface_dnnl_slot *slot, struct packing *packing)
{
    struct cut *cuts[] = { &packing->whole, &packing->last };
    dnnl_status_t status = dnnl_success;
    if (dnnl_memory_desc_equal(&slot->plain, &slot->wanted))
        return status;
    for (int i = packing->n_slices > 1 ? 0 : 1; i < 2 && status == dnnl_success; i++)
        status = mface_dnnl_reorder_create(
            &cuts[i]->plain, &cuts[i]->wanted, &packing->pad_bytes, &cuts[i]->reorder);
    return status;
}

static enum mface_status fill(
    const struct mface_dnnl_slot *slot, const struct mface_constant *from, void *packed)
{
    atomic_int failure = dnnl_success;
    struct packing packing = { .from = from, .packed = packed, .failure = &failure };
    cut_up(slot, &packing);
    const dnnl_status_t status = create_reorders(slot, &packing);
    if (status == dnnl_success)
        mface_parallel(omp_get_max_threads(), packing.n_slices, packing.n_rows * packing.row_values,
            pack_range, &packing);
    dnnl_primitive_destroy(packing.whole.reorder);
    dnnl_primitive_destroy(packing.last.reorder);
    return mface_dnnl_status(status == dnnl_success ? (dnnl_status_t)failure : status);
}

/* Field by field: the struct has padding and a union. */
static void hash_layout(const dnnl_memory_desc_t *md, struct mface_hasher *hasher)
{
    const size_t dims_bytes = (size_t)md->ndims * sizeof md->dims[0];
    const dnnl_blocking_desc_t *blocking = &md->format_desc.blocking;
    const size_t n = (size_t)blocking->inner_nblks;
    mface_hasher_add_u64(hasher, (uint64_t)md->data_type);
    mface_hasher_add_u64(hasher, md->extra.flags);
    mface_hasher_add_bytes(hasher, md->dims, dims_bytes);
    mface_hasher_add_bytes(hasher, md->padded_dims, dims_bytes);
    mface_hasher_add_bytes(hasher, blocking->strides, dims_bytes);
    mface_hasher_add_bytes(hasher, blocking->inner_blks, n * sizeof blocking->inner_blks[0]);
    mface_hasher_add_bytes(hasher, blocking->inner_idxs, n * sizeof blocking->inner_idxs[0]);
}

/* Where the bytes went, and where they came from: a source read in another order is another. */
static struct mface_key layout_key(const struct mface_dnnl_slot *slot)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    hash_layout(&slot->plain, &hasher);
    hash_layout(&slot->wanted, &hasher);
    return mface_hasher_finish(&hasher);
}

static enum mface_status pack(
    struct mface_dnnl *kernel, struct mface_dnnl_slot *slot, const struct mface_constant *from)
{
    const size_t bytes = dnnl_memory_desc_get_size(&slot->wanted);
    /* Only plain and blocked layouts have names that last. */
    const bool shares = from->source.store && slot->wanted.format_kind == dnnl_blocked;
    const struct mface_key layout = shares ? layout_key(slot) : (struct mface_key) { 0 };
    kernel->weight_bytes += bytes;
    slot->packed = shares ? mface_weights_find(&from->source, layout, bytes) : NULL;
    if (slot->packed)
        return MFACE_OK;
    void *packed = mface_mem_alloc_huge(bytes);
    if (!packed)
        return MFACE_ERR_NOMEM;
    slot->packed = packed;
    slot->owns_packed = true;
    const enum mface_status status = fill(slot, from, packed);
    if (status == MFACE_OK && shares)
        slot->owns_packed = !mface_weights_give(&from->source, layout, packed, bytes);
    return status;
}

enum mface_status mface_dnnl_pack(
    struct mface_dnnl *kernel, const struct mface_constant constant[MFACE_SLOT_N])
{
    for (int i = 0; i < MFACE_SLOT_N; i++)
        if (kernel->slot[i].used && constant[i].data)
            MFACE_TRY(pack(kernel, &kernel->slot[i], &constant[i]));
    return MFACE_OK;
}

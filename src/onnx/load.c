/* Loading a model: map the file, parse, resolve. And what a loaded model tells about itself. */
#include "onnx/onnx.h"

#include "base/log.h"
#include "base/mem.h"
#include "onnx/graph.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum mface_status fail_errno(const char *path)
{
    const int code = errno;
    const bool missing = code == ENOENT || code == ENOTDIR;
    return mface_fail(missing ? MFACE_ERR_NOENT : MFACE_ERR_IO, "%s: %s", path, strerror(code));
}

static enum mface_status map_fd(int fd, const char *path, const void **data, size_t *size)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return fail_errno(path);
    if (S_ISDIR(info.st_mode))
        return mface_fail(MFACE_ERR_IO, "%s: is a directory", path);
    if (info.st_size == 0)
        return mface_fail(MFACE_ERR_FORMAT, "%s: not an ONNX file (it is empty)", path);
    void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return fail_errno(path);
    *data = map;
    *size = (size_t)info.st_size;
    return MFACE_OK;
}

static enum mface_status map_file(const char *path, const void **data, size_t *size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(path);
    const enum mface_status status = map_fd(fd, path, data, size);
    close(fd);
    return status;
}

static enum mface_status load(struct mface_onnx *onnx)
{
    MFACE_TRY(
        mface_proto_read_model(onnx->name, onnx->data, onnx->size, &onnx->arena, &onnx->model));
    return mface_graph_build(onnx);
}

enum mface_status mface_onnx_load_mem(
    const char *name, const void *data, size_t size, struct mface_onnx **out)
{
    struct mface_onnx *onnx = mface_mem_calloc(1, sizeof *onnx);
    char *copy = mface_mem_strdup(name);
    if (!onnx || !copy) {
        mface_mem_free(onnx);
        mface_mem_free(copy);
        return mface_fail_nomem(name);
    }
    *onnx = (struct mface_onnx) { .name = copy, .data = data, .size = size };
    const enum mface_status status = load(onnx);
    if (status != MFACE_OK)
        mface_onnx_free(&onnx);
    *out = onnx;
    return status;
}

enum mface_status mface_onnx_load(const char *path, struct mface_onnx **out)
{
    const void *data = NULL;
    size_t size = 0;
    *out = NULL;
    MFACE_TRY(map_file(path, &data, &size));
    const enum mface_status status = mface_onnx_load_mem(path, data, size, out);
    if (status != MFACE_OK)
        munmap((void *)data, size);
    else
        (*out)->mapped = (*out)->owns_mapping = true;
    return status;
}

void mface_onnx_free(struct mface_onnx **onnx_ptr)
{
    struct mface_onnx *onnx = *onnx_ptr;
    if (!onnx)
        return;
    if (onnx->owns_mapping)
        munmap((void *)onnx->data, onnx->size);
    mface_arena_clear(&onnx->arena);
    mface_mem_free(onnx->name);
    mface_mem_free(onnx);
    *onnx_ptr = NULL;
}

void mface_onnx_set_mapped(struct mface_onnx *onnx)
{
    onnx->mapped = true;
}

void mface_onnx_forget_pages(const struct mface_onnx *onnx, const void *data, size_t bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)onnx->data;
    const uintptr_t first = (uintptr_t)data & ~(page - 1);          // with what was copied before
    const uintptr_t last = ((uintptr_t)data + bytes) & ~(page - 1); // what comes next stays
    if (onnx->mapped && first < last && first >= start && last <= start + onnx->size)
        madvise((void *)first, last - first, MADV_DONTNEED);
}

size_t mface_onnx_n_inputs(const struct mface_onnx *onnx)
{
    return onnx->n_inputs;
}

size_t mface_onnx_n_outputs(const struct mface_onnx *onnx)
{
    return onnx->model.graph.n_outputs;
}

const struct mface_value_info *mface_onnx_input(const struct mface_onnx *onnx, size_t i)
{
    return &onnx->inputs[i];
}

const struct mface_value_info *mface_onnx_output(const struct mface_onnx *onnx, size_t i)
{
    return &onnx->model.graph.outputs[i];
}

static int64_t main_opset(const struct mface_proto_model *model)
{
    for (size_t i = 0; i < model->n_opsets; i++)
        if (!model->opsets[i].domain[0])
            return model->opsets[i].version;
    return 1;
}

void mface_onnx_summarize(const struct mface_onnx *onnx, struct mface_onnx_summary *summary)
{
    const struct mface_proto_graph *graph = &onnx->model.graph;
    *summary = (struct mface_onnx_summary) {
        .ir_version = onnx->model.ir_version,
        .opset = main_opset(&onnx->model),
        .producer = onnx->model.producer,
        .n_nodes = graph->n_nodes,
        .n_initializers = graph->n_initializers,
    };
    for (size_t i = 0; i < graph->n_initializers; i++)
        summary->weight_bytes += (int64_t)graph->initializers[i].bytes;
}

bool mface_onnx_uses(const struct mface_onnx *onnx, const char *op_type)
{
    for (size_t i = 0; i < onnx->n_nodes; i++)
        if (strcmp(onnx->nodes[i].proto->op_type, op_type) == 0)
            return true;
    return false;
}

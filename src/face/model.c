/* The plans are kept in a handful of slots under one mutex, which is held while a plan is made, so
 * that threads which need the same size at once wait for one plan instead of making several. A
 * slot counts its users; when all slots are taken, the one unused for longest gives way, and when
 * all are in use the newcomer's plan lives for one run only. */
#include "face/model.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_SLOTS = 6 };

struct slot {
    struct mface_plan *plan; // NULL: empty
    struct mface_shape shape;
    int n_users;
    uint64_t last_use;
};

struct mface_face_model {
    struct mface_onnx *onnx;
    struct mface_key digest;
    int threads;
    pthread_mutex_t lock; // guards all below
    struct slot slots[N_SLOTS];
    uint64_t n_uses;
};

static bool same_shape(const struct mface_shape *a, const struct mface_shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

bool mface_shape_fits(const struct mface_shape *shape, const struct mface_shape *want)
{
    if (shape->rank != want->rank)
        return false;
    for (int i = 0; i < want->rank; i++)
        if (shape->dim[i] >= 0 && want->dim[i] >= 0 && shape->dim[i] != want->dim[i])
            return false;
    return true;
}

bool mface_value_fits(const struct mface_value_info *value, const struct mface_shape *want)
{
    return value->dtype == MFACE_DTYPE_F32 && mface_shape_fits(&value->shape, want);
}

static enum mface_status digest_file(const char *path, struct mface_key *digest)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO would wait for a writer
    if (fd < 0)
        return mface_fail(
            errno == ENOENT ? MFACE_ERR_NOENT : MFACE_ERR_IO, "%s: %s", path, strerror(errno));
    struct stat st;
    void *data = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size > 0)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return mface_fail(MFACE_ERR_FORMAT, "%s: empty, or not a regular file", path);
    *digest = mface_key_from_bytes(data, (size_t)st.st_size);
    munmap(data, (size_t)st.st_size);
    return MFACE_OK;
}

enum mface_status mface_face_model_open(
    const char *path, int threads, struct mface_face_model **out)
{
    struct mface_key digest;
    struct mface_onnx *onnx;
    MFACE_TRY(digest_file(path, &digest));
    MFACE_TRY(mface_onnx_load(path, &onnx));
    struct mface_face_model *model = mface_mem_calloc(1, sizeof *model);
    if (!model) {
        mface_onnx_free(&onnx);
        return mface_fail_nomem(path);
    }
    model->onnx = onnx;
    model->digest = digest;
    model->threads = threads;
    pthread_mutex_init(&model->lock, NULL);
    *out = model;
    return MFACE_OK;
}

void mface_face_model_free(struct mface_face_model **model)
{
    struct mface_face_model *gone = *model;
    *model = NULL;
    if (!gone)
        return;
    for (int i = 0; i < N_SLOTS; i++) {
        assert(gone->slots[i].n_users == 0);
        mface_plan_free(&gone->slots[i].plan);
    }
    pthread_mutex_destroy(&gone->lock);
    mface_onnx_free(&gone->onnx);
    mface_mem_free(gone);
}

const struct mface_onnx *mface_face_model_onnx(const struct mface_face_model *model)
{
    return model->onnx;
}

struct mface_key mface_face_model_digest(const struct mface_face_model *model)
{
    return model->digest;
}

static enum mface_status make_plan(
    const struct mface_face_model *model, const struct mface_shape *shape, struct mface_plan **out)
{
    const struct mface_tensor input = { .dtype = MFACE_DTYPE_F32, .shape = *shape };
    const struct mface_plan_params params = {
        .inputs = &input, .n_inputs = 1, .threads = model->threads
    };
    return mface_plan_create(model->onnx, &params, out);
}

static struct slot *find_slot(struct mface_face_model *model, const struct mface_shape *shape)
{
    for (int i = 0; i < N_SLOTS; i++)
        if (model->slots[i].plan && same_shape(&model->slots[i].shape, shape))
            return &model->slots[i];
    return NULL;
}

/* An empty slot, or the idle one used least recently; NULL when all are busy. */
static struct slot *spare_slot(struct mface_face_model *model)
{
    struct slot *spare = NULL;
    for (int i = 0; i < N_SLOTS; i++) {
        struct slot *slot = &model->slots[i];
        if (slot->n_users == 0 && (!spare || slot->last_use < spare->last_use))
            spare = slot;
    }
    return spare;
}

/* *slot is NULL when the plan is the caller's alone. */
static enum mface_status acquire_locked(struct mface_face_model *model,
    const struct mface_shape *shape, struct slot **slot, struct mface_plan **plan)
{
    *slot = find_slot(model, shape);
    if (!*slot) {
        MFACE_TRY(make_plan(model, shape, plan));
        *slot = spare_slot(model);
        if (!*slot)
            return MFACE_OK;
        mface_plan_free(&(*slot)->plan);
        **slot = (struct slot) { .plan = *plan, .shape = *shape };
    }
    *plan = (*slot)->plan;
    (*slot)->n_users++;
    (*slot)->last_use = ++model->n_uses;
    return MFACE_OK;
}

static void release(struct mface_face_model *model, struct slot *slot, struct mface_plan *plan)
{
    if (!slot) {
        mface_plan_free(&plan);
        return;
    }
    pthread_mutex_lock(&model->lock);
    slot->n_users--;
    pthread_mutex_unlock(&model->lock);
}

static size_t tensor_bytes(const struct mface_tensor *tensor)
{
    size_t bytes = mface_dtype_bytes(tensor->dtype);
    for (int i = 0; i < tensor->shape.rank; i++)
        bytes *= (size_t)tensor->shape.dim[i];
    return bytes;
}

static enum mface_status alloc_outputs(
    const struct mface_plan *plan, size_t n, struct mface_face_outputs *outputs)
{
    assert(n <= MFACE_FACE_OUTPUTS_MAX);
    *outputs = (struct mface_face_outputs) { .n = (int)n };
    for (size_t i = 0; i < n; i++) {
        const struct mface_value_info *info = mface_plan_output(plan, i);
        struct mface_tensor *tensor = &outputs->tensor[i];
        *tensor = (struct mface_tensor) { .dtype = info->dtype, .shape = info->shape };
        if (info->dtype != MFACE_DTYPE_F32)
            return mface_fail(MFACE_ERR_UNSUPPORTED, "face model: output '%s' is %s, not f32",
                info->name, mface_dtype_name(info->dtype));
        tensor->data = mface_mem_alloc(tensor_bytes(tensor));
        if (!tensor->data)
            return mface_fail_nomem("face model's outputs");
    }
    return MFACE_OK;
}

static enum mface_status run_plan(const struct mface_face_model *model, struct mface_plan *plan,
    const struct mface_tensor *input, struct mface_face_outputs *outputs)
{
    enum mface_status status = alloc_outputs(plan, mface_onnx_n_outputs(model->onnx), outputs);
    if (status == MFACE_OK)
        status = mface_plan_run(plan, input, outputs->tensor);
    if (status != MFACE_OK)
        mface_face_outputs_clear(outputs);
    return status;
}

enum mface_status mface_face_model_run(struct mface_face_model *model,
    const struct mface_tensor *input, struct mface_face_outputs *outputs)
{
    struct slot *slot;
    struct mface_plan *plan;
    pthread_mutex_lock(&model->lock);
    enum mface_status status = acquire_locked(model, &input->shape, &slot, &plan);
    pthread_mutex_unlock(&model->lock);
    MFACE_TRY(status);
    status = run_plan(model, plan, input, outputs);
    release(model, slot, plan);
    return status;
}

void mface_face_outputs_clear(struct mface_face_outputs *outputs)
{
    for (int i = 0; i < outputs->n; i++)
        mface_mem_free(outputs->tensor[i].data);
    *outputs = (struct mface_face_outputs) { 0 };
}

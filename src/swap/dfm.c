/* Opening a DFM: is the file one, and what are its facts?
 *
 * The contract is checked twice: on what the file declares, so that a wrong model is refused before
 * it costs anything, and on the shapes of each compiled plan. The XXH3 of the file comes first,
 * since all that is remembered goes by it; the SHA-256, which nothing waits for, is computed beside
 * compiling. Both are remembered. */
#include "swap/dfm.h"

#include "base/log.h"
#include "base/mem.h"
#include "swap/dfm_internal.h"

#include <inttypes.h>
#include <string.h>

#define NOT_A_DFM(dfm, format, ...)                                                                \
    mface_fail(MFACE_ERR_UNSUPPORTED, "%s: not a DFM: " format, (dfm)->path, __VA_ARGS__)

/* The index of the input whose name contains `word`, or the number of inputs. */
static size_t find_input(const struct mface_onnx *onnx, const char *word)
{
    const size_t n = mface_onnx_n_inputs(onnx);
    for (size_t i = 0; i < n; i++)
        if (strstr(mface_onnx_input(onnx, i)->name, word))
            return i;
    return n;
}

static enum mface_status find_inputs(struct mface_dfm *dfm)
{
    const size_t n = mface_onnx_n_inputs(dfm->onnx);
    if (n != 1 && n != 2)
        return NOT_A_DFM(dfm, "it has %zu inputs; a DFM has in_face, and morph_value or not", n);
    dfm->face_input = find_input(dfm->onnx, "in_face");
    if (dfm->face_input == n)
        return NOT_A_DFM(dfm, "no input is named in_face; the first is '%s'",
            mface_onnx_input(dfm->onnx, 0)->name);
    dfm->morph_input = find_input(dfm->onnx, "morph_value");
    dfm->info.has_morph = n == 2;
    if (n == 2 && dfm->morph_input == n)
        return NOT_A_DFM(dfm, "its second input is '%s' where morph_value is expected",
            mface_onnx_input(dfm->onnx, !dfm->face_input)->name);
    return MFACE_OK;
}

static bool is_side(int64_t side)
{
    return side >= 1 && side <= 4096;
}

static enum mface_status check_face_input(struct mface_dfm *dfm)
{
    const struct mface_value_info *face = mface_onnx_input(dfm->onnx, dfm->face_input);
    const int64_t *dim = face->shape.dim;
    if (face->dtype != MFACE_DTYPE_F32)
        return NOT_A_DFM(dfm, "in_face is of type %s, not f32", mface_dtype_name(face->dtype));
    if (face->shape.rank != 4 || dim[3] != 3)
        return NOT_A_DFM(dfm, "in_face is not N×H×W×3 (rank %d)", face->shape.rank);
    if (dim[0] != -1 && dim[0] != 1)
        return NOT_A_DFM(dfm, "in_face takes %" PRId64 " faces at a time, not any number", dim[0]);
    if (!is_side(dim[1]) || !is_side(dim[2]))
        return NOT_A_DFM(
            dfm, "in_face is %" PRId64 "×%" PRId64 "; its sides must be 1..4096", dim[2], dim[1]);
    dfm->info.h = (int)dim[1];
    dfm->info.w = (int)dim[2];
    return MFACE_OK;
}

static enum mface_status check_morph_input(const struct mface_dfm *dfm)
{
    if (!dfm->info.has_morph)
        return MFACE_OK;
    const struct mface_value_info *morph = mface_onnx_input(dfm->onnx, dfm->morph_input);
    const bool is_one =
        morph->shape.rank == 1 && (morph->shape.dim[0] == 1 || morph->shape.dim[0] == -1);
    if (morph->dtype != MFACE_DTYPE_F32 || !is_one)
        return NOT_A_DFM(dfm, "morph_value is not one f32 (rank %d)", morph->shape.rank);
    return MFACE_OK;
}

static enum mface_status check_declared(struct mface_dfm *dfm)
{
    MFACE_TRY(find_inputs(dfm));
    MFACE_TRY(check_face_input(dfm));
    MFACE_TRY(check_morph_input(dfm));
    const size_t n = mface_onnx_n_outputs(dfm->onnx);
    if (n != MFACE_DFM_N_OUTPUTS)
        return NOT_A_DFM(dfm, "it has %zu outputs, not 3", n);
    return MFACE_OK;
}

/* Weights that caches hold are as near for one face as for four. */
enum { BATCH_FROM_BYTES = 16 << 20 };

static int choose_batch(const struct mface_dfm *dfm)
{
    const bool takes_one = mface_onnx_input(dfm->onnx, dfm->face_input)->shape.dim[0] == 1;
    if (takes_one || dfm->batch > 0)
        return takes_one ? 1 : dfm->batch;
    return dfm->info.packed_bytes < BATCH_FROM_BYTES ? 1 : MFACE_DFM_BATCH;
}

/* Compiles what is most likely asked for first. */
static enum mface_status compile_first(struct mface_dfm *dfm)
{
    struct mface_dfm_variant *variant;
    MFACE_TRY(mface_dfm_open_weights(dfm));
    const struct mface_dfm_form form = { MFACE_DFM_FIRST_MORPH, !dfm->skip_source_mask, 1 };
    MFACE_TRY(mface_dfm_variant_get(dfm, &form, &variant));
    dfm->info.flops = mface_plan_flops(variant->plan);
    dfm->info.packed_bytes = mface_plan_weight_bytes(variant->plan);
    dfm->info.batch = choose_batch(dfm);
    mface_dfm_variant_put(dfm, variant);
    return MFACE_OK;
}

static void describe(struct mface_dfm *dfm)
{
    struct mface_onnx_summary summary;
    mface_onnx_summarize(dfm->onnx, &summary);
    dfm->info.file_bytes = (int64_t)dfm->file.size;
    dfm->info.weight_bytes = summary.weight_bytes;
    dfm->info.producer = summary.producer;
    dfm->info.opset = summary.opset;
}

struct digest_job {
    const struct mface_model_file *file;
    char sha256[65];
    enum mface_status status;
};

static void *run_digest_job(void *arg)
{
    struct digest_job *job = arg;
    job->status = mface_model_file_sha256(job->file, job->sha256);
    return NULL;
}

static enum mface_status choose_and_compile(
    struct mface_dfm *dfm, const struct mface_dfm_open_params *params)
{
    MFACE_TRY(mface_dfm_choose_precision(dfm, params->precision));
    return compile_first(dfm);
}

/* Compiles and hashes at the same time. */
static enum mface_status compile_and_digest(
    struct mface_dfm *dfm, const struct mface_dfm_open_params *params)
{
    struct digest_job job = { .file = &dfm->file };
    pthread_t thread;
    MFACE_TRY(mface_model_file_key(&dfm->file, &dfm->info.digest));
    const bool beside = pthread_create(&thread, NULL, run_digest_job, &job) == 0;
    const enum mface_status status = choose_and_compile(dfm, params);
    if (beside)
        pthread_join(thread, NULL);
    else
        run_digest_job(&job);
    MFACE_TRY(status);
    MFACE_TRY(job.status);
    struct mface_model_digests digests = { .key = dfm->info.digest };
    memcpy(digests.sha256, job.sha256, sizeof digests.sha256);
    memcpy(dfm->info.sha256, job.sha256, sizeof dfm->info.sha256);
    mface_model_file_remember(&dfm->file, dfm->folder, &digests);
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_dfm *dfm, const struct mface_dfm_open_params *params)
{
    struct mface_model_digests digests;
    if (!mface_model_file_recall(&dfm->file, dfm->folder, &digests))
        return compile_and_digest(dfm, params);
    dfm->info.digest = digests.key;
    memcpy(dfm->info.sha256, digests.sha256, sizeof dfm->info.sha256);
    return choose_and_compile(dfm, params);
}

static enum mface_status load(struct mface_dfm *dfm, const struct mface_dfm_open_params *params)
{
    MFACE_TRY(mface_model_file_open(dfm->path, &dfm->file));
    MFACE_TRY(mface_onnx_load_mem(dfm->path, dfm->file.data, dfm->file.size, &dfm->onnx));
    mface_onnx_set_mapped(dfm->onnx);
    MFACE_TRY(check_declared(dfm));
    describe(dfm);
    MFACE_TRY(prepare(dfm, params));
    mface_dfm_begin_save(dfm);
    /* Weights are packed by now; another variant reads from the file again what it lacks. */
    mface_model_file_release_pages(&dfm->file);
    return MFACE_OK;
}

enum mface_status mface_dfm_open(
    const char *path, const struct mface_dfm_open_params *params, struct mface_dfm **out)
{
    struct mface_dfm *dfm = mface_mem_calloc(1, sizeof *dfm);
    if (!dfm)
        return mface_fail_nomem(path);
    pthread_mutex_init(&dfm->lock, NULL);
    dfm->threads = params->threads;
    dfm->skip_source_mask = params->skip_source_mask;
    dfm->batch = params->batch;
    dfm->path = mface_mem_strdup(path);
    dfm->folder = mface_mem_strdup(params->folder ? params->folder : "");
    const enum mface_status status =
        dfm->path && dfm->folder ? load(dfm, params) : mface_fail_nomem(path);
    if (status == MFACE_OK)
        *out = dfm;
    else
        mface_dfm_free(&dfm);
    return status;
}

void mface_dfm_free(struct mface_dfm **dfm_ptr)
{
    struct mface_dfm *dfm = *dfm_ptr;
    if (!dfm)
        return;
    mface_dfm_end_save(dfm);
    mface_dfm_free_variants(dfm);
    mface_weights_free(&dfm->weights);
    if (dfm->onnx)
        mface_onnx_free(&dfm->onnx);
    mface_model_file_close(&dfm->file);
    pthread_mutex_destroy(&dfm->lock);
    mface_mem_free(dfm->path);
    mface_mem_free(dfm->folder);
    mface_mem_free(dfm);
    *dfm_ptr = NULL;
}

const struct mface_dfm_info *mface_dfm_info(const struct mface_dfm *dfm)
{
    return &dfm->info;
}

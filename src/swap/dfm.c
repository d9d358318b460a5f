/* Opening a DFM: is the file one, and what are its facts?
 *
 * The contract is checked twice: on what the file declares, so that a wrong model is refused before
 * it costs anything, and on the shapes of the compiled plan, since DeepFaceLab's exports leave
 * dimensions of the outputs open. Hashing the file takes about as long as compiling it and runs
 * beside it. */
#include "swap/dfm.h"

#include "base/log.h"
#include "base/mem.h"
#include "swap/dfm_internal.h"

#include <inttypes.h>
#include <string.h>

static const double first_morph = 0.75; // DeepFaceLive's default: most likely the first asked for
static const char *const output_words[] = { "source mask", "celeb face", "celeb mask" };
static const int output_channels[] = { 1, 3, 1 };

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

static enum mface_status check_output(
    const struct mface_dfm *dfm, const struct mface_plan *plan, size_t i)
{
    const struct mface_value_info *output = mface_plan_output(plan, i);
    const int64_t *dim = output->shape.dim;
    if (output->dtype != MFACE_DTYPE_F32)
        return NOT_A_DFM(
            dfm, "its %s is of type %s, not f32", output_words[i], mface_dtype_name(output->dtype));
    if (output->shape.rank != 4 || dim[0] != 1 || dim[1] != dfm->info.h || dim[2] != dfm->info.w ||
        dim[3] != output_channels[i])
        return NOT_A_DFM(dfm, "output %zu ('%s') is not a %s of 1×%d×%d×%d", i, output->name,
            output_words[i], dfm->info.h, dfm->info.w, output_channels[i]);
    return MFACE_OK;
}

static enum mface_status check_compiled(struct mface_dfm *dfm)
{
    struct mface_dfm_variant *variant;
    MFACE_TRY(mface_dfm_variant_get(dfm, first_morph, &variant));
    enum mface_status status = MFACE_OK;
    for (size_t i = 0; i < MFACE_DFM_N_OUTPUTS && status == MFACE_OK; i++)
        status = check_output(dfm, variant->plan, i);
    dfm->info.flops = mface_plan_flops(variant->plan);
    mface_dfm_variant_put(dfm, variant);
    return status;
}

static void describe(struct mface_dfm *dfm)
{
    struct mface_onnx_summary summary;
    mface_onnx_summarize(dfm->onnx, &summary);
    dfm->info.file_bytes = (int64_t)dfm->file.size;
    dfm->info.weight_bytes = summary.weight_bytes;
    dfm->info.producer = summary.producer;
    dfm->info.opset = summary.opset;
    dfm->info.precision = "f32";
}

struct digest_job {
    const struct mface_model_file *file;
    struct mface_model_digests digests;
    enum mface_status status;
};

static void *run_digest_job(void *arg)
{
    struct digest_job *job = arg;
    job->status = mface_model_file_digest(job->file, &job->digests);
    return NULL;
}

/* Compiles and hashes at the same time. */
static enum mface_status compile_and_digest(struct mface_dfm *dfm)
{
    struct digest_job job = { .file = &dfm->file };
    pthread_t thread;
    const bool beside = pthread_create(&thread, NULL, run_digest_job, &job) == 0;
    const enum mface_status status = check_compiled(dfm);
    if (beside)
        pthread_join(thread, NULL);
    else
        run_digest_job(&job);
    MFACE_TRY(status);
    MFACE_TRY(job.status);
    memcpy(dfm->info.sha256, job.digests.sha256, sizeof dfm->info.sha256);
    dfm->info.digest = job.digests.key;
    /* Weights are packed by now; another variant reads them from the file again. */
    mface_model_file_release_pages(&dfm->file);
    return MFACE_OK;
}

static enum mface_status load(struct mface_dfm *dfm)
{
    MFACE_TRY(mface_model_file_open(dfm->path, &dfm->file));
    MFACE_TRY(mface_onnx_load_mem(dfm->path, dfm->file.data, dfm->file.size, &dfm->onnx));
    MFACE_TRY(check_declared(dfm));
    describe(dfm);
    return compile_and_digest(dfm);
}

enum mface_status mface_dfm_open(const char *path, int threads, struct mface_dfm **out)
{
    struct mface_dfm *dfm = mface_mem_calloc(1, sizeof *dfm);
    if (!dfm)
        return mface_fail_nomem(path);
    pthread_mutex_init(&dfm->lock, NULL);
    dfm->threads = threads;
    dfm->path = mface_mem_strdup(path);
    const enum mface_status status = dfm->path ? load(dfm) : mface_fail_nomem(path);
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
    mface_dfm_free_variants(dfm);
    mface_dfm_free_scratch(dfm);
    if (dfm->onnx)
        mface_onnx_free(&dfm->onnx);
    mface_model_file_close(&dfm->file);
    pthread_mutex_destroy(&dfm->lock);
    mface_mem_free(dfm->path);
    mface_mem_free(dfm);
    *dfm_ptr = NULL;
}

const struct mface_dfm_info *mface_dfm_info(const struct mface_dfm *dfm)
{
    return &dfm->info;
}

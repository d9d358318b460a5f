/* Which precision a DFM runs in.
 *
 * Flags of the CPU do not tell: with oneDNN 2.6 bf16 is eight times as fast as f32 where there is
 * AMX, and slower than f32 where there is only AVX512-BF16. So the model itself is run in each
 * precision this machine supports, once, and what was faster is remembered for this model, CPU,
 * library and number of threads. A model whose results in bf16 would be seen to differ stays in
 * f32 (dfm_quality.c). The plans that are measured have no weights (blank ones, see
 * onnx/weights.h), so that measuring takes neither the time nor the memory of packing them twice;
 * what that leaves out is the time to read the weights, which is half as long in bf16.
 *
 * int8 is never chosen, only taken: what it costs in quality is the user's to judge. How much that
 * is on this model is measured once, said, and remembered. */
#include "base/cpu.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "onnx/int8.h"
#include "swap/dfm_internal.h"

/* Emulated bf16 can take ten times as long as f32: one run says so, though it is the one that sets
 * things up. */
enum { MEASURED_RUNS = 3, HOPELESS = 4 };

struct measured {
    int64_t us[MFACE_PRECISION_BF16 + 1]; // per enum mface_precision; 0: cannot run here
    int64_t is_bf16_good;                 // enough to be used where it is faster
};

/* All four images of a face, in one block of zeros. */
static float *make_images(const struct mface_dfm *dfm)
{
    return mface_mem_calloc((size_t)dfm->info.w * (size_t)dfm->info.h * 8, sizeof(float));
}

/* The least time of a few runs, after one that sets things up. A run that takes longer than
 * hopeless_us is the last one. */
static enum mface_status time_plan(const struct mface_dfm *dfm, const struct mface_dfm_form *form,
    struct mface_plan *plan, float *block, int64_t hopeless_us, int64_t *least_us)
{
    const struct mface_dfm_images images = mface_dfm_images_at(dfm, form, block);
    int64_t took_us = 0;
    *least_us = INT64_MAX;
    for (int i = 0; i <= MEASURED_RUNS && took_us <= hopeless_us; i++) {
        const int64_t start_us = mface_time_us();
        MFACE_TRY(mface_dfm_run_plan(dfm, plan, form, &images));
        took_us = mface_time_us() - start_us;
        if ((i > 0 || took_us > hopeless_us) && took_us < *least_us)
            *least_us = took_us;
    }
    *least_us += *least_us == 0; // 0 means "not measured"
    return MFACE_OK;
}

static enum mface_status measure(
    const struct mface_dfm *dfm, enum mface_precision precision, int64_t hopeless_us, int64_t *us)
{
    const struct mface_dfm_form form = { MFACE_DFM_FIRST_MORPH, !dfm->skip_source_mask, 1 };
    struct mface_weights *blank;
    struct mface_plan *plan = NULL;
    MFACE_TRY(mface_weights_create_blank(&blank));
    float *images = make_images(dfm);
    enum mface_status status = images ? MFACE_OK : mface_fail_nomem(dfm->path);
    if (status == MFACE_OK)
        status = mface_dfm_compile(dfm, &form, precision, blank, &plan);
    if (status == MFACE_OK)
        status = time_plan(dfm, &form, plan, images, hopeless_us, us);
    mface_plan_free(&plan);
    mface_mem_free(images);
    mface_weights_free(&blank);
    return status;
}

static struct mface_key record_identity(const struct mface_dfm *dfm)
{
    char cpu[MFACE_CPU_MODEL_BYTES];
    struct mface_hasher hasher;
    mface_cpu_model(cpu);
    mface_hasher_init(&hasher);
    mface_hasher_add_key(&hasher, dfm->info.digest);
    mface_hasher_add_key(&hasher, mface_onnx_runtime_key());
    mface_hasher_add_str(&hasher, cpu);
    mface_hasher_add_u64(&hasher, (uint64_t)mface_cpu_count());
    mface_hasher_add_u64(&hasher, (uint64_t)dfm->threads);
    return mface_hasher_finish(&hasher);
}

/* A record can hold and still say what cannot be: a folder may be shared by machines. */
static bool makes_sense(const struct measured *measured)
{
    return measured->us[MFACE_PRECISION_F32] > 0 && measured->us[MFACE_PRECISION_BF16] > 0;
}

static enum mface_status measure_all(const struct mface_dfm *dfm, struct measured *measured)
{
    int64_t *f32_us = &measured->us[MFACE_PRECISION_F32];
    int64_t *bf16_us = &measured->us[MFACE_PRECISION_BF16];
    bool is_good = false;
    MFACE_TRY(measure(dfm, MFACE_PRECISION_F32, INT64_MAX, f32_us));
    MFACE_TRY(measure(dfm, MFACE_PRECISION_BF16, HOPELESS * *f32_us, bf16_us));
    if (*bf16_us < *f32_us)
        MFACE_TRY(mface_dfm_is_good_in_bf16(dfm, &is_good));
    measured->is_bf16_good = is_good;
    return MFACE_OK;
}

static void tell(const struct mface_dfm *dfm, const struct measured *measured)
{
    const int64_t *us = measured->us;
    const bool is_worse =
        us[MFACE_PRECISION_BF16] < us[MFACE_PRECISION_F32] && !measured->is_bf16_good;
    mface_log(MFACE_LOG_INFO, "%s: a face takes %.1f ms in f32, %.1f ms in bf16: %s%s", dfm->path,
        (double)us[MFACE_PRECISION_F32] / 1000, (double)us[MFACE_PRECISION_BF16] / 1000,
        mface_precision_name(dfm->precision),
        is_worse ? ", since this model's faces in bf16 would be seen to differ" : "");
}

static enum mface_status choose(struct mface_dfm *dfm)
{
    const struct mface_key identity = record_identity(dfm);
    struct measured measured = { 0 };
    dfm->precision = MFACE_PRECISION_F32;
    if (!mface_precision_is_supported(MFACE_PRECISION_BF16))
        return MFACE_OK;
    if (!mface_memory_read(dfm->folder, "precision", identity, &measured, sizeof measured) ||
        !makes_sense(&measured)) {
        MFACE_TRY(measure_all(dfm, &measured));
        mface_memory_write(dfm->folder, "precision", identity, &measured, sizeof measured);
    }
    if (measured.is_bf16_good)
        dfm->precision = MFACE_PRECISION_BF16;
    dfm->info.f32_us = measured.us[MFACE_PRECISION_F32];
    dfm->info.bf16_us = measured.us[MFACE_PRECISION_BF16];
    tell(dfm, &measured);
    return MFACE_OK;
}

static struct mface_key quality_identity(const struct mface_dfm *dfm)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_key(&hasher, dfm->info.digest);
    mface_hasher_add_key(&hasher, mface_onnx_runtime_key());
    mface_hasher_add_u64(&hasher, (uint64_t)dfm->skip_source_mask);
    return mface_hasher_finish(&hasher);
}

/* Below these a face is seen to be another, and masks are off by more than their own steps. */
#define VISIBLE_PSNR_DB   40.0
#define VISIBLE_MASK_DIFF (2.0 / 255)

static void tell_quality(const struct mface_dfm *dfm)
{
    const struct mface_dfm_quality *quality = &dfm->info.quality;
    const bool is_good = quality->face_psnr_db >= VISIBLE_PSNR_DB &&
                         quality->mask_diff <= VISIBLE_MASK_DIFF; // a NaN is not
    mface_log(is_good ? MFACE_LOG_INFO : MFACE_LOG_WARN,
        "%s: in int8 faces are %.1f dB from f32, masks %.2f/255%s", dfm->path,
        quality->face_psnr_db, quality->mask_diff * 255,
        is_good ? "" : ": that may be seen; precision auto has no such loss");
    if (!mface_int8_is_fast())
        mface_log(MFACE_LOG_WARN,
            "this CPU has no instructions for int8 (VNNI, AMX): it is slower than f32 here");
}

/* Nobody can tell how a model takes eight bits before it is tried; once will do. */
static enum mface_status take_int8(struct mface_dfm *dfm)
{
    const struct mface_key identity = quality_identity(dfm);
    struct mface_dfm_quality *quality = &dfm->info.quality;
    dfm->precision = MFACE_PRECISION_INT8;
    if (!mface_memory_read(dfm->folder, "int8", identity, quality, sizeof *quality)) {
        MFACE_TRY(mface_dfm_measure_quality(dfm, MFACE_PRECISION_INT8, quality));
        mface_memory_write(dfm->folder, "int8", identity, quality, sizeof *quality);
    }
    tell_quality(dfm);
    return MFACE_OK;
}

static enum mface_status take_bf16(struct mface_dfm *dfm)
{
    dfm->precision = MFACE_PRECISION_BF16;
    if (mface_precision_is_supported(MFACE_PRECISION_BF16))
        return MFACE_OK;
    return mface_fail(MFACE_ERR_UNSUPPORTED, "this machine cannot compute in %s",
        mface_precision_name(MFACE_PRECISION_BF16));
}

static enum mface_status take(struct mface_dfm *dfm, enum mface_dfm_precision asked)
{
    switch (asked) {
    case MFACE_DFM_PRECISION_BF16:
        return take_bf16(dfm);
    case MFACE_DFM_PRECISION_INT8:
        return take_int8(dfm);
    case MFACE_DFM_PRECISION_F32:
        dfm->precision = MFACE_PRECISION_F32;
        return MFACE_OK;
    default:
        return choose(dfm);
    }
}

enum mface_status mface_dfm_choose_precision(struct mface_dfm *dfm, enum mface_dfm_precision asked)
{
    static const enum mface_dfm_precision used[] = {
        [MFACE_PRECISION_F32] = MFACE_DFM_PRECISION_F32,
        [MFACE_PRECISION_BF16] = MFACE_DFM_PRECISION_BF16,
        [MFACE_PRECISION_INT8] = MFACE_DFM_PRECISION_INT8,
    };
    MFACE_TRY(take(dfm, asked));
    dfm->info.precision = mface_precision_name(dfm->precision);
    dfm->info.precision_used = used[dfm->precision];
    return MFACE_OK;
}

/* DFM models: DeepFaceLab's ONNX exports, by their contract (DeepFaceLive, DFMModel.py).
 *
 * Input "in_face:0", N×H×W×3 f32 BGR 0..1; optionally "morph_value:0", f32[1]. Outputs, in this
 * order: source mask N×H×W×1, celeb face N×H×W×3, celeb mask N×H×W×1. */
#ifndef MFACE_SWAP_DFM_H
#define MFACE_SWAP_DFM_H

#include <memoface/image.h>
#include <memoface/key.h>
#include <memoface/status.h>
#include <stdbool.h>

/* What a model computes in. */
enum mface_dfm_precision {
    MFACE_DFM_PRECISION_AUTO, // what this machine runs faster; measured once and remembered
    MFACE_DFM_PRECISION_F32,
    MFACE_DFM_PRECISION_BF16,
    MFACE_DFM_PRECISION_INT8, // only when asked for: it rounds more than an eye may overlook
};

/* How far a model's results are from those in f32, on a picture with the traits of a face. */
struct mface_dfm_quality {
    double face_psnr_db; // celeb face; 150: equal
    double mask_diff;    // mean of the worse mask, of 1
};

struct mface_dfm_open_params {
    int threads; // per inference, 0: all processors
    enum mface_dfm_precision precision;
    /* Folder in which digests, measurements and packed weights are remembered from one run to the
     * next, created if need be; NULL or "": nothing is remembered. */
    const char *folder;
    /* Compiles for runs without a source mask first; others still work, at the cost of compiling
     * for them. */
    bool skip_source_mask;
    int batch; // faces a run takes at a time, 1..16; 0: as many as pay
};

struct mface_dfm; // immutable but for its compiled variants; thread-safe

/* Logs on failure. MFACE_ERR_FORMAT: not an ONNX; MFACE_ERR_UNSUPPORTED: an ONNX that is no DFM
 * ("not a DFM: …"), or an operator we lack; MFACE_ERR_NOENT, MFACE_ERR_IO, MFACE_ERR_NOMEM. The
 * file stays mapped: it must not be truncated meanwhile. Compiles the model (for morph 0.75 where
 * it has one). MFACE_ERR_UNSUPPORTED also where this machine lacks the precision asked for. */
MFACE_NODISCARD enum mface_status mface_dfm_open(
    const char *path, const struct mface_dfm_open_params *params, struct mface_dfm **out);
void mface_dfm_free(struct mface_dfm **dfm);

struct mface_dfm_info {
    int w, h; // of the model's input, pixels
    bool has_morph;
    char sha256[65];                         // of the file, lower-case hex
    struct mface_key digest;                 // XXH3 of the file: what keys are made of
    int64_t file_bytes, weight_bytes, flops; // flops of one face
    const char *producer;                    // owned by the dfm
    int64_t opset;
    enum mface_dfm_precision precision_used; // never AUTO
    const char *precision;                   // "f32", of precision_used
    int64_t f32_us, bf16_us;                 // time of a face as auto measured it; 0: it did not
    struct mface_dfm_quality quality;        // in int8; zeros: not measured
    int64_t packed_bytes;                    // of weights in memory
    int batch; // faces a run takes at a time: more than one where reading weights costs much
};
const struct mface_dfm_info *mface_dfm_info(const struct mface_dfm *dfm);

struct mface_dfm_params {
    double morph;  // 0..1; ignored by models without it
    bool two_pass; // the celeb face goes through once more; the source mask is the first pass's
};

/* An aligned face and what a run makes of it. The crop is U8 BGR, square, of any side; the outputs
 * have its size and are U8. */
struct mface_dfm_face {
    struct mface_image crop, celeb_face; // c 3
    struct mface_image celeb_mask;       // c 1
    struct mface_image source_mask;      // c 1; without data: not wanted
};

/* Swaps n ≥ 1 faces, of which all or none want the source mask. Resizes to and from the model's
 * size (bilinear) where they differ. The bits of a face do not depend on those it is given with.
 * Those before one that fails may be written. MFACE_OK, MFACE_ERR_NOMEM, MFACE_ERR_INTERNAL. */
MFACE_NODISCARD enum mface_status mface_dfm_run(struct mface_dfm *dfm,
    const struct mface_dfm_params *params, const struct mface_dfm_face *faces, int n);

#endif

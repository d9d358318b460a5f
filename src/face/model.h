/* A face network: a parsed ONNX file and its plans, one per input size.
 *
 * Detectors take frames of any size, so the sizes a run needs are not known beforehand. Plans are
 * made on first use and a few are kept; one in use is never dropped. */
#ifndef MFACE_FACE_MODEL_H
#define MFACE_FACE_MODEL_H

#include "onnx/onnx.h"
#include <memoface/key.h>

enum { MFACE_FACE_OUTPUTS_MAX = 2 };

struct mface_face_model; // thread-safe

/* Logs on failure; statuses as mface_onnx_load(). `threads` of one run; 0: all processors. */
MFACE_NODISCARD enum mface_status mface_face_model_open(
    const char *path, int threads, struct mface_face_model **out);
void mface_face_model_free(struct mface_face_model **model);

const struct mface_onnx *mface_face_model_onnx(const struct mface_face_model *model);
struct mface_key mface_face_model_digest(const struct mface_face_model *model); // of the file

/* What a run gives back, in the file's order. Release with mface_face_outputs_clear(). */
struct mface_face_outputs {
    int n;
    struct mface_tensor tensor[MFACE_FACE_OUTPUTS_MAX];
};

/* Runs the model, which has one input and at most MFACE_FACE_OUTPUTS_MAX outputs, all f32. What a
 * file declares and what its graph computes may differ: check the outputs' shapes.
 * MFACE_OK, MFACE_ERR_NOMEM, MFACE_ERR_UNSUPPORTED (outputs of another type), and on the first run
 * of a size what mface_plan_create() returns. */
MFACE_NODISCARD enum mface_status mface_face_model_run(struct mface_face_model *model,
    const struct mface_tensor *input, struct mface_face_outputs *outputs);
void mface_face_outputs_clear(struct mface_face_outputs *outputs); // accepts a zeroed struct

/* Whether two shapes can be the same: equal rank, and each dim equal where both are known (-1:
 * unknown). */
bool mface_shape_fits(const struct mface_shape *shape, const struct mface_shape *want);

/* Whether an input or output is f32 and declared with a shape that fits. */
bool mface_value_fits(const struct mface_value_info *value, const struct mface_shape *want);

#endif

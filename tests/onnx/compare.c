#include "base/mem.h"
#include "onnx/shape.h"
#include "suite.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double rtol = 1e-3, atol = 1e-5;

static double number(const struct mface_tensor *tensor, int64_t i)
{
    return tensor->dtype == MFACE_DTYPE_F32 ? ((const float *)tensor->data)[i]
                                            : ((const double *)tensor->data)[i];
}

static bool floats_match(const struct mface_tensor *got, const struct mface_tensor *want, int64_t n,
    char note[CASE_NOTE_BYTES])
{
    double worst = 0;
    int64_t n_wrong = 0;
    for (int64_t i = 0; i < n; i++) {
        const double a = number(got, i), b = number(want, i), difference = fabs(a - b);
        if (a == b || (isnan(a) && isnan(b)))
            continue;
        if (!(difference <= atol + rtol * fabs(b)))
            n_wrong++;
        worst = isnan(difference) ? INFINITY : fmax(worst, difference);
    }
    snprintf(note, CASE_NOTE_BYTES, "%" PRId64 " of %" PRId64 " values differ, by up to %g",
        n_wrong, n, worst);
    return n_wrong == 0;
}

bool suite_tensor_matches(
    const struct mface_tensor *got, const struct mface_tensor *want, char note[CASE_NOTE_BYTES])
{
    if (got->dtype != want->dtype || !mface_shape_equal(&got->shape, &want->shape)) {
        char a[MFACE_SHAPE_TEXT_BYTES], b[MFACE_SHAPE_TEXT_BYTES];
        snprintf(note, CASE_NOTE_BYTES, "got %s %.80s, expected %s %.80s",
            mface_dtype_name(got->dtype), mface_shape_print(&got->shape, a),
            mface_dtype_name(want->dtype), mface_shape_print(&want->shape, b));
        return false;
    }
    const int64_t n = mface_shape_count(&want->shape);
    if (want->dtype == MFACE_DTYPE_F32 || want->dtype == MFACE_DTYPE_F64)
        return floats_match(got, want, n, note);
    const size_t bytes = mface_dtype_bytes(want->dtype);
    for (int64_t i = 0; i < n; i++) {
        const size_t at = (size_t)i * bytes;
        if (memcmp((const char *)got->data + at, (const char *)want->data + at, bytes) == 0)
            continue;
        snprintf(note, CASE_NOTE_BYTES, "value %" PRId64 " of %" PRId64 " differs", i, n);
        return false;
    }
    return true;
}

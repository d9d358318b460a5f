/* NonMaxSuppression: per batch and class, boxes in order of falling score, without those that
 * overlap an earlier one too much.
 *
 * The number of boxes that remain is the shape of the result, so that boxes and scores must be
 * constant; a model that ends in this operator is better cut before it. The best of the boxes left
 * is searched anew for each one taken: few are. */
#include "base/mem.h"
#include "onnx/ops/elem.h"
#include "onnx/ops/family.h"

#include <math.h>

struct nms {
    const float *boxes, *scores;
    int64_t n_batches, n_classes, n_boxes, n_max;
    float iou_max, score_min;
    bool centred; // x, y, width, height instead of y1, x1, y2, x2
};

struct box {
    float x1, y1, x2, y2;
};

static struct box read_box(const struct nms *nms, int64_t batch, int64_t i)
{
    const float *v = nms->boxes + (batch * nms->n_boxes + i) * 4;
    if (nms->centred)
        return (struct box) { v[0] - v[2] / 2, v[1] - v[3] / 2, v[0] + v[2] / 2, v[1] + v[3] / 2 };
    return (
        struct box) { fminf(v[1], v[3]), fminf(v[0], v[2]), fmaxf(v[1], v[3]), fmaxf(v[0], v[2]) };
}

static float area(struct box box)
{
    return (box.x2 - box.x1) * (box.y2 - box.y1);
}

/* Intersection over union. */
static float overlap(struct box a, struct box b)
{
    const float width = fminf(a.x2, b.x2) - fmaxf(a.x1, b.x1);
    const float height = fminf(a.y2, b.y2) - fmaxf(a.y1, b.y1);
    const float shared = width > 0 && height > 0 ? width * height : 0;
    const float all = area(a) + area(b) - shared;
    return all > 0 ? shared / all : 0;
}

/* The best box not yet gone, or -1. */
static int64_t find_best(const struct nms *nms, const float *scores, const bool *gone)
{
    int64_t best = -1;
    for (int64_t i = 0; i < nms->n_boxes; i++)
        if (!gone[i] && scores[i] > nms->score_min && (best < 0 || scores[i] > scores[best]))
            best = i;
    return best;
}

/* Writes triples (batch, class, box) of one class to `out` unless NULL; returns their number. */
static int64_t suppress(
    const struct nms *nms, int64_t batch, int64_t category, bool *gone, int64_t *out)
{
    const float *scores = nms->scores + (batch * nms->n_classes + category) * nms->n_boxes;
    int64_t n = 0, best;
    for (int64_t i = 0; i < nms->n_boxes; i++)
        gone[i] = false;
    while (n < nms->n_max && (best = find_best(nms, scores, gone)) >= 0) {
        const struct box box = read_box(nms, batch, best);
        gone[best] = true;
        for (int64_t i = 0; i < nms->n_boxes; i++)
            gone[i] |= overlap(box, read_box(nms, batch, i)) > nms->iou_max;
        if (out) {
            out[3 * n] = batch;
            out[3 * n + 1] = category;
            out[3 * n + 2] = best;
        }
        n++;
    }
    return n;
}

static int64_t suppress_all(const struct nms *nms, bool *gone, int64_t *out)
{
    int64_t n = 0;
    for (int64_t batch = 0; batch < nms->n_batches; batch++)
        for (int64_t category = 0; category < nms->n_classes; category++)
            n += suppress(nms, batch, category, gone, out ? out + 3 * n : NULL);
    return n;
}

static enum mface_status read_number(const struct mface_step *step, int i, double *value)
{
    if (!mface_op_has_in(step, i))
        return MFACE_OK;
    const struct mface_tensor *in = &step->in[i];
    if (!in->data || mface_shape_count(&in->shape) != 1 ||
        !(MFACE_DTYPE_BIT(in->dtype) & MFACE_DTYPES_NUMBER))
        return mface_op_fail(step, MFACE_ERR_UNSUPPORTED, "input %d must be one constant", i);
    mface_elem_load_f64(in->data, in->dtype, 0, 1, 1, value);
    return MFACE_OK;
}

static enum mface_status read_nms(const struct mface_step *step, struct nms *nms)
{
    const struct mface_tensor *boxes = &step->in[0], *scores = &step->in[1];
    for (int i = 0; i < 2; i++) {
        MFACE_TRY(mface_op_check_dtype(step, i, MFACE_DTYPE_BIT(MFACE_DTYPE_F32)));
        if (!step->in[i].data)
            return mface_op_fail(step, MFACE_ERR_UNSUPPORTED,
                "input %d must be constant, because a shape depends on it", i);
    }
    if (boxes->shape.rank != 3 || boxes->shape.dim[2] != 4 || scores->shape.rank != 3 ||
        boxes->shape.dim[0] != scores->shape.dim[0] || boxes->shape.dim[1] != scores->shape.dim[2])
        return mface_op_fail(step, MFACE_ERR_FORMAT, "boxes and scores do not fit each other");
    double n_max = 0, iou_max = 0, score_min = -INFINITY;
    MFACE_TRY(read_number(step, 2, &n_max));
    MFACE_TRY(read_number(step, 3, &iou_max));
    MFACE_TRY(read_number(step, 4, &score_min));
    *nms = (struct nms) {
        .boxes = boxes->data,
        .scores = scores->data,
        .n_batches = boxes->shape.dim[0],
        .n_classes = scores->shape.dim[1],
        .n_boxes = boxes->shape.dim[1],
        .n_max = (int64_t)fmin(fmax(n_max, 0), (double)boxes->shape.dim[1]),
        .iou_max = (float)iou_max,
        .score_min = (float)score_min,
        .centred = mface_op_attr_int(step, "center_point_box", 0),
    };
    return MFACE_OK;
}

static enum mface_status infer(struct mface_step *step)
{
    struct nms nms;
    MFACE_TRY(read_nms(step, &nms));
    bool *gone = mface_mem_calloc((size_t)nms.n_boxes, sizeof *gone);
    if (!gone)
        return mface_op_nomem(step);
    const int64_t n = suppress_all(&nms, gone, NULL);
    mface_mem_free(gone);
    step->out[0].dtype = MFACE_DTYPE_I64;
    step->out[0].shape = (struct mface_shape) { 2, { n, 3 } };
    return MFACE_OK;
}

static enum mface_status prepare(struct mface_step *step)
{
    step->scratch_bytes = (size_t)step->in[0].shape.dim[1] * sizeof(bool);
    return MFACE_OK;
}

static enum mface_status run(const struct mface_step *step, const struct mface_op_args *args)
{
    struct nms nms;
    MFACE_TRY(read_nms(step, &nms));
    suppress_all(&nms, args->scratch, args->out[0].data);
    return MFACE_OK;
}

const struct mface_op mface_op_non_max_suppression = {
    .name = "NonMaxSuppression",
    .opset_min = 10,
    .in_min = 2,
    .in_max = 5,
    .infer = infer,
    .prepare = prepare,
    .run = run,
};

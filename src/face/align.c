/* From landmarks to the crop's matrix.
 *
 * The similarity that takes the landmarks nearest to the mean face is inverted: that gives the axes
 * of the unit square in the frame. Offsets move the square's centre along them, the coverage
 * stretches them. */
#include "face/align.h"

#include "face/similarity.h"
#include "face/templates.h"

#include <math.h>

static const double constant_y_offset = -0.08; // FaceAligner.py adds it for landmarks

struct pairs {
    int n;
    struct mface_point src[MFACE_LANDMARKS_MAX], dst[MFACE_LANDMARKS_MAX];
};

static void add_pair(struct pairs *pairs, struct mface_point src, struct mface_point dst)
{
    pairs->src[pairs->n] = src;
    pairs->dst[pairs->n++] = dst;
}

static void pair_68(const struct mface_landmarks *landmarks, struct pairs *pairs)
{
    for (int i = 0; i < MFACE_TEMPLATE_68_POINTS; i++)
        add_pair(pairs, landmarks->p[mface_template_68_index[i]], mface_template_68[i]);
}

static void pair_468(
    const struct mface_landmarks *landmarks, bool exclude_moving_parts, struct pairs *pairs)
{
    const int n =
        exclude_moving_parts ? MFACE_TEMPLATE_468_STILL_POINTS : MFACE_TEMPLATE_468_POINTS;
    for (int i = 0; i < n; i++) {
        const int at = exclude_moving_parts ? mface_template_468_still[i] : i;
        add_pair(pairs, landmarks->p[at], mface_template_468[at]);
    }
}

/* A box is fitted to the unit square corner by corner, whatever its aspect. */
static void pair_box(const struct mface_box *box, struct pairs *pairs)
{
    add_pair(pairs, (struct mface_point) { box->l, box->t }, (struct mface_point) { 0, 0 });
    add_pair(pairs, (struct mface_point) { box->r, box->t }, (struct mface_point) { 1, 0 });
    add_pair(pairs, (struct mface_point) { box->r, box->b }, (struct mface_point) { 1, 1 });
    add_pair(pairs, (struct mface_point) { box->l, box->b }, (struct mface_point) { 0, 1 });
}

static struct mface_box middle_box(int side, int frame_w, int frame_h)
{
    const float x = (float)frame_w / 2, y = (float)frame_h / 2, half = (float)side / 2;
    return (struct mface_box) { .l = x - half, .t = y - half, .r = x + half, .b = y + half };
}

/* What the mode aligns to the template; false where it has no template. */
static bool choose_pairs(const struct mface_align_params *params, const struct mface_box *box,
    const struct mface_landmarks *landmarks, int frame_w, int frame_h, struct pairs *pairs)
{
    pairs->n = 0;
    if (params->mode == MFACE_ALIGN_RECT) {
        pair_box(box, pairs);
    } else if (params->mode == MFACE_ALIGN_STATIC_RECT) {
        const struct mface_box middle = middle_box(params->resolution, frame_w, frame_h);
        pair_box(&middle, pairs);
    } else if (landmarks->n == 68) {
        pair_68(landmarks, pairs);
    } else if (landmarks->n == 468) {
        pair_468(landmarks, params->exclude_moving_parts, pairs);
    }
    return pairs->n > 0;
}

/* The crop's square in the frame: its middle, and the vectors from there to the middles of its
 * right and lower sides. */
struct square {
    double x, y;
    double right_x, right_y, down_x, down_y;
};

/* `unit_to_frame` is a similarity, so that down is right turned by 90°. */
static struct square place_square(
    const struct mface_align_params *params, const struct mface_affine *unit_to_frame)
{
    const bool points = params->mode == MFACE_ALIGN_POINTS, head = points && params->head_mode;
    const double x_offset = params->x_offset;
    const double y_offset = params->y_offset + (points ? constant_y_offset : 0) + (head ? -0.5 : 0);
    const double half = 0.5 * (params->coverage + (head ? 1 : 0));
    const double *m = unit_to_frame->m;
    struct square square = {
        .x = m[0] * (0.5 + x_offset) + m[1] * (0.5 + y_offset) + m[2],
        .y = m[3] * (0.5 + x_offset) + m[4] * (0.5 + y_offset) + m[5],
        .right_x = m[0] * half,
        .right_y = m[3] * half,
        .down_x = m[1] * half,
        .down_y = m[4] * half,
    };
    if (points && params->freeze_z_rotation) {
        square.right_x = square.down_y = hypot(square.right_x, square.right_y);
        square.right_y = square.down_x = 0;
    }
    return square;
}

/* The map from a crop of `side` units to the frame. */
static struct mface_affine square_to_frame(const struct square *s, double side)
{
    return (struct mface_affine) {
        .m = { 2 * s->right_x / side, 2 * s->down_x / side, s->x - s->right_x - s->down_x,
            2 * s->right_y / side, 2 * s->down_y / side, s->y - s->right_y - s->down_y },
    };
}

enum mface_status mface_align_compute(const struct mface_align_params *params,
    const struct mface_box *box, const struct mface_landmarks *landmarks, int frame_w, int frame_h,
    struct mface_alignment *out)
{
    struct pairs pairs;
    struct mface_affine frame_to_unit, unit_to_frame, to_crop, to_crop_unit;
    if (!choose_pairs(params, box, landmarks, frame_w, frame_h, &pairs) ||
        !mface_similarity_fit(pairs.src, pairs.dst, pairs.n, &frame_to_unit) ||
        !mface_affine_invert(&frame_to_unit, &unit_to_frame))
        return MFACE_ERR_ARG;
    const struct square square = place_square(params, &unit_to_frame);
    const struct mface_affine from_crop = square_to_frame(&square, params->resolution);
    const struct mface_affine from_unit = square_to_frame(&square, 1);
    const struct mface_affine pixels = { .m = { frame_w, 0, 0, 0, frame_h, 0 } };
    if (!mface_affine_invert(&from_crop, &to_crop) ||
        !mface_affine_invert(&from_unit, &to_crop_unit))
        return MFACE_ERR_ARG;
    out->to_crop = to_crop;
    out->to_crop_unit = mface_affine_then(&pixels, &to_crop_unit);
    return MFACE_OK;
}

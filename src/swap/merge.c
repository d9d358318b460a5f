/* Merging: a face goes back into the frame it came from.
 *
 * The face and its mask are warped from the crop to the frame and blended:
 *
 *     w = mask · opacity        blend = frame·(1 − w) + face·w
 *
 * Only the rectangle that the mask's nonzero pixels can reach is looked at, and a pixel whose
 * warped mask is ≤ 1/255 is not written at all.
 *
 * Colour compression reduces colours to c steps, c = max(4, 127 − value). DeepFaceLive does it to
 * the whole frame with q(x) = floor(x·c)/c + 2/c, which lifts everything by 1.5/c on average; that
 * is `compress_frame`. When only the face is compressed, such a lift would set the face off from
 * its surroundings and quantised pixels would end at a visible line where the mask begins.
 * Therefore the middle of each step is taken, which lifts nothing, and what it changes is weighed
 * like the face itself:
 *
 *     out = blend + w·(q(blend) − blend)        q(x) = (floor(x·c) + 1/2)/c
 *
 * Under a full mask that is q(blend); towards the mask's edge it fades to the frame's own value,
 * from which `out` differs by at most w·(|face − frame| + 1/(2c)). */
#include "base/log.h"
#include "swap/merge_reach.h"

#include <assert.h>
#include <math.h>

static const float mask_floor = 1.0f / 255.0f;

/* Crop pixels → the crop's unit square, enlarged by `scale` about its centre, moved by the
 * offsets. */
static struct mface_affine crop_to_unit(const struct mface_merge_params *params, int resolution)
{
    const double step = params->scale / resolution, start = 0.5 - 0.5 * params->scale;
    return (struct mface_affine) { {
        step, 0.0, start + params->x_offset, //
        0.0, step, start + params->y_offset, //
    } };
}

enum mface_status mface_merge_matrix(const struct mface_merge_params *params,
    const struct mface_affine *frame_to_crop_unit, int resolution, int frame_w, int frame_h,
    struct mface_affine *crop_to_frame)
{
    const struct mface_affine in_crop = crop_to_unit(params, resolution);
    const struct mface_affine to_pixels = { { frame_w, 0.0, 0.0, 0.0, frame_h, 0.0 } };
    struct mface_affine unit_to_unit;
    if (!mface_affine_invert(frame_to_crop_unit, &unit_to_unit))
        return mface_fail(MFACE_ERR_ARG, "merge: the alignment has no inverse");
    const struct mface_affine in_frame = mface_affine_then(&in_crop, &unit_to_unit);
    *crop_to_frame = mface_affine_then(&in_frame, &to_pixels);
    return MFACE_OK;
}

/* Least and greatest coordinate of the open interval that an axis of the matrix takes the crop's
 * open rectangle to. */
static void axis_range(const double *m, struct mface_rect crop, double *least, double *greatest)
{
    const double x0 = m[0] * (crop.l - 1), x1 = m[0] * crop.r;
    const double y0 = m[1] * (crop.t - 1), y1 = m[1] * crop.b;
    *least = fmin(x0, x1) + fmin(y0, y1) + m[2];
    *greatest = fmax(x0, x1) + fmax(y0, y1) + m[2];
}

/* A value that is no number counts as 0. */
static int clamp_edge(double at, int limit)
{
    return !(at > 0.0) ? 0 : at > limit ? limit : (int)at;
}

/* The frame pixels within w×h that take anything from the crop's pixels in `crop`, which reach
 * one pixel further on each side for the bilinear taps. A pixel of slack covers rounding. */
static struct mface_rect rect_of_crop(
    const struct mface_affine *crop_to_frame, struct mface_rect crop, int w, int h)
{
    double l, r, t, b;
    axis_range(crop_to_frame->m, crop, &l, &r);
    axis_range(crop_to_frame->m + 3, crop, &t, &b);
    return (struct mface_rect) {
        .l = clamp_edge(floor(l) - 1, w),
        .t = clamp_edge(floor(t) - 1, h),
        .r = clamp_edge(ceil(r) + 2, w),
        .b = clamp_edge(ceil(b) + 2, h),
    };
}

struct mface_rect mface_merge_rect(
    const struct mface_affine *crop_to_frame, int resolution, int frame_w, int frame_h)
{
    const struct mface_rect crop = { 0, 0, resolution, resolution };
    const struct mface_rect rect = rect_of_crop(crop_to_frame, crop, frame_w, frame_h);
    return rect.t < rect.b ? rect : (struct mface_rect) { 0 };
}

static bool sample_is_set(const struct mface_image *mask, int x, int y)
{
    return mask->sample == MFACE_SAMPLE_U8 ? mface_image_row_u8(mask, y)[x] != 0
                                           : mface_image_row_f32(mask, y)[x] > 0.0f;
}

struct mface_rect mface_merge_nonzero(const struct mface_image *mask)
{
    struct mface_rect rect = { mask->w, mask->h, 0, 0 };
    for (int y = 0; y < mask->h; y++) {
        int l = 0, r = mask->w;
        while (l < r && !sample_is_set(mask, l, y))
            l++;
        while (r > l && !sample_is_set(mask, r - 1, y))
            r--;
        if (l == r)
            continue;
        rect.l = l < rect.l ? l : rect.l;
        rect.r = r > rect.r ? r : rect.r;
        rect.t = y < rect.t ? y : rect.t;
        rect.b = y + 1;
    }
    return rect;
}

struct mface_image mface_merge_view(const struct mface_image *image, struct mface_rect part)
{
    const ptrdiff_t pixel_bytes = image->c * (ptrdiff_t)mface_sample_bytes(image->sample);
    struct mface_image view = *image;
    view.data = (uint8_t *)image->data + part.t * image->stride + part.l * pixel_bytes;
    view.w = part.r - part.l;
    view.h = part.b - part.t;
    return view;
}

struct mface_rect mface_merge_reached(
    const struct mface_affine *crop_to_frame, struct mface_rect nonzero, struct mface_rect rect)
{
    if (nonzero.l >= nonzero.r)
        return (struct mface_rect) { 0 };
    struct mface_affine to_rect = *crop_to_frame;
    to_rect.m[2] -= rect.l;
    to_rect.m[5] -= rect.t;
    return rect_of_crop(&to_rect, nonzero, rect.r - rect.l, rect.b - rect.t);
}

static float mix(float frame, float face, float weight)
{
    return frame * (1.0f - weight) + face * weight;
}

static float middle_of_step(float x, float steps)
{
    return (floorf(x * steps) + 0.5f) / steps;
}

struct blend {
    float opacity;
    float steps; // of colour compression of the face; 0: none
};

static void blend_row(const struct blend *blend, const float *face, const float *mask, float *out,
    float *touched, int w)
{
    for (int x = 0; x < w; x++, face += 3, out += 3) {
        if (!(mask[x] > mask_floor))
            continue;
        const float m = mask[x] < 1.0f ? mask[x] : 1.0f, weight = m * blend->opacity;
        for (int i = 0; i < 3; i++) {
            out[i] = mix(out[i], face[i], weight);
            if (blend->steps > 0.0f)
                out[i] += weight * (middle_of_step(out[i], blend->steps) - out[i]);
        }
        touched[x] = m > touched[x] ? m : touched[x];
    }
}

/* Warps face and mask to `at`, a part of the region, and blends them there. */
static enum mface_status blend_part(const struct blend *blend,
    const struct mface_merge_params *params, const struct mface_affine *crop_to_part,
    const struct mface_image *face, const struct mface_image *mask, struct mface_rect at,
    const struct mface_image *region, const struct mface_image *touched)
{
    const int w = at.r - at.l, h = at.b - at.t;
    struct mface_image warped_face = { 0 }, warped_mask = { 0 };
    enum mface_status status = mface_image_init(&warped_face, w, h, 3, MFACE_SAMPLE_F32);
    if (status == MFACE_OK)
        status = mface_image_init(&warped_mask, w, h, 1, MFACE_SAMPLE_F32);
    if (status == MFACE_OK) {
        mface_warp_affine(face, &warped_face, crop_to_part, params->interp);
        mface_warp_affine(mask, &warped_mask, crop_to_part, MFACE_INTERP_BILINEAR);
    }
    for (int y = 0; status == MFACE_OK && y < h; y++)
        blend_row(blend, mface_image_row_f32(&warped_face, y), mface_image_row_f32(&warped_mask, y),
            mface_image_row_f32(region, at.t + y) + 3 * at.l,
            mface_image_row_f32(touched, at.t + y) + at.l, w);
    mface_image_clear(&warped_face);
    mface_image_clear(&warped_mask);
    return status;
}

/* DeepFaceLive's colour compression of everything in the region. */
static void compress_region(
    const struct mface_image *region, const struct mface_image *touched, float steps)
{
    for (int y = 0; y < region->h; y++) {
        float *row = mface_image_row_f32(region, y);
        for (int x = 0; x < 3 * region->w; x++)
            row[x] = floorf(row[x] * steps) / steps + 2.0f / steps;
        for (int x = 0; x < region->w; x++)
            mface_image_row_f32(touched, y)[x] = 1.0f;
    }
}

float mface_merge_steps(double value)
{
    return value > 0.0 ? (float)fmax(4.0, 127.0 - value) : 0.0f;
}

enum mface_status mface_merge_face(const struct mface_merge_params *params,
    const struct mface_affine *crop_to_frame, const struct mface_image *face,
    const struct mface_image *mask, struct mface_rect rect, const struct mface_image *region,
    const struct mface_image *touched)
{
    assert(region->w == rect.r - rect.l && region->h == rect.b - rect.t && region->c == 3);
    assert(touched->w == region->w && touched->h == region->h && touched->c == 1);
    const float steps = mface_merge_steps(params->color_compression);
    const struct blend blend = { (float)params->opacity, params->compress_frame ? 0.0f : steps };
    const struct mface_rect at =
        mface_merge_reached(crop_to_frame, mface_merge_nonzero(mask), rect);
    struct mface_affine to_part = *crop_to_frame;
    to_part.m[2] -= rect.l + at.l;
    to_part.m[5] -= rect.t + at.t;
    if (at.l < at.r && at.t < at.b && params->opacity > 0.0)
        MFACE_TRY(blend_part(&blend, params, &to_part, face, mask, at, region, touched));
    if (params->compress_frame && steps > 0.0f)
        compress_region(region, touched, steps);
    return MFACE_OK;
}

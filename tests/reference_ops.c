/* The operations a reference case may name, in terms of the library's own functions. Parameters are
 * named and default as DeepFaceLive's functions have them. */
#include "reference_case.h"
#include "swap/stages.h"

#include <stdlib.h>
#include <string.h>

static bool same_size(struct ref_case *c, const struct mface_image *a, const struct mface_image *b)
{
    return (a->w == b->w && a->h == b->h) || ref_fail(c, "inputs differ in size");
}

static bool check(struct ref_case *c, enum mface_status status)
{
    return status == MFACE_OK || ref_fail(c, "%s", mface_status_str(status));
}

static bool run_preprocess(struct ref_case *c)
{
    struct mface_image face, out;
    const struct mface_pre_params params = {
        .sharpen = ref_number(c, "presharpen", 0.0, 0.0, 10.0),
        .gamma_bgr = { ref_number(c, "gamma_blue", 1.0, 0.01, 4.0),
            ref_number(c, "gamma_green", 1.0, 0.01, 4.0),
            ref_number(c, "gamma_red", 1.0, 0.01, 4.0) },
    };
    return ref_image_of(c, "face", 3, MFACE_SAMPLE_U8, &face) &&
           ref_result_image(c, "face", face.w, face.h, 3, MFACE_SAMPLE_U8, &out) &&
           check(c, mface_pre_run(&params, &face, &out));
}

static bool run_mask_erode_blur(struct ref_case *c)
{
    struct mface_image mask, out;
    const int erode = ref_int(c, "erode", 0, -400, 400), blur = ref_int(c, "blur", 0, 0, 400);
    return ref_image_of(c, "mask", 1, MFACE_SAMPLE_F32, &mask) &&
           ref_result_image(c, "mask", mask.w, mask.h, 1, MFACE_SAMPLE_F32, &out) &&
           check(c, mface_mask_erode_blur(&mask, erode, blur, &out));
}

static bool run_color_transfer_rct(struct ref_case *c)
{
    struct mface_image face, like, mask, out;
    return ref_image(c, "face", 3, &face) && ref_image(c, "like", 3, &like) &&
           ref_image_of(c, "mask", 1, MFACE_SAMPLE_F32, &mask) && same_size(c, &face, &like) &&
           same_size(c, &face, &mask) &&
           ref_result_image(c, "face", face.w, face.h, 3, MFACE_SAMPLE_F32, &out) &&
           check(c, mface_color_rct(&face, &like, &mask, &out));
}

static bool run_frame_adjust(struct ref_case *c)
{
    struct mface_image frame, out;
    const struct mface_adjust_params params = {
        .median_percent = ref_int(c, "median_blur_per", 0, 0, 100),
        .degrade_percent = ref_int(c, "degrade_bicubic_per", 0, 0, 100),
    };
    if (!ref_image_of(c, "frame", 3, MFACE_SAMPLE_U8, &frame) ||
        !ref_result_image(c, "frame", frame.w, frame.h, 3, MFACE_SAMPLE_U8, &out))
        return false;
    mface_convert(&frame, &out);
    return check(c, mface_adjust_run(&params, &out));
}

static bool parse_interp(struct ref_case *c, enum mface_interp *out)
{
    static const char *const names[] = { [MFACE_INTERP_BILINEAR] = "bilinear",
        [MFACE_INTERP_BICUBIC] = "bicubic",
        [MFACE_INTERP_LANCZOS4] = "lanczos4" };
    const char *name = ref_text(c, "interpolation", "bilinear");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum mface_interp)i;
            return true;
        }
    }
    return ref_fail(c, "unknown interpolation \"%s\"", name);
}

/* Everything a merge starts from; images are views of the case's inputs but for `mask` and `face`.
 */
struct merge {
    struct mface_image frame, crop, celeb_face, source_mask, celeb_mask, landmarks_mask;
    struct mface_image mask, face; // F32; to be cleared
    struct mface_merge_params params;
    struct mface_affine crop_to_frame;
};

static bool read_merge(struct ref_case *c, struct merge *merge)
{
    merge->params = (struct mface_merge_params) {
        .x_offset = ref_number(c, "x_offset", 0.0, -0.5, 0.5),
        .y_offset = ref_number(c, "y_offset", 0.0, -0.5, 0.5),
        .scale = ref_number(c, "scale", 1.0, 0.5, 1.5),
        .opacity = ref_number(c, "opacity", 1.0, 0.0, 1.0),
        .color_compression = ref_number(c, "color_compression", 0.0, 0.0, 127.0),
        .compress_frame = true,
    };
    return parse_interp(c, &merge->params.interp) && ref_image(c, "frame", 3, &merge->frame) &&
           ref_image_of(c, "aligned_face", 3, MFACE_SAMPLE_U8, &merge->crop) &&
           ref_image_of(c, "celeb_face", 3, MFACE_SAMPLE_U8, &merge->celeb_face) &&
           ref_image_of(c, "source_mask", 1, MFACE_SAMPLE_U8, &merge->source_mask) &&
           ref_image_of(c, "celeb_mask", 1, MFACE_SAMPLE_U8, &merge->celeb_mask) &&
           ref_image_of(c, "landmarks_mask", 1, MFACE_SAMPLE_U8, &merge->landmarks_mask) &&
           same_size(c, &merge->crop, &merge->celeb_face) &&
           same_size(c, &merge->crop, &merge->source_mask) &&
           same_size(c, &merge->crop, &merge->celeb_mask) &&
           same_size(c, &merge->crop, &merge->landmarks_mask) &&
           (merge->crop.w == merge->crop.h || ref_fail(c, "the crop is not square"));
}

static bool merge_matrix(struct ref_case *c, struct merge *merge)
{
    int n_rows = 0;
    const float *table = ref_table(c, "image_to_align_uni_mat", 3, &n_rows);
    if (!table || n_rows != 2)
        return ref_fail(c, "image_to_align_uni_mat: not 2×3");
    struct mface_affine to_crop;
    for (int i = 0; i < 6; i++)
        to_crop.m[i] = table[i];
    return check(c, mface_merge_matrix(&merge->params, &to_crop, merge->crop.w, merge->frame.w,
                        merge->frame.h, &merge->crop_to_frame));
}

static bool merge_prepare(struct ref_case *c, struct merge *merge)
{
    const int side = merge->crop.w;
    const struct mface_mask_params params = {
        .use_source = ref_flag(c, "mask_source", true),
        .use_celeb = ref_flag(c, "mask_celeb", true),
        .use_landmarks = ref_flag(c, "mask_landmarks", false),
        .erode_px = ref_int(c, "erode", 5, -400, 400),
        .blur_px = ref_int(c, "blur", 25, 0, 400),
    };
    if (!check(c, mface_image_init(&merge->mask, side, side, 1, MFACE_SAMPLE_F32)) ||
        !check(c, mface_image_init(&merge->face, side, side, 3, MFACE_SAMPLE_F32)) ||
        !check(c, mface_mask_build(&params, &merge->source_mask, &merge->celeb_mask,
                      &merge->landmarks_mask, &merge->mask)))
        return false;
    if (strcmp(ref_text(c, "color_transfer", "none"), "rct") == 0)
        return check(
            c, mface_color_rct(&merge->celeb_face, &merge->crop, &merge->mask, &merge->face));
    mface_convert(&merge->celeb_face, &merge->face);
    return true;
}

static bool blend(struct ref_case *c, const struct merge *merge, const struct mface_image *out)
{
    const struct mface_rect whole = { 0, 0, out->w, out->h };
    struct mface_image touched;
    if (!check(c, mface_image_init(&touched, out->w, out->h, 1, MFACE_SAMPLE_F32)))
        return false;
    memset(touched.data, 0, (size_t)touched.stride * (size_t)touched.h);
    mface_convert(&merge->frame, out);
    const enum mface_status status = mface_merge_face(
        &merge->params, &merge->crop_to_frame, &merge->face, &merge->mask, whole, out, &touched);
    mface_image_clear(&touched);
    return check(c, status);
}

/* Runs the merge once more without colour compression, for judging values next to a step. */
static bool blend_unstepped(struct ref_case *c, struct merge *merge, struct mface_image out)
{
    struct ref_result *result = &c->results[0];
    const double value = merge->params.color_compression;
    if (value <= 0.0)
        return true;
    result->steps = value < 123.0 ? (float)(127.0 - value) : 4.0f;
    result->unstepped = result->array;
    out.data = result->unstepped.data = calloc(result->array.n, sizeof(float));
    merge->params.color_compression = 0.0;
    return out.data ? blend(c, merge, &out) : ref_fail(c, "out of memory");
}

static bool run_merge(struct ref_case *c)
{
    struct merge merge = { 0 };
    struct mface_image out;
    const bool done =
        read_merge(c, &merge) && merge_matrix(c, &merge) && merge_prepare(c, &merge) &&
        ref_result_image(c, "frame", merge.frame.w, merge.frame.h, 3, MFACE_SAMPLE_F32, &out) &&
        blend(c, &merge, &out) && blend_unstepped(c, &merge, out);
    mface_image_clear(&merge.mask);
    mface_image_clear(&merge.face);
    return done;
}

ref_op ref_op_find(const char *name)
{
    static const struct {
        const char *name;
        ref_op op;
    } ops[] = {
        { "align", ref_align },
        { "preprocess", run_preprocess },
        { "mask_erode_blur", run_mask_erode_blur },
        { "color_transfer_rct", run_color_transfer_rct },
        { "merge", run_merge },
        { "frame_adjust", run_frame_adjust },
    };
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strcmp(ops[i].name, name) == 0)
            return ops[i].op;
    return NULL;
}

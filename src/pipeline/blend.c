/* Normally each face is blended straight into its part of the frame, and every other sample stays
 * bit-identical. Settings that change the background too take the whole frame through float
 * planes. */
#include "pipeline/blend.h"

#include "base/log.h"

static struct mface_rect whole_rect(const struct mface_eval *eval)
{
    return (struct mface_rect) { 0, 0, eval->canvas->picture.w, eval->canvas->picture.h };
}

bool mface_merge_takes_whole_frame(const struct mface_eval *eval)
{
    return !mface_adjust_is_identity(&eval->engine->adjust) ||
           (eval->engine->merge.compress_frame && eval->n_faces > 0);
}

/* F32 images of a rectangle's size: its pixels, and how much of each was touched. */
struct region {
    struct mface_image bgr, touched;
};

static void region_clear(struct region *region)
{
    mface_image_clear(&region->bgr);
    mface_image_clear(&region->touched);
}

static void fill_f32(const struct mface_image *image, float value)
{
    for (int y = 0; y < image->h; y++) {
        float *row = mface_image_row_f32(image, y);
        for (int x = 0; x < image->w * image->c; x++)
            row[x] = value;
    }
}

static enum mface_status region_init(struct region *region, struct mface_rect rect)
{
    const int w = rect.r - rect.l, h = rect.b - rect.t;
    *region = (struct region) { 0 };
    enum mface_status status = mface_image_init(&region->bgr, w, h, 3, MFACE_SAMPLE_F32);
    if (status == MFACE_OK)
        status = mface_image_init(&region->touched, w, h, 1, MFACE_SAMPLE_F32);
    if (status != MFACE_OK) {
        region_clear(region);
        return mface_fail_nomem("merge");
    }
    return MFACE_OK;
}

/* The part of a region that lies under `rect`; both are given in frame pixels. */
static struct mface_image sub_image(
    const struct mface_image *image, struct mface_rect whole, struct mface_rect rect)
{
    struct mface_image part = *image;
    part.data = (uint8_t *)image->data + (rect.t - whole.t) * image->stride +
                (size_t)(rect.l - whole.l) * (size_t)image->c * mface_sample_bytes(image->sample);
    part.w = rect.r - rect.l;
    part.h = rect.b - rect.t;
    return part;
}

/* Colours of the whole frame are compressed once, with the last of its faces. */
static struct mface_merge_params params_of(const struct mface_merge *merge, int i)
{
    struct mface_merge_params params = merge->eval->engine->merge;
    if (params.compress_frame && i + 1 < merge->eval->n_faces) {
        params.compress_frame = false;
        params.color_compression = 0;
    }
    return params;
}

/* What face i is, as the post stage keeps it. */
static void face_of(
    const struct mface_merge *merge, int i, struct mface_image *face, struct mface_image *mask)
{
    const int side = merge->eval->engine->align.resolution;
    const uint8_t *planes = merge->posts[i].data;
    *face = mface_plane_u8(planes, side, 3);
    *mask = mface_plane_u8(planes + 3 * mface_area_px(side), side, 1);
}

/* Blends face i into the region, which shows `whole` of the frame. */
static enum mface_status blend_face(
    const struct mface_merge *merge, int i, struct mface_rect whole, const struct region *region)
{
    const struct mface_merge_params params = params_of(merge, i);
    const struct mface_rect rect = params.compress_frame ? whole : merge->reach[i];
    if (mface_rect_is_empty(rect))
        return MFACE_OK;
    const struct mface_image bgr = sub_image(&region->bgr, whole, rect);
    const struct mface_image touched = sub_image(&region->touched, whole, rect);
    struct mface_image face, mask;
    face_of(merge, i, &face, &mask);
    return mface_merge_face(&params, &merge->to_frame[i], &face, &mask, rect, &bgr, &touched);
}

/* Reads the whole frame and adjusts it, as 8-bit values: that is what the adjustments take. */
static enum mface_status read_adjusted(
    const struct mface_merge *merge, const struct mface_image *bgr)
{
    struct mface_image frame;
    MFACE_TRY(mface_image_init(&frame, bgr->w, bgr->h, 3, MFACE_SAMPLE_U8));
    mface_picture_read_bgr(&merge->eval->canvas->picture, whole_rect(merge->eval), &frame);
    const enum mface_status status = mface_adjust_run(&merge->eval->engine->adjust, &frame);
    if (status == MFACE_OK)
        mface_convert(&frame, bgr);
    mface_image_clear(&frame);
    return status;
}

static enum mface_status merge_whole(const struct mface_merge *merge)
{
    const struct mface_rect whole = whole_rect(merge->eval);
    struct region region;
    MFACE_TRY(region_init(&region, whole));
    fill_f32(&region.touched, 1);
    enum mface_status status = read_adjusted(merge, &region.bgr);
    for (int i = 0; status == MFACE_OK && i < merge->eval->n_faces; i++)
        status = blend_face(merge, i, whole, &region);
    if (status == MFACE_OK)
        mface_picture_write_bgr(&merge->eval->canvas->picture, whole, &region.bgr, &region.touched);
    region_clear(&region);
    return status;
}

/* Blends each face into the part of the frame it can reach; the rectangles become what it changed.
 */
static void merge_faces(const struct mface_merge *merge)
{
    for (int i = 0; i < merge->eval->n_faces; i++) {
        struct mface_image face, mask;
        face_of(merge, i, &face, &mask);
        merge->rects[i] = mface_merge_picture(&merge->eval->engine->merge, &merge->to_frame[i],
            &face, &mask, merge->reach[i], merge->room, &merge->eval->canvas->picture);
    }
}

enum mface_status mface_merge_write(const struct mface_merge *merge)
{
    if (mface_merge_takes_whole_frame(merge->eval))
        return merge_whole(merge);
    merge_faces(merge);
    return MFACE_OK;
}

enum mface_status mface_merge_place(struct mface_merge *merge)
{
    const struct mface_engine *engine = merge->eval->engine;
    const struct mface_rect whole = whole_rect(merge->eval);
    const int side = engine->align.resolution;
    for (int i = 0; i < merge->eval->n_faces; i++) {
        MFACE_TRY(
            mface_merge_matrix(&engine->merge, &merge->eval->faces[i].align.alignment.to_crop_unit,
                side, whole.r, whole.b, &merge->to_frame[i]));
        merge->reach[i] = mface_merge_rect(&merge->to_frame[i], side, whole.r, whole.b);
        merge->rects[i] = merge->reach[i];
    }
    merge->n_rects = merge->eval->n_faces;
    if (mface_merge_takes_whole_frame(merge->eval)) {
        merge->rects[0] = whole;
        merge->n_rects = 1;
    }
    return MFACE_OK;
}

/* Normally only the faces' regions are read, blended in float and written back, and every other
 * sample of the frame stays bit-identical. Settings that change the background too take the whole
 * frame through the same steps. */
#include "pipeline/blend.h"

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/patch.h"

static bool is_empty(struct mface_rect rect)
{
    return rect.l >= rect.r || rect.t >= rect.b;
}

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

/* Blends face i into the region, which shows `whole` of the frame. */
static enum mface_status blend_face(
    const struct mface_merge *merge, int i, struct mface_rect whole, const struct region *region)
{
    const struct mface_merge_params params = params_of(merge, i);
    const int side = merge->eval->engine->align.resolution;
    const uint8_t *planes = merge->posts[i].data;
    const struct mface_image face = mface_plane_u8(planes, side, 3);
    const struct mface_image mask = mface_plane_u8(planes + 3 * mface_area_px(side), side, 1);
    const struct mface_rect rect = params.compress_frame ? whole : merge->reach[i];
    if (is_empty(rect))
        return MFACE_OK;
    const struct mface_image bgr = sub_image(&region->bgr, whole, rect);
    const struct mface_image touched = sub_image(&region->touched, whole, rect);
    return mface_merge_face(&params, &merge->to_frame[i], &face, &mask, rect, &bgr, &touched);
}

/* The smallest rectangle around what was touched, in frame pixels: all that a patch must hold. */
static struct mface_rect touched_rect(const struct mface_image *touched, struct mface_rect at)
{
    struct mface_rect rect = { at.r, at.b, at.l, at.t };
    for (int y = 0; y < touched->h; y++) {
        const float *row = mface_image_row_f32(touched, y);
        int l = 0, r = touched->w;
        while (l < r && !(row[l] > 0))
            l++;
        while (r > l && !(row[r - 1] > 0))
            r--;
        if (l == r)
            continue;
        rect.l = at.l + l < rect.l ? at.l + l : rect.l;
        rect.r = at.l + r > rect.r ? at.l + r : rect.r;
        rect.t = at.t + y < rect.t ? at.t + y : rect.t;
        rect.b = at.t + y + 1;
    }
    return rect;
}

/* Blends face i into the part of the frame it can reach. */
static enum mface_status merge_region(const struct mface_merge *merge, int i)
{
    const struct mface_picture *picture = &merge->eval->canvas->picture;
    const struct mface_rect rect = merge->reach[i];
    struct region region;
    if (is_empty(rect))
        return MFACE_OK;
    MFACE_TRY(region_init(&region, rect));
    fill_f32(&region.touched, 0);
    mface_picture_read_bgr(picture, rect, &region.bgr);
    const enum mface_status status = blend_face(merge, i, rect, &region);
    if (status == MFACE_OK) {
        mface_picture_write_bgr(picture, rect, &region.bgr, &region.touched);
        merge->rects[i] = touched_rect(&region.touched, rect);
    }
    region_clear(&region);
    return status;
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

static enum mface_status merge_faces(const struct mface_merge *merge)
{
    for (int i = 0; i < merge->eval->n_faces; i++)
        MFACE_TRY(merge_region(merge, i));
    return MFACE_OK;
}

/* Writes into the frame; what a failure leaves half written is put back. */
enum mface_status mface_merge_write(const struct mface_merge *merge)
{
    const struct mface_picture *picture = &merge->eval->canvas->picture;
    void *before = mface_mem_alloc(mface_patch_bytes(picture, merge->rects, merge->n_rects));
    if (!before)
        return mface_fail_nomem("merge");
    mface_patch_take(picture, merge->rects, merge->n_rects, before);
    const enum mface_status status =
        mface_merge_takes_whole_frame(merge->eval) ? merge_whole(merge) : merge_faces(merge);
    if (status != MFACE_OK)
        mface_patch_apply(picture, before);
    mface_mem_free(before);
    return status;
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

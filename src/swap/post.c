/* Post-processing: what is done to a model's face before it is merged. */
#include "base/log.h"
#include "image/interp.h"
#include "swap/merge_reach.h"

enum { REACH = MFACE_TAPS_MAX / 2, COLUMNS = 8 }; // of a merge's widest taps; what parts begin at

/* What of a face a merge can take anything from; empty when the mask is. */
static struct mface_rect seen_part(const struct mface_image *mask)
{
    struct mface_rect part = mface_merge_nonzero(mask);
    if (mface_rect_is_empty(part))
        return (struct mface_rect) { 0 };
    part.l = part.l > REACH ? (part.l - REACH) / COLUMNS * COLUMNS : 0;
    part.t = part.t > REACH ? part.t - REACH : 0;
    part.r = part.r + REACH < mask->w ? part.r + REACH : mask->w;
    part.b = part.b + REACH < mask->h ? part.b + REACH : mask->h;
    return part;
}

static enum mface_status transfer_color(const struct mface_image *face,
    const struct mface_image *crop, const struct mface_image *mask, struct mface_rect part)
{
    struct mface_image out;
    if (mface_rect_is_empty(part))
        return MFACE_OK;
    MFACE_TRY(mface_image_init(&out, face->w, face->h, 3, MFACE_SAMPLE_F32));
    mface_color_rct_part(face, crop, mask, part, &out);
    const struct mface_image from = mface_merge_view(&out, part), to = mface_merge_view(face, part);
    mface_convert(&from, &to);
    mface_image_clear(&out);
    return MFACE_OK;
}

static enum mface_status finish_face(const struct mface_post_params *params,
    const struct mface_image *crop, const struct mface_image *mask, struct mface_rect part,
    const struct mface_image *face)
{
    if (params->sharpen != 0.0)
        MFACE_TRY(mface_sharpen(face, face, 1.0, params->sharpen));
    if (params->color_transfer == MFACE_COLOR_RCT)
        MFACE_TRY(transfer_color(face, crop, mask, part));
    return MFACE_OK;
}

enum mface_status mface_post_run(const struct mface_post_params *params,
    const struct mface_image *celeb_face, const struct mface_image *crop,
    const struct mface_image *source_mask, const struct mface_image *celeb_mask,
    const struct mface_image *landmarks_mask, const struct mface_image *face,
    const struct mface_image *mask)
{
    struct mface_image fine; // the mask before it is rounded
    MFACE_TRY(mface_image_init(&fine, mask->w, mask->h, 1, MFACE_SAMPLE_F32));
    enum mface_status status =
        mface_mask_build(&params->mask, source_mask, celeb_mask, landmarks_mask, &fine);
    if (status == MFACE_OK) {
        mface_gamma_u8(celeb_face, face, params->gamma_bgr);
        mface_convert(&fine, mask);
        status = finish_face(params, crop, &fine, seen_part(mask), face);
    }
    mface_image_clear(&fine);
    return status;
}

/* Post-processing: what is done to a model's face before it is merged. */
#include "base/log.h"
#include "swap/stages.h"

static enum mface_status transfer_color(
    const struct mface_image *face, const struct mface_image *crop, const struct mface_image *mask)
{
    struct mface_image out;
    MFACE_TRY(mface_image_init(&out, face->w, face->h, 3, MFACE_SAMPLE_F32));
    const enum mface_status status = mface_color_rct(face, crop, mask, &out);
    if (status == MFACE_OK)
        mface_convert(&out, face);
    mface_image_clear(&out);
    return status;
}

static enum mface_status finish_face(const struct mface_post_params *params,
    const struct mface_image *crop, const struct mface_image *mask, const struct mface_image *face)
{
    if (params->sharpen != 0.0)
        MFACE_TRY(mface_sharpen(face, face, 1.0, params->sharpen));
    if (params->color_transfer == MFACE_COLOR_RCT)
        MFACE_TRY(transfer_color(face, crop, mask));
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
        status = finish_face(params, crop, &fine, face);
    }
    mface_image_clear(&fine);
    return status;
}

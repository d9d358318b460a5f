/* Pre-processing: what is done to a crop before a model sees it. */
#include "base/log.h"
#include "swap/stages.h"

static bool gamma_is_identity(const double gamma_bgr[3])
{
    return gamma_bgr[0] == 1.0 && gamma_bgr[1] == 1.0 && gamma_bgr[2] == 1.0;
}

bool mface_pre_is_identity(const struct mface_pre_params *params)
{
    return params->sharpen == 0.0 && gamma_is_identity(params->gamma_bgr);
}

/* DeepFaceLive cuts the fraction off, here and after gamma. Rounding the last step stays within 1
 * of that, but rounding here would not: gamma pulls dark values apart. The excess keeps a flat
 * area, whose blur is itself but for float noise, from losing a level. */
static void cut_row(const float *from, uint8_t *to, int n)
{
    const float excess = 1.0f / 1024.0f;
    for (int i = 0; i < n; i++)
        to[i] = (uint8_t)(from[i] * 255.0f + excess);
}

static enum mface_status sharpen(
    const struct mface_image *crop, double amount, const struct mface_image *out)
{
    struct mface_image fine;
    MFACE_TRY(mface_image_init(&fine, crop->w, crop->h, crop->c, MFACE_SAMPLE_F32));
    const enum mface_status status = mface_sharpen(crop, &fine, 1.0, amount);
    for (int y = 0; status == MFACE_OK && y < crop->h; y++)
        cut_row(mface_image_row_f32(&fine, y), mface_image_row_u8(out, y), crop->w * crop->c);
    mface_image_clear(&fine);
    return status;
}

enum mface_status mface_pre_run(const struct mface_pre_params *params,
    const struct mface_image *crop, const struct mface_image *out)
{
    const struct mface_image *in = crop;
    if (params->sharpen != 0.0) {
        MFACE_TRY(sharpen(crop, params->sharpen, out));
        in = out;
    }
    // Also serves to copy: the table of gamma 1 changes nothing.
    if (in != out || !gamma_is_identity(params->gamma_bgr))
        mface_gamma_u8(in, out, params->gamma_bgr);
    return MFACE_OK;
}

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

enum mface_status mface_pre_run(const struct mface_pre_params *params,
    const struct mface_image *crop, const struct mface_image *out)
{
    const struct mface_image *in = crop;
    if (params->sharpen != 0.0) {
        // DeepFaceLive cuts the fraction off, here and after gamma. Rounding the last step stays
        // within 1 of that, but rounding here would not: gamma pulls dark values apart.
        MFACE_TRY(mface_sharpen_cut(crop, out, 1.0, params->sharpen));
        in = out;
    }
    // Also serves to copy: the table of gamma 1 changes nothing.
    if (in != out || !gamma_is_identity(params->gamma_bgr))
        mface_gamma_u8(in, out, params->gamma_bgr);
    return MFACE_OK;
}

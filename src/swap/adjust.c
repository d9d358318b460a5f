/* Frame adjustment: makes the background as soft as a swapped face often is. */
#include "base/log.h"
#include "swap/stages.h"

#include <assert.h>

enum { SMALLEST_SIDE = 4 };

bool mface_adjust_is_identity(const struct mface_adjust_params *params)
{
    return params->median_percent == 0 && params->degrade_percent == 0;
}

static void mix_row(uint8_t *row, const uint8_t *with, int n, int percent)
{
    for (int i = 0; i < n; i++)
        row[i] = (uint8_t)((row[i] * (100 - percent) + with[i] * percent + 50) / 100);
}

static enum mface_status apply_median(const struct mface_image *frame, int percent)
{
    struct mface_image median;
    MFACE_TRY(mface_image_init(&median, frame->w, frame->h, frame->c, MFACE_SAMPLE_U8));
    mface_median5(frame, &median);
    for (int y = 0; y < frame->h; y++)
        mix_row(mface_image_row_u8(frame, y), mface_image_row_u8(&median, y), frame->w * frame->c,
            percent);
    mface_image_clear(&median);
    return MFACE_OK;
}

static int degraded_side(int side, int percent)
{
    const int less = (int)(side * (1.0 - percent / 100.0));
    return less > SMALLEST_SIDE ? less : SMALLEST_SIDE;
}

static enum mface_status degrade(const struct mface_image *frame, int percent)
{
    struct mface_image small;
    MFACE_TRY(mface_image_init(&small, degraded_side(frame->w, percent),
        degraded_side(frame->h, percent), frame->c, MFACE_SAMPLE_U8));
    mface_resize(frame, &small, MFACE_INTERP_BICUBIC);
    mface_resize(&small, frame, MFACE_INTERP_BICUBIC);
    mface_image_clear(&small);
    return MFACE_OK;
}

enum mface_status mface_adjust_run(
    const struct mface_adjust_params *params, const struct mface_image *frame)
{
    assert(frame->sample == MFACE_SAMPLE_U8);
    if (params->median_percent != 0)
        MFACE_TRY(apply_median(frame, params->median_percent));
    if (params->degrade_percent != 0)
        MFACE_TRY(degrade(frame, params->degrade_percent));
    return MFACE_OK;
}

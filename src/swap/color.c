/* Reinhard's colour transfer ("Color Transfer between Images", 2001), in CIE LAB.
 *
 * Each channel of the face is shifted and stretched so that its mean and standard deviation become
 * those of the picture it shall resemble. The statistics are DeepFaceLive's: taken over all pixels
 * of the crop, where those outside the mask count as zero. */
#include "swap/stages.h"

#include <assert.h>

#define MASK_CUTOFF 0.5f

void mface_color_rct_part(const struct mface_image *face, const struct mface_image *like,
    const struct mface_image *mask, struct mface_rect part, const struct mface_image *out)
{
    assert(out->sample == MFACE_SAMPLE_F32);
    assert(like->w == face->w && like->h == face->h && mask->w == face->w && mask->h == face->h);
    struct mface_lab_stats from[3], to[3];
    mface_lab_measure(like, mask, MASK_CUTOFF, part, NULL, to);
    mface_lab_measure(face, mask, MASK_CUTOFF, part, out, from);
    mface_lab_adopt(out, from, to, part, out);
}

enum mface_status mface_color_rct(const struct mface_image *face, const struct mface_image *like,
    const struct mface_image *mask, const struct mface_image *out)
{
    mface_color_rct_part(face, like, mask, (struct mface_rect) { 0, 0, face->w, face->h }, out);
    return MFACE_OK;
}

/* Images that own their pixels. */
#include <memoface/image.h>

#include "base/log.h"
#include "base/mem.h"

enum { SIDE_MAX = 65535 };

static bool is_side(int side)
{
    return side >= 1 && side <= SIDE_MAX;
}

enum mface_status mface_image_init(
    struct mface_image *image, int w, int h, int c, enum mface_sample sample)
{
    if (!is_side(w) || !is_side(h) || (c != 1 && c != 3))
        return mface_fail(
            MFACE_ERR_ARG, "image of %d×%d×%d: sides are 1..65535, channels 1 or 3", w, h, c);
    const size_t row_bytes = (size_t)w * (size_t)c * mface_sample_bytes(sample);
    const size_t stride = mface_align_up(row_bytes, MFACE_ALIGN);
    void *data = mface_mem_alloc(stride * (size_t)h);
    if (!data)
        return mface_fail_nomem("image");
    *image = (struct mface_image) {
        .data = data,
        .stride = (ptrdiff_t)stride,
        .w = w,
        .h = h,
        .c = c,
        .sample = sample,
    };
    return MFACE_OK;
}

void mface_image_clear(struct mface_image *image)
{
    mface_mem_free(image->data);
    *image = (struct mface_image) { 0 };
}

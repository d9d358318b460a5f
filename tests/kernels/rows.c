/* One row for each kernel: what it works on, and how it is called. To add one, add a row. */
#include "rows.h"

#include "image/kernels.h"

static enum mface_status run_convert(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)row, (void)variant;
    mface_convert(&images[0], &images[1]);
    return MFACE_OK;
}

static enum mface_status run_gamma(
    const struct kernel_row *row, const struct mface_image *images, unsigned variant)
{
    (void)variant;
    mface_gamma_u8(&images[0], &images[1], row->values);
    return MFACE_OK;
}

#define U8(r, channels)                                                                            \
    {                                                                                              \
        .role = r, .c = channels, .sample = MFACE_SAMPLE_U8                                        \
    }
#define F32(r, channels)                                                                           \
    {                                                                                              \
        .role = r, .c = channels, .sample = MFACE_SAMPLE_F32                                       \
    }

const struct kernel_row kernel_rows[] = {
    { "u8-to-f32", { U8(IN, 3), F32(OUT, 3) }, { 0 }, 224, 224, run_convert },
    { "f32-to-u8", { { IN, 3, MFACE_SAMPLE_F32, .wild = true }, U8(OUT, 3) }, { 0 }, 224, 224,
        run_convert },
    { "gamma", { U8(IN, 3), U8(OUT, 3) }, { 0.9, 1.1, 1.4 }, 224, 224, run_gamma },
    { "gamma-in-place", { U8(IN_OUT, 3), U8(UNUSED, 3) }, { 0.9, 1.1, 1.4 }, 224, 224, run_gamma },
    { 0 },
};

/* BGR ↔ CIE L*a*b*, through linear light and XYZ.
 *
 * Constants: sRGB's transfer function and primaries (IEC 61966-2-1, matrix as OpenCV prints it for
 * CIE XYZ.Rec 709 with the D65 white point), L*a*b* as in CIE 15 with OpenCV's linear part below
 * Y/Yn = 0.008856. Rows of the matrices are divided by the white point once, here. */
#include "image/kernels.h"

#include <assert.h>
#include <math.h>

#define WHITE_X 0.950456f
#define WHITE_Z 1.088754f

static const float xyz_of_rgb[3][3] = {
    { 0.412453f / WHITE_X, 0.357580f / WHITE_X, 0.180423f / WHITE_X },
    { 0.212671f, 0.715160f, 0.072169f },
    { 0.019334f / WHITE_Z, 0.119193f / WHITE_Z, 0.950227f / WHITE_Z },
};

static const float rgb_of_xyz[3][3] = {
    { 3.240479f * WHITE_X, -1.537150f, -0.498535f * WHITE_Z },
    { -0.969256f * WHITE_X, 1.875991f, 0.041556f * WHITE_Z },
    { 0.055648f * WHITE_X, -0.204043f, 1.057311f * WHITE_Z },
};

static inline float clamp01(float x)
{
    return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
}

static float linear_of_srgb(float v)
{
    return v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
}

static float srgb_of_linear(float v)
{
    return v <= 0.0031308f ? v * 12.92f : 1.055f * powf(v, 1.0f / 2.4f) - 0.055f;
}

static inline float lab_f(float t)
{
    return t > 0.008856f ? cbrtf(t) : 7.787f * t + 16.0f / 116.0f;
}

static inline float lab_f_inverse(float f)
{
    return f > 0.206893f ? f * f * f : (f - 16.0f / 116.0f) / 7.787f;
}

static inline float dot(const float row[3], float x, float y, float z)
{
    return row[0] * x + row[1] * y + row[2] * z;
}

static void lab_of_linear(float b, float g, float r, float *lab)
{
    const float y = dot(xyz_of_rgb[1], r, g, b);
    const float fx = lab_f(dot(xyz_of_rgb[0], r, g, b)), fy = lab_f(y);
    const float fz = lab_f(dot(xyz_of_rgb[2], r, g, b));
    lab[0] = y > 0.008856f ? 116.0f * fy - 16.0f : 903.3f * y;
    lab[1] = 500.0f * (fx - fy);
    lab[2] = 200.0f * (fy - fz);
}

static void bgr_of_lab(const float *lab, float *bgr)
{
    const float fy =
        lab[0] > 8.0f ? (lab[0] + 16.0f) / 116.0f : 7.787f * lab[0] / 903.3f + 16.0f / 116.0f;
    const float y = lab[0] > 8.0f ? fy * fy * fy : lab[0] / 903.3f;
    const float x = lab_f_inverse(fy + lab[1] / 500.0f), z = lab_f_inverse(fy - lab[2] / 200.0f);
    for (int i = 0; i < 3; i++)
        bgr[2 - i] = srgb_of_linear(clamp01(dot(rgb_of_xyz[i], x, y, z)));
}

static void row_of_u8(const uint8_t *bgr, float *lab, int w, const float linear[256])
{
    for (int x = 0; x < w; x++, bgr += 3, lab += 3)
        lab_of_linear(linear[bgr[0]], linear[bgr[1]], linear[bgr[2]], lab);
}

static void row_of_f32(const float *bgr, float *lab, int w)
{
    for (int x = 0; x < w; x++, bgr += 3, lab += 3)
        lab_of_linear(linear_of_srgb(clamp01(bgr[0])), linear_of_srgb(clamp01(bgr[1])),
            linear_of_srgb(clamp01(bgr[2])), lab);
}

void mface_bgr_to_lab(const struct mface_image *bgr, const struct mface_image *lab)
{
    assert(bgr->c == 3 && lab->c == 3 && lab->sample == MFACE_SAMPLE_F32);
    assert(bgr->w == lab->w && bgr->h == lab->h);
    float linear[256];
    for (int i = 0; bgr->sample == MFACE_SAMPLE_U8 && i < 256; i++)
        linear[i] = linear_of_srgb((float)i / 255.0f);
    for (int y = 0; y < bgr->h; y++) {
        if (bgr->sample == MFACE_SAMPLE_U8)
            row_of_u8(mface_image_row_u8(bgr, y), mface_image_row_f32(lab, y), bgr->w, linear);
        else
            row_of_f32(mface_image_row_f32(bgr, y), mface_image_row_f32(lab, y), bgr->w);
    }
}

void mface_lab_to_bgr(const struct mface_image *lab, const struct mface_image *bgr)
{
    assert(bgr->c == 3 && lab->c == 3 && lab->sample == MFACE_SAMPLE_F32);
    assert(bgr->sample == MFACE_SAMPLE_F32 && bgr->w == lab->w && bgr->h == lab->h);
    for (int y = 0; y < lab->h; y++) {
        const float *from = mface_image_row_f32(lab, y);
        float *to = mface_image_row_f32(bgr, y);
        for (int x = 0; x < lab->w; x++)
            bgr_of_lab(from + 3 * x, to + 3 * x);
    }
}

/* What the kernels of strips (strip_kernels.h) take: runs of stored samples, and constants. */
#ifndef MFACE_IMAGE_SAMPLES_H
#define MFACE_IMAGE_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest run of pixels that kernels of strips take. */
enum { MFACE_STRIP_W = 128 };

/* code = zero + span × value (ITU-T H.273, equations 20 to 31). */
struct mface_code {
    float zero, span, max;
};

/* A run of one component's stored samples, as mface_component describes them. */
struct mface_samples {
    uint8_t *at;    // the first
    ptrdiff_t step; // bytes from one to the next
    int shift, depth;
    struct mface_code code;
};

/* The coefficients between R, G, B and Y, Pb, Pr (ITU-T H.273, equations 38 to 50):
 * R = Y + r_pr·Pr, G = Y − g_pb·Pb − g_pr·Pr, B = Y + b_pb·Pb;
 * Y = kr·R + kg·G + kb·B, Pb = (B − Y)·pb_scale, Pr = (R − Y)·pr_scale. */
struct mface_yuv_weights {
    float r_pr, g_pb, g_pr, b_pb;
    float kr, kg, kb, pb_scale, pr_scale;
};

/* How a face is mixed in: weight = mask · opacity. */
struct mface_blend {
    float opacity;
    float steps; // of colour compression of the face; 0: none
};

/* A run of pixels of a warp with bilinear weights: the face and its mask at the frame's pixels
 * x_first to x_first + n of one row. The source position of pixel x is, in 1/1024 pixel,
 * round(step · x · 1024) + start, rounded down to 1/32; see image/grid.h. */
struct mface_cover_run {
    const uint8_t *face, *mask;   // w × h pixels, BGR and grey
    int face_stride, mask_stride; // bytes
    int w, h;                     // at least 2
    double step_x, step_y;        // at most MFACE_COVER_STEP_MAX, of either sign
    int64_t start_x, start_y;     // source position of the row's pixel 0, in 1/1024 pixel
    int x_first, n;
};

#define MFACE_COVER_STEP_MAX 1024.0

/* The kernels of strips; rows of floats hold MFACE_STRIP_W. */
struct mface_strip_kernels {
    /* out[i] = the value of sample i. */
    void (*load_samples)(const struct mface_samples *from, int n, float *out);
    /* Sample i = values[i] as a code, where mask[i] > 0. */
    void (*store_samples)(
        const struct mface_samples *to, int n, const float *values, const float *mask);
    /* Sample i, which covers n_pixels, = the mean of sums[i] and, for each pixel that n_written[i]
     * leaves, its present value; where n_written[i] > 0. */
    void (*store_means)(const struct mface_samples *to, int n, float n_pixels, const float *sums,
        const float *n_written);
    /* In place: Y, Pb, Pr to R, G, B, and back. */
    void (*rgb_from_yuv)(
        const struct mface_yuv_weights *weights, int n, float *v0, float *v1, float *v2);
    void (*yuv_from_rgb)(
        const struct mface_yuv_weights *weights, int n, float *v0, float *v1, float *v2);
    /* For each of n pairs of pixels, adds those with mask > 0 to the sums, left before right. */
    void (*add_chroma_pairs)(int n, const float *pb, const float *pr, const float *mask,
        float *pb_sums, float *pr_sums, float *n_written);
    /* out[2i] = out[2i + 1] = from[i]. */
    void (*double_samples)(int n, const float *from, float *out);
    /* BGR of U8, rounded to nearest and clamped. */
    void (*pack_bgr_u8)(int n, const float *r, const float *g, const float *b, uint8_t *out);
    /* frame = frame·(1 − w) + face·w, w = mask · opacity; then, with steps, frame +=
     * w·((floor(frame·steps) + 1/2)/steps − frame), |frame·steps| < 2^31. */
    void (*blend)(
        const struct mface_blend *blend, int n, float *frame, const float *face, const float *mask);
    /* A run of a bilinear U8 warp, as mface_cover_run() says. */
    bool (*cover_run)(const struct mface_cover_run *run, float *mask, float *r, float *g, float *b);
};

#endif

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

/* How a face is mixed in: weight = mask · opacity,
 * out = frame·(1 − weight) + face·weight; then, with steps,
 * out += weight·((floor(out·steps) + 1/2)/steps − out), |out·steps| < 2^31. */
struct mface_blend {
    float opacity;
    float steps; // of colour compression of the face; 0: none
};

/* Columns l ≤ x < r; none where l ≥ r. */
struct mface_range {
    int l, r;
};

/* Rows of what is mixed, and of what comes out; those of the frame and of what comes out are R, G,
 * B or Y, Pb, Pr. */
struct mface_mix {
    const float *frame[3];
    const float *face[3]; // R, G, B
    const float *mask;
    float *out[3]; // none of the others
};

/* A run of pixels of one row, to be covered by a face and its mask with bilinear weights. Pixel i
 * lies at x = (dx[i] + x0) / 1024, y = (dy[i] + y0) / 1024 of the crop, cut to 1/32, and kept
 * within 0 ≤ x < w, 0 ≤ y < h, whose outermost columns and rows have a mask of 0. */
struct mface_cover_run {
    /* Rows of `plane` bytes for B, G, R, mask in turn. Each pixel is four bytes: its four taps, the
     * upper two first. */
    const uint8_t *quads;
    int plane;
    int w, h; // at most 2^17
    const int32_t *dx, *dy;
    int32_t x0, y0;
    int n;
};

/* What cover_run() may read after the last quad, and beyond n. */
enum { MFACE_COVER_SLACK_PX = 16 };

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
    /* In place: Y, Pb, Pr to R, G, B. */
    void (*rgb_from_yuv)(
        const struct mface_yuv_weights *weights, int n, float *v0, float *v1, float *v2);
    /* For each of n pairs of pixels, adds those with mask > 0 to the sums, left before right. */
    void (*add_chroma_pairs)(int n, const float *pb, const float *pr, const float *mask,
        float *pb_sums, float *pr_sums, float *n_written);
    /* out[2i] = out[2i + 1] = from[i]. */
    void (*double_samples)(int n, const float *from, float *out);
    /* BGR of U8, rounded to nearest and clamped. */
    void (*pack_bgr_u8)(int n, const float *r, const float *g, const float *b, uint8_t *out);
    /* Mixes n pixels; of Y, Pb, Pr by way of R, G, B. */
    void (*mix_rgb)(const struct mface_blend *blend, int n, const struct mface_mix *mix);
    void (*mix_yuv)(const struct mface_blend *blend, const struct mface_yuv_weights *weights, int n,
        const struct mface_mix *mix);
    /* n pixels of B, G, R, mask from BGR and a mask. */
    void (*pack_crop)(const uint8_t *bgr, const uint8_t *mask, int n, uint8_t *out);
    /* The quads of n pixels from two such rows, which are a pixel longer; planes as in
     * mface_cover_run. */
    void (*pack_quads)(const uint8_t *upper, const uint8_t *lower, int n, uint8_t *out, int plane);
    /* The mask and, where it is not 0, the face of a run, as mface_cover_run() says. */
    struct mface_range (*cover_run)(
        const struct mface_cover_run *run, float *mask, float *r, float *g, float *b);
};

#endif

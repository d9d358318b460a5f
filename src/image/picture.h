/* Pictures: decoded video frames in the decoder's own pixel format.
 *
 * A picture describes its samples generally enough for every format video comes in (planar,
 * semi-planar and packed YUV; packed and planar RGB; grey; 8 to 16 bits), so that a face's region
 * is read as BGR, changed, and written back while every other sample stays bit-identical and the
 * frame never makes a round trip through RGB. The model of a component (plane, step, offset,
 * shift, depth) follows FFmpeg's AVPixFmtDescriptor. */
#ifndef MFACE_IMAGE_PICTURE_H
#define MFACE_IMAGE_PICTURE_H

#include <memoface/image.h>
#include <stdbool.h>

enum mface_model {
    MFACE_MODEL_GRAY, // one component
    MFACE_MODEL_YUV,  // Y, Cb, Cr
    MFACE_MODEL_RGB,  // components in the order R, G, B
};

/* Where one colour component lies. Components of more than 8 bits are native-endian 16-bit
 * words. */
struct mface_component {
    int plane;  // index into `data`
    int step;   // bytes between horizontally neighbouring samples
    int offset; // bytes before the first sample of a row
    int shift;  // bits to shift the word right to get the value
    int depth;  // bits of the value, 8..16
};

/* Luma weights of red and blue, which define a YCbCr matrix (ITU-T H.273, table 4). */
struct mface_matrix {
    double kr, kb; // BT.601: 0.299, 0.114; BT.709: 0.2126, 0.0722; BT.2020: 0.2627, 0.0593
};

/* A view: owns nothing. */
struct mface_picture {
    uint8_t *data[4];
    ptrdiff_t stride[4];
    int w, h;
    enum mface_model model;
    bool full_range;   // else studio swing: luma 16..235, chroma 16..240 at 8 bits
    int log2_chroma_w; // YUV: horizontal subsampling, 0..2
    int log2_chroma_h;
    /* Added to x and y before they are shifted to chroma: 0, or what a mirrored view of an odd side
     * needs, at most 3. mface_picture_view() sets them. */
    int chroma_x0, chroma_y0;
    struct mface_matrix matrix; // YUV
    struct mface_component component[3];
};

/* A rectangle of pixels: l ≤ x < r, t ≤ y < b. */
struct mface_rect {
    int l, t, r, b;
};

static inline bool mface_rect_is_empty(struct mface_rect rect)
{
    return rect.l >= rect.r || rect.t >= rect.b;
}

static inline int mface_rects_n_empty(const struct mface_rect *rects, int n)
{
    int n_empty = 0;
    for (int i = 0; i < n; i++)
        n_empty += mface_rect_is_empty(rects[i]);
    return n_empty;
}

/* The picture turned or mirrored: the same samples seen through other steps and strides, so nothing
 * is copied. Pixel (x, y) of the view is (u, v) = transpose ? (y, x) : (x, y) of the picture, then
 * with u counted from the right if flip_x, v from below if flip_y. A quarter turn clockwise is
 * transpose and flip_y. */
struct mface_picture mface_picture_view(
    const struct mface_picture *picture, bool transpose, bool flip_x, bool flip_y);

/* Reads `rect`, which lies within the picture, as BGR into `out` (c 3, U8 or F32 0..1, w and h of
 * the rect). Chroma is taken from the nearest sample. 8-bit results are rounded to nearest and
 * clamped. F32 is not clamped: codes outside the nominal range, and YCbCr triples that no RGB in
 * 0..1 has, give values outside 0..1, so that writing them back restores them. */
void mface_picture_read_bgr(
    const struct mface_picture *picture, struct mface_rect rect, struct mface_image *out);

/* Reads `rect` as luma 0..255 into `out` (c 1, U8). RGB: the picture's matrix; BT.601 if unset. */
void mface_picture_read_gray(
    const struct mface_picture *picture, struct mface_rect rect, struct mface_image *out);

/* Writes `bgr` (F32, c 3) back to `rect` wherever `mask` (F32, c 1, same size) is > 0. A chroma
 * sample is replaced when any pixel it covers is, by the mean over its pixels, where uncovered
 * pixels count with their present chroma. Codes are rounded and clamped to what their depth holds.
 * Every other sample stays bit-identical. */
void mface_picture_write_bgr(const struct mface_picture *picture, struct mface_rect rect,
    const struct mface_image *bgr, const struct mface_image *mask);

#endif

/* Separable resize.
 *
 * The output is made in strips of at most STRIP columns. Within a strip every source row that is
 * needed is resampled across once into a ring of float rows (as many as there are taps, indexed by
 * source row modulo 8), and each output row is a weighted sum of ring rows. The ring lives on the
 * stack: nothing is allocated. Positions are exact (OpenCV rounds its U8 weights to 11 bits). */
#include "image/interp.h"

#include <assert.h>
#include <math.h>

enum { STRIP = 64, RING = MFACE_TAPS_MAX };

struct axis {
    int first; // first tap; may lie outside the source
    float weights[MFACE_TAPS_MAX];
};

struct strip {
    const struct mface_image *src, *dst;
    int n_taps;
    int x0, n;   // columns of the output
    float scale; // applied to source samples: 1, 255 or 1/255
    struct axis column[STRIP];
    int row_in_ring[RING]; // which source row a slot holds, or -1
    float ring[RING][STRIP * 3];
};

/* Output i of `to` samples over `from` ones: centres at half-integers. */
static struct axis axis_at(enum mface_interp interp, int i, int from, int to)
{
    const double position = (i + 0.5) * ((double)from / to) - 0.5;
    const double whole = floor(position);
    struct axis axis = { .first = (int)whole - (mface_interp_n_taps(interp) / 2 - 1) };
    mface_interp_weights(interp, position - whole, axis.weights);
    return axis;
}

static int clamp_index(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

static inline __attribute__((always_inline)) void resample_columns(
    struct strip *strip, const void *row, float *out, int c, enum mface_sample sample)
{
    const int last = strip->src->w;
    for (int x = 0; x < strip->n; x++) {
        const struct axis *axis = &strip->column[x];
        float sum[3] = { 0 };
        for (int i = 0; i < strip->n_taps; i++) {
            const int at = clamp_index(axis->first + i, last) * c;
            for (int k = 0; k < c; k++)
                sum[k] +=
                    axis->weights[i] * (sample == MFACE_SAMPLE_U8 ? ((const uint8_t *)row)[at + k]
                                                                  : ((const float *)row)[at + k]);
        }
        for (int k = 0; k < c; k++)
            out[x * c + k] = sum[k] * strip->scale;
    }
}

static const float *ring_row(struct strip *strip, int y)
{
    const int slot = y % RING;
    float *out = strip->ring[slot];
    if (strip->row_in_ring[slot] == y)
        return out;
    strip->row_in_ring[slot] = y;
    const void *row = mface_image_row_u8(strip->src, y);
    const bool u8 = strip->src->sample == MFACE_SAMPLE_U8;
    if (strip->src->c == 3)
        u8 ? resample_columns(strip, row, out, 3, MFACE_SAMPLE_U8)
           : resample_columns(strip, row, out, 3, MFACE_SAMPLE_F32);
    else
        u8 ? resample_columns(strip, row, out, 1, MFACE_SAMPLE_U8)
           : resample_columns(strip, row, out, 1, MFACE_SAMPLE_F32);
    return out;
}

static void store_row(const struct strip *strip, int y, const float *sum)
{
    const struct mface_image *dst = strip->dst;
    const int n = strip->n * dst->c, start = strip->x0 * dst->c;
    if (dst->sample == MFACE_SAMPLE_U8) {
        uint8_t *row = mface_image_row_u8(dst, y) + start;
        for (int i = 0; i < n; i++)
            row[i] = mface_round_u8(sum[i]);
    } else {
        float *row = mface_image_row_f32(dst, y) + start;
        for (int i = 0; i < n; i++)
            row[i] = sum[i];
    }
}

static void resize_row(struct strip *strip, int y, enum mface_interp interp)
{
    const struct axis axis = axis_at(interp, y, strip->src->h, strip->dst->h);
    const int n = strip->n * strip->dst->c;
    float sum[STRIP * 3] = { 0 };
    for (int j = 0; j < strip->n_taps; j++) {
        const float *row = ring_row(strip, clamp_index(axis.first + j, strip->src->h));
        const float weight = axis.weights[j];
        for (int i = 0; i < n; i++)
            sum[i] += weight * row[i];
    }
    store_row(strip, y, sum);
}

static void resize_strip(struct strip *strip, enum mface_interp interp)
{
    for (int x = 0; x < strip->n; x++)
        strip->column[x] = axis_at(interp, strip->x0 + x, strip->src->w, strip->dst->w);
    for (int i = 0; i < RING; i++)
        strip->row_in_ring[i] = -1;
    for (int y = 0; y < strip->dst->h; y++)
        resize_row(strip, y, interp);
}

void mface_resize(
    const struct mface_image *src, const struct mface_image *dst, enum mface_interp interp)
{
    assert(src->c == dst->c);
    struct strip strip = { .src = src, .dst = dst, .n_taps = mface_interp_n_taps(interp) };
    strip.scale = src->sample == dst->sample       ? 1.0f
                  : src->sample == MFACE_SAMPLE_U8 ? 1.0f / 255.0f
                                                   : 255.0f;
    for (strip.x0 = 0; strip.x0 < dst->w; strip.x0 += STRIP) {
        strip.n = dst->w - strip.x0 < STRIP ? dst->w - strip.x0 : STRIP;
        resize_strip(&strip, interp);
    }
}

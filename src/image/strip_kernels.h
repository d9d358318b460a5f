/* The kernels of strips, in C that compilers turn into vector code: strip.c includes this for any
 * CPU, and each file of x86/ once more, under the flags of its instruction set. One source means
 * one order of operations, and so the same bits.
 *
 * Where a sample in step is not to be written its present value is stored again instead of skipping
 * it, because a loop without branches is what vectorises; nobody else works on the same picture. */
#ifndef MFACE_IMAGE_STRIP_KERNELS_H
#define MFACE_IMAGE_STRIP_KERNELS_H

#include "image/kernel_table.h"

#define STRIP_INLINE static inline __attribute__((always_inline))

/* A word of 16 bits anywhere. */
typedef uint16_t strip_word __attribute__((aligned(1), may_alias));

STRIP_INLINE unsigned strip_code_of(const struct mface_samples *s, float value)
{
    const float wanted = value * s->code.span + s->code.zero;
    const float low = wanted > 0 ? wanted : 0;
    return (unsigned)(int)((low < s->code.max ? low : s->code.max) + 0.5f);
}

STRIP_INLINE unsigned strip_raw(const struct mface_samples *s, ptrdiff_t at, bool wide)
{
    if (!wide)
        return s->at[at];
    const unsigned word = *(const strip_word *)(const void *)(s->at + at);
    return word >> s->shift & ((1u << s->depth) - 1);
}

STRIP_INLINE void strip_put(
    const struct mface_samples *s, ptrdiff_t at, bool wide, unsigned raw, bool is_written)
{
    if (!wide) {
        s->at[at] = is_written ? (uint8_t)raw : s->at[at];
        return;
    }
    strip_word *word = (strip_word *)(void *)(s->at + at);
    const unsigned bits = ((1u << s->depth) - 1) << s->shift, was = *word;
    *word = (uint16_t)(is_written ? (was & ~bits) | raw << s->shift : was);
}

STRIP_INLINE void strip_load_steps(
    const struct mface_samples *from, ptrdiff_t step, bool wide, int n, float *restrict out)
{
    const struct mface_samples s = *from;
    const float zero = s.code.zero, scale = 1.0f / s.code.span;
    for (int i = 0; i < n; i++)
        out[i] = ((float)(int)strip_raw(&s, i * step, wide) - zero) * scale;
}

/* Steps that no vector can follow: what is done to the samples is a loop of its own. */
STRIP_INLINE void strip_load_scattered(
    const struct mface_samples *from, bool wide, int n, float *restrict out)
{
    const struct mface_samples s = *from;
    const float zero = s.code.zero, scale = 1.0f / s.code.span;
    uint16_t raw[MFACE_STRIP_W];
    for (int i = 0; i < n; i++)
        raw[i] = (uint16_t)strip_raw(&s, i * s.step, wide);
    for (int i = 0; i < n; i++)
        out[i] = ((float)raw[i] - zero) * scale;
}

/* The loop of a kernel by what the samples are, with the steps of vectors as constants. */
#define STRIP_BY_STEP(s, in_step, scattered)                                                       \
    do {                                                                                           \
        if ((s)->depth == 8 && (s)->step == 1)                                                     \
            in_step(1, false);                                                                     \
        else if ((s)->depth == 8 && (s)->step == 2)                                                \
            in_step(2, false);                                                                     \
        else if ((s)->depth == 8)                                                                  \
            scattered(false);                                                                      \
        else if ((s)->step == 2)                                                                   \
            in_step(2, true);                                                                      \
        else if ((s)->step == 4)                                                                   \
            in_step(4, true);                                                                      \
        else                                                                                       \
            scattered(true);                                                                       \
    } while (0)

static void strip_load(const struct mface_samples *s, int n, float *restrict out)
{
#define IN_STEP(step, wide) strip_load_steps(s, step, wide, n, out)
#define SCATTERED(wide)     strip_load_scattered(s, wide, n, out)
    STRIP_BY_STEP(s, IN_STEP, SCATTERED);
#undef IN_STEP
#undef SCATTERED
}

STRIP_INLINE void strip_store_steps(const struct mface_samples *to, ptrdiff_t step, bool wide,
    int n, const float *restrict values, const float *restrict mask)
{
    const struct mface_samples s = *to;
    for (int i = 0; i < n; i++)
        strip_put(&s, i * step, wide, strip_code_of(&s, values[i]), mask[i] > 0);
}

STRIP_INLINE void strip_store_scattered(const struct mface_samples *to, bool wide, int n,
    const float *restrict values, const float *restrict mask)
{
    const struct mface_samples s = *to;
    uint16_t raw[MFACE_STRIP_W];
    uint8_t is_set[MFACE_STRIP_W];
    for (int i = 0; i < n; i++) {
        raw[i] = (uint16_t)strip_code_of(&s, values[i]);
        is_set[i] = mask[i] > 0;
    }
    for (int i = 0; i < n; i++)
        if (is_set[i])
            strip_put(&s, i * s.step, wide, raw[i], true);
}

static void strip_store(
    const struct mface_samples *s, int n, const float *restrict values, const float *restrict mask)
{
#define IN_STEP(step, wide) strip_store_steps(s, step, wide, n, values, mask)
#define SCATTERED(wide)     strip_store_scattered(s, wide, n, values, mask)
    STRIP_BY_STEP(s, IN_STEP, SCATTERED);
#undef IN_STEP
#undef SCATTERED
}

STRIP_INLINE float strip_mean(
    const struct mface_samples *s, unsigned raw, float n_pixels, float sum, float n_written)
{
    const float present = ((float)(int)raw - s->code.zero) / s->code.span;
    return (sum + (n_pixels - n_written) * present) / n_pixels;
}

STRIP_INLINE void strip_mean_steps(const struct mface_samples *to, ptrdiff_t step, bool wide, int n,
    float n_pixels, const float *restrict sums, const float *restrict n_written)
{
    const struct mface_samples s = *to;
    for (int i = 0; i < n; i++) {
        const unsigned raw = strip_raw(&s, i * step, wide);
        const float mean = strip_mean(&s, raw, n_pixels, sums[i], n_written[i]);
        strip_put(&s, i * step, wide, strip_code_of(&s, mean), n_written[i] > 0);
    }
}

STRIP_INLINE void strip_mean_scattered(const struct mface_samples *to, bool wide, int n,
    float n_pixels, const float *restrict sums, const float *restrict n_written)
{
    const struct mface_samples s = *to;
    uint16_t raw[MFACE_STRIP_W];
    for (int i = 0; i < n; i++)
        raw[i] = (uint16_t)strip_raw(&s, i * s.step, wide);
    for (int i = 0; i < n; i++)
        raw[i] =
            (uint16_t)strip_code_of(&s, strip_mean(&s, raw[i], n_pixels, sums[i], n_written[i]));
    for (int i = 0; i < n; i++)
        if (n_written[i] > 0)
            strip_put(&s, i * s.step, wide, raw[i], true);
}

static void strip_store_mean(const struct mface_samples *s, int n, float n_pixels,
    const float *restrict sums, const float *restrict n_written)
{
#define IN_STEP(step, wide) strip_mean_steps(s, step, wide, n, n_pixels, sums, n_written)
#define SCATTERED(wide)     strip_mean_scattered(s, wide, n, n_pixels, sums, n_written)
    STRIP_BY_STEP(s, IN_STEP, SCATTERED);
#undef IN_STEP
#undef SCATTERED
}

struct strip_rgb {
    float r, g, b;
};

STRIP_INLINE struct strip_rgb strip_rgb_of(
    const struct mface_yuv_weights *w, float luma, float pb, float pr)
{
    return (struct strip_rgb) { luma + w->r_pr * pr, luma - w->g_pb * pb - w->g_pr * pr,
        luma + w->b_pb * pb };
}

static void strip_rgb_from_yuv(const struct mface_yuv_weights *weights, int n, float *restrict v0,
    float *restrict v1, float *restrict v2)
{
    const struct mface_yuv_weights w = *weights;
    for (int i = 0; i < n; i++) {
        const struct strip_rgb rgb = strip_rgb_of(&w, v0[i], v1[i], v2[i]);
        v0[i] = rgb.r;
        v1[i] = rgb.g;
        v2[i] = rgb.b;
    }
}

static void strip_double(int n, const float *restrict from, float *restrict out)
{
    for (int i = 0; i < n; i++)
        out[2 * i] = out[2 * i + 1] = from[i];
}

/* floor() of a value that an int holds; vector code everywhere, unlike the function. */
STRIP_INLINE float strip_floor(float x)
{
#if defined(__SSE4_1__)
    return __builtin_floorf(x);
#else
    const float cut = (float)(int)x;
    return cut > x ? cut - 1.0f : cut;
#endif
}

/* x/steps, as a division rounds it. With the remainder of a quotient by a correctly rounded
 * reciprocal one step more gives the quotient's own rounding (P. Markstein, Computation of
 * elementary functions on the IBM RISC System/6000, 1990), in less time than dividers take. */
STRIP_INLINE float strip_divided(float x, float steps, float reciprocal)
{
#if defined(__FMA__)
    const float quotient = x * reciprocal;
    return __builtin_fmaf(__builtin_fmaf(-quotient, steps, x), reciprocal, quotient);
#else
    (void)reciprocal;
    return x / steps;
#endif
}

STRIP_INLINE float strip_mixed(const struct mface_blend *blend, bool compress, float reciprocal,
    float frame, float face, float weight)
{
    const float out = frame * (1.0f - weight) + face * weight, steps = blend->steps;
    if (!compress)
        return out;
    const float middle = strip_divided(strip_floor(out * steps) + 0.5f, steps, reciprocal);
    return out + weight * (middle - out);
}

STRIP_INLINE void strip_mix_channel(const struct mface_blend *of, bool compress, int n,
    const float *restrict frame, const float *restrict face, const float *restrict mask,
    float *restrict out)
{
    const struct mface_blend blend = *of;
    const float reciprocal = 1.0f / blend.steps;
    for (int i = 0; i < n; i++)
        out[i] =
            strip_mixed(&blend, compress, reciprocal, frame[i], face[i], mask[i] * blend.opacity);
}

static void strip_mix_rgb(const struct mface_blend *blend, int n, const struct mface_mix *mix)
{
    for (int k = 0; k < 3; k++)
        if (blend->steps > 0)
            strip_mix_channel(blend, true, n, mix->frame[k], mix->face[k], mix->mask, mix->out[k]);
        else
            strip_mix_channel(blend, false, n, mix->frame[k], mix->face[k], mix->mask, mix->out[k]);
}

/* Compilers believe `restrict` of parameters only. */
STRIP_INLINE void strip_mix_pixels(const struct mface_blend *blend,
    const struct mface_yuv_weights *weights, bool compress, int n, const float *restrict y,
    const float *restrict pb, const float *restrict pr, const float *restrict red,
    const float *restrict green, const float *restrict blue, const float *restrict mask,
    float *restrict out_y, float *restrict out_pb, float *restrict out_pr)
{
    const struct mface_yuv_weights w = *weights;
    const struct mface_blend by = *blend;
    const float reciprocal = 1.0f / by.steps;
    for (int i = 0; i < n; i++) {
        const float weight = mask[i] * by.opacity;
        const struct strip_rgb frame = strip_rgb_of(&w, y[i], pb[i], pr[i]);
        const float r = strip_mixed(&by, compress, reciprocal, frame.r, red[i], weight);
        const float g = strip_mixed(&by, compress, reciprocal, frame.g, green[i], weight);
        const float b = strip_mixed(&by, compress, reciprocal, frame.b, blue[i], weight);
        const float luma = w.kr * r + w.kg * g + w.kb * b;
        out_y[i] = luma;
        out_pb[i] = (b - luma) * w.pb_scale;
        out_pr[i] = (r - luma) * w.pr_scale;
    }
}

static void strip_mix_yuv(const struct mface_blend *blend, const struct mface_yuv_weights *weights,
    int n, const struct mface_mix *m)
{
    if (blend->steps > 0)
        strip_mix_pixels(blend, weights, true, n, m->frame[0], m->frame[1], m->frame[2], m->face[0],
            m->face[1], m->face[2], m->mask, m->out[0], m->out[1], m->out[2]);
    else
        strip_mix_pixels(blend, weights, false, n, m->frame[0], m->frame[1], m->frame[2],
            m->face[0], m->face[1], m->face[2], m->mask, m->out[0], m->out[1], m->out[2]);
}

static void strip_fill(struct mface_kernel_table *table)
{
    table->strip.load_samples = strip_load;
    table->strip.store_samples = strip_store;
    table->strip.store_means = strip_store_mean;
    table->strip.rgb_from_yuv = strip_rgb_from_yuv;
    table->strip.double_samples = strip_double;
    table->strip.mix_rgb = strip_mix_rgb;
    table->strip.mix_yuv = strip_mix_yuv;
}

#endif

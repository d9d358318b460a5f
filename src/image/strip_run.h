/* Where the samples of a strip's runs lie: what reading and writing strips share. */
#ifndef MFACE_IMAGE_STRIP_RUN_H
#define MFACE_IMAGE_STRIP_RUN_H

#include "image/strip.h"

static inline struct mface_samples mface_strip_samples_at(
    const struct mface_strip_picture *strips, int i, int x, int y)
{
    const struct mface_component *component = &strips->picture.component[i];
    return (struct mface_samples) {
        .at = mface_picture_at(&strips->picture, i, x, y),
        .step = component->step,
        .shift = component->shift,
        .depth = component->depth,
        .code = strips->code[i],
    };
}

/* Chroma samples that n pixels from x on belong to, and how many pixels of the first come before
 * x. */
struct mface_chroma_run {
    int n, phase;
};

static inline struct mface_chroma_run mface_strip_chroma_run(
    const struct mface_picture *picture, int x, int n)
{
    const int shift = picture->log2_chroma_w, at = x + picture->chroma_x0;
    return (struct mface_chroma_run) { ((at + n - 1) >> shift) - (at >> shift) + 1,
        at & ((1 << shift) - 1) };
}

#endif

/* Reinhard's colour transfer ("Color Transfer between Images", 2001), in CIE LAB.
 *
 * Each channel of the face is shifted and stretched so that its mean and standard deviation become
 * those of the picture it shall resemble. The statistics are DeepFaceLive's: taken over all pixels
 * of the crop, where those outside the mask count as zero. */
#include "base/log.h"
#include "swap/stages.h"

#include <assert.h>
#include <math.h>

#define MASK_CUTOFF 0.5f

struct moments {
    double mean, deviation;
};

struct sums {
    double sum, sum_squares;
};

static void add_row(struct sums sums[3], const float *lab, const float *mask, int w)
{
    for (int x = 0; x < w; x++, lab += 3) {
        if (mask[x] < MASK_CUTOFF)
            continue;
        for (int i = 0; i < 3; i++) {
            sums[i].sum += lab[i];
            sums[i].sum_squares += (double)lab[i] * lab[i];
        }
    }
}

static void measure(
    const struct mface_image *lab, const struct mface_image *mask, struct moments moments[3])
{
    struct sums sums[3] = { 0 };
    for (int y = 0; y < lab->h; y++)
        add_row(sums, mface_image_row_f32(lab, y), mface_image_row_f32(mask, y), lab->w);
    const double n = (double)lab->w * lab->h;
    for (int i = 0; i < 3; i++) {
        const double mean = sums[i].sum / n;
        const double variance = sums[i].sum_squares / n - mean * mean;
        moments[i] = (struct moments) { mean, variance > 0.0 ? sqrt(variance) : 0.0 };
    }
}

/* v → scale·v + shift, then kept within LAB's range. */
struct line {
    float scale, shift, min, max;
};

static struct line line_between(struct moments from, struct moments to, float min, float max)
{
    // A face without any variation has nothing to stretch; only its mean moves.
    const double scale = from.deviation > 0.0 ? to.deviation / from.deviation : 1.0;
    return (struct line) { (float)scale, (float)(to.mean - from.mean * scale), min, max };
}

static void apply(const struct mface_image *lab, const struct line line[3])
{
    for (int y = 0; y < lab->h; y++) {
        float *row = mface_image_row_f32(lab, y);
        for (int x = 0; x < 3 * lab->w; x++) {
            const struct line *l = &line[x % 3];
            row[x] = fminf(fmaxf(row[x] * l->scale + l->shift, l->min), l->max);
        }
    }
}

static void transfer(const struct mface_image *face_lab, const struct mface_image *like_lab,
    const struct mface_image *mask)
{
    struct moments face[3], like[3];
    measure(face_lab, mask, face);
    measure(like_lab, mask, like);
    const struct line line[3] = {
        line_between(face[0], like[0], 0.0f, 100.0f),
        line_between(face[1], like[1], -127.0f, 127.0f),
        line_between(face[2], like[2], -127.0f, 127.0f),
    };
    apply(face_lab, line);
}

enum mface_status mface_color_rct(const struct mface_image *face, const struct mface_image *like,
    const struct mface_image *mask, const struct mface_image *out)
{
    assert(mask->c == 1 && mask->sample == MFACE_SAMPLE_F32 && out->sample == MFACE_SAMPLE_F32);
    assert(like->w == face->w && like->h == face->h && mask->w == face->w && mask->h == face->h);
    struct mface_image like_lab;
    MFACE_TRY(mface_image_init(&like_lab, like->w, like->h, 3, MFACE_SAMPLE_F32));
    mface_bgr_to_lab(like, &like_lab);
    mface_bgr_to_lab(face, out);
    transfer(out, &like_lab, mask);
    mface_lab_to_bgr(out, out);
    mface_image_clear(&like_lab);
    return MFACE_OK;
}

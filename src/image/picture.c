/* How a picture stores its samples: addresses, codes and turned views.
 *
 * A sample's address is data[plane] + y·stride + offset + x·step; turning the picture exchanges
 * steps with strides and negates them, so neither has a known sign. */
#include "image/picture_row.h"

#include <string.h>

int mface_picture_n_components(const struct mface_picture *picture)
{
    return picture->model == MFACE_MODEL_GRAY ? 1 : 3;
}

bool mface_picture_is_chroma(const struct mface_picture *picture, int i)
{
    return picture->model == MFACE_MODEL_YUV && i > 0;
}

struct mface_code mface_picture_code(const struct mface_picture *picture, int i)
{
    const int depth = picture->component[i].depth;
    const bool chroma = mface_picture_is_chroma(picture, i);
    const int unit = 1 << (depth - 8), max = (1 << depth) - 1;
    struct mface_code code = { .zero = 0, .span = (float)max, .max = (float)max };
    if (chroma)
        code.zero = (float)(128 * unit);
    else if (!picture->full_range)
        code.zero = (float)(16 * unit);
    if (!picture->full_range)
        code.span = (float)((chroma ? 224 : 219) * unit);
    return code;
}

struct mface_matrix mface_picture_matrix(const struct mface_picture *picture)
{
    const bool unset = picture->matrix.kr == 0 && picture->matrix.kb == 0;
    return unset ? (struct mface_matrix) { .kr = 0.299, .kb = 0.114 } : picture->matrix;
}

struct mface_yuv_weights mface_picture_yuv_weights(const struct mface_picture *picture)
{
    const struct mface_matrix matrix = mface_picture_matrix(picture);
    const double kr = matrix.kr, kb = matrix.kb, kg = 1 - kr - kb;
    return (struct mface_yuv_weights) {
        .r_pr = (float)(2 * (1 - kr)),
        .b_pb = (float)(2 * (1 - kb)),
        .g_pb = (float)(2 * (1 - kb) * kb / kg),
        .g_pr = (float)(2 * (1 - kr) * kr / kg),
        .kr = (float)kr,
        .kg = (float)kg,
        .kb = (float)kb,
        .pb_scale = 0.5f / (1 - (float)kb),
        .pr_scale = 0.5f / (1 - (float)kr),
    };
}

uint8_t *mface_picture_at(const struct mface_picture *picture, int i, int x, int y)
{
    const struct mface_component *component = &picture->component[i];
    if (mface_picture_is_chroma(picture, i)) {
        x = (x + picture->chroma_x0) >> picture->log2_chroma_w;
        y = (y + picture->chroma_y0) >> picture->log2_chroma_h;
    }
    return picture->data[component->plane] + y * picture->stride[component->plane] +
           component->offset + (ptrdiff_t)x * component->step;
}

static unsigned load_word(const uint8_t *at)
{
    uint16_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static unsigned value_mask(const struct mface_component *component)
{
    return (1u << component->depth) - 1;
}

float mface_picture_get(
    const struct mface_component *component, struct mface_code code, const uint8_t *at)
{
    const unsigned raw =
        component->depth == 8 ? *at : load_word(at) >> component->shift & value_mask(component);
    return ((float)raw - code.zero) / code.span;
}

static inline unsigned code_of(struct mface_code code, float value)
{
    const float wanted = value * code.span + code.zero;
    const float low = wanted > 0 ? wanted : 0;
    return (unsigned)(int)((low < code.max ? low : code.max) + 0.5f);
}

static void put_word(const struct mface_component *component, uint8_t *at, unsigned raw)
{
    const unsigned kept = load_word(at) & ~(value_mask(component) << component->shift);
    const uint16_t word = (uint16_t)(kept | raw << component->shift);
    memcpy(at, &word, sizeof word);
}

void mface_picture_put(
    const struct mface_component *component, struct mface_code code, uint8_t *at, float value)
{
    const unsigned raw = code_of(code, value);
    if (component->depth == 8)
        *at = (uint8_t)raw;
    else
        put_word(component, at, raw);
}

void mface_picture_store(const struct mface_picture *picture, int i, int x, int y, int n,
    const float *restrict values, const float *restrict mask)
{
    const struct mface_component *component = &picture->component[i];
    const struct mface_code code = mface_picture_code(picture, i);
    const ptrdiff_t step = component->step;
    uint16_t raw[MFACE_PICTURE_BLOCK];
    uint8_t *at = mface_picture_at(picture, i, x, y);
    for (int j = 0; j < n; j++)
        raw[j] = (uint16_t)code_of(code, values[j]);
    for (int j = 0; j < n; j++) {
        if (!(mask[j] > 0))
            continue;
        if (component->depth == 8)
            at[j * step] = (uint8_t)raw[j];
        else
            put_word(component, at + j * step, raw[j]);
    }
}

/* The phase of an axis of n pixels seen from its other end: pixel n - 1 - x has chroma sample
 * (n - 1 - x + phase) >> shift, and counting samples from the far end that is
 * (x + mirrored phase) >> shift. */
static int mirror_phase(int n, int phase, int shift)
{
    const int mask = (1 << shift) - 1;
    return mask - ((n - 1 + phase) & mask);
}

/* The component gets a plane of its own: packed 4:2:2 has two steps in one plane. */
static void view_component(const struct mface_picture *from, int i, bool transpose, bool flip_x,
    bool flip_y, struct mface_picture *view)
{
    const struct mface_component *component = &from->component[i];
    const ptrdiff_t stride = from->stride[component->plane];
    const ptrdiff_t step_x = flip_x ? -component->step : component->step;
    const ptrdiff_t step_y = flip_y ? -stride : stride;
    view->data[i] = mface_picture_at(from, i, flip_x ? from->w - 1 : 0, flip_y ? from->h - 1 : 0) -
                    component->offset;
    view->stride[i] = transpose ? step_x : step_y;
    view->component[i].plane = i;
    view->component[i].step = (int)(transpose ? step_y : step_x);
}

struct mface_picture mface_picture_view(
    const struct mface_picture *from, bool transpose, bool flip_x, bool flip_y)
{
    struct mface_picture view = *from;
    const int phase_x =
        flip_x ? mirror_phase(from->w, from->chroma_x0, from->log2_chroma_w) : from->chroma_x0;
    const int phase_y =
        flip_y ? mirror_phase(from->h, from->chroma_y0, from->log2_chroma_h) : from->chroma_y0;
    view.w = transpose ? from->h : from->w;
    view.h = transpose ? from->w : from->h;
    view.log2_chroma_w = transpose ? from->log2_chroma_h : from->log2_chroma_w;
    view.log2_chroma_h = transpose ? from->log2_chroma_w : from->log2_chroma_h;
    view.chroma_x0 = transpose ? phase_y : phase_x;
    view.chroma_y0 = transpose ? phase_x : phase_y;
    for (int i = 0; i < mface_picture_n_components(from); i++)
        view_component(from, i, transpose, flip_x, flip_y, &view);
    return view;
}

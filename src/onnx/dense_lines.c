/* Weights as the inner loops read them (dense_kernel.h), from a piece of the model's. */
#include "onnx/dense_layer.h"

#include "base/mem.h"
#include "onnx/bf16.h"
#include "onnx/int8_weight.h"

#include <string.h>

enum { PANEL = MFACE_DENSE_PANEL, GROUP = MFACE_DENSE_GROUP };

size_t mface_dense_panel_bytes(enum mface_precision precision, int64_t in)
{
    const size_t n_groups = (size_t)(in + GROUP - 1) / GROUP;
    if (precision != MFACE_PRECISION_INT8)
        return mface_align_up(mface_dense_line(precision, in), MFACE_ALIGN);
    return mface_align_up((size_t)in * PANEL + n_groups * PANEL * sizeof(float), MFACE_ALIGN);
}

static const float *weights_of(const struct mface_dense_piece *piece, int64_t input)
{
    return piece->values + input * piece->input_step;
}

static void put_f32(const struct mface_dense_piece *piece, void *out)
{
    float *to = out;
    for (int64_t k = 0; k < piece->n_in; k++)
        for (int64_t o = 0; o < PANEL; o++)
            *to++ = o < piece->n_out ? weights_of(piece, k)[o * piece->output_step] : 0.0f;
}

static uint16_t narrow(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return mface_bf16_narrow(bits);
}

static void put_bf16(const struct mface_dense_piece *piece, void *out)
{
    uint32_t *to = out;
    for (int64_t k = 0; k < piece->n_in; k += 2) {
        const float *even = weights_of(piece, k);
        const float *odd =
            k + 1 < piece->n_in ? weights_of(piece, k + 1) : even; // nothing reads it
        for (int64_t o = 0; o < PANEL; o++, even += piece->output_step, odd += piece->output_step)
            *to++ = o < piece->n_out ? narrow(*even) | (uint32_t)narrow(*odd) << 16 : 0;
    }
}

/* For each output: what a step is worth, and how many steps a weight of 1 has. */
static void find_steps(const struct mface_dense_piece *piece, float *units, float *steps)
{
    for (int64_t o = 0; o < PANEL; o++) {
        float greatest = 0.0f;
        for (int64_t k = 0; k < piece->n_in && o < piece->n_out; k++)
            greatest = fmaxf(greatest, fabsf(weights_of(piece, k)[o * piece->output_step]));
        units[o] = greatest / MFACE_INT8_WEIGHT_MAX;
        steps[o] = mface_int8_steps_per_weight(greatest);
    }
}

/* The last group ends on a cache line. */
static void put_int8(const struct mface_dense_piece *piece, void *out)
{
    float *units = out, steps[PANEL];
    int8_t *to = (int8_t *)(units + PANEL);
    find_steps(piece, units, steps);
    memset(to, 0, mface_align_up((size_t)piece->n_in * PANEL, MFACE_ALIGN));
    for (int64_t k = 0; k < piece->n_in; k++, to += PANEL)
        for (int64_t o = 0; o < piece->n_out; o++)
            to[o] = mface_int8_round_weight(weights_of(piece, k)[o * piece->output_step], steps[o]);
}

static void put_groups(const struct mface_dense_piece *piece, void *out)
{
    struct mface_dense_piece group = *piece;
    char *to = out;
    for (int64_t k = 0; k < piece->n_in; k += GROUP) {
        const int64_t rest = piece->n_in - k;
        group.values = weights_of(piece, k);
        group.n_in = rest < GROUP ? rest : GROUP;
        put_int8(&group, to + mface_dense_line(MFACE_PRECISION_INT8, k));
    }
}

void mface_dense_put(
    const struct mface_dense_piece *piece, enum mface_precision precision, void *out)
{
    static void (*const put[MFACE_N_PRECISIONS])(const struct mface_dense_piece *, void *) = {
        [MFACE_PRECISION_F32] = put_f32,
        [MFACE_PRECISION_BF16] = put_bf16,
        [MFACE_PRECISION_INT8] = put_groups,
    };
    put[precision](piece, out);
}

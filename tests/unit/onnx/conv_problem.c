#include "conv_problem.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { CANARY_BYTES = 256 }; // before and behind what may be written

float random_value(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return (float)(*state >> 8) / (float)(1 << 23) - 1.0f;
}

float *random_values(size_t n, uint32_t *state)
{
    float *values = mface_mem_alloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = random_value(state);
    return values;
}

struct mface_dnnl_conv conv_describe(
    const struct conv_shape *shape, const struct conv_variant *variant)
{
    const int stride = shape->halves ? 2 : 1, side = 2 * stride + 1;
    return (struct mface_dnnl_conv) {
        .n_spatial = 2,
        .batch = shape->batch,
        .in_channels = shape->in,
        .out_channels = shape->out,
        .groups = 1,
        .in = { shape->height, shape->width },
        .out = { (shape->height - 1) / stride + 1, (shape->width - 1) / stride + 1 },
        .kernel = { side, side },
        .stride = { stride, stride },
        .dilation = { 1, 1 },
        .pad_begin = { stride, stride },
        .pad_end = { stride, stride },
        .has_bias = variant->has_bias,
        .activation = variant->activation,
        .alpha = variant->alpha,
        .beta = variant->beta,
        .channels_last = true,
        .sum = variant->sum,
    };
}

void conv_problem_init(struct conv_problem *problem, const struct conv_shape *shape,
    const struct conv_variant *variant)
{
    uint32_t seed = 7;
    const struct mface_dnnl_conv conv = conv_describe(shape, variant);
    *problem = (struct conv_problem) {
        .conv = conv,
        .n_src = (size_t)(conv.batch * conv.in[0] * conv.in[1] * conv.in_channels),
        .n_dst = (size_t)(conv.batch * conv.out[0] * conv.out[1] * conv.out_channels),
        .n_weights =
            (size_t)(conv.in_channels * conv.out_channels * conv.kernel[0] * conv.kernel[1]),
    };
    problem->src = random_values(problem->n_src, &seed);
    problem->weights = random_values(problem->n_weights, &seed);
    problem->bias = random_values((size_t)shape->out, &seed);
    problem->former = random_values(problem->n_dst, &seed);
    problem->conv.weights.data = problem->weights;
    problem->conv.bias = variant->has_bias ? problem->bias : NULL;
}

void conv_problem_clear(struct conv_problem *problem)
{
    mface_mem_free(problem->src);
    mface_mem_free(problem->weights);
    mface_mem_free(problem->bias);
    mface_mem_free(problem->former);
    mface_mem_free(problem->folded);
    mface_mem_free(problem->scale);
}

void conv_problem_fold(struct conv_problem *problem)
{
    struct mface_constant *weights = &problem->conv.weights;
    const size_t n_out = (size_t)problem->conv.out_channels, row = problem->n_weights / n_out;
    uint32_t seed = 11;
    const float *folded = problem->folded = random_values(2 * problem->n_weights, &seed);
    problem->scale = random_values(n_out, &seed);
    for (size_t i = 0; i < problem->n_weights; i++) {
        const float *first = folded + i / row * 2 * row + i % row;
        problem->weights[i] = (first[0] + first[row]) * problem->scale[i / row];
    }
    weights->data = folded;
    weights->copies = 2;
    mface_constant_set_scale(weights, problem->scale, (int64_t)n_out, (int64_t)problem->n_weights);
}

struct conv_problem conv_problem_last(const struct conv_problem *problem)
{
    struct conv_problem last = *problem;
    const size_t n = (size_t)problem->conv.batch;
    last.conv.batch = 1;
    last.n_src /= n;
    last.n_dst /= n;
    last.src += last.n_src * (n - 1);
    last.former += last.n_dst * (n - 1);
    return last;
}

bool conv_problem_tap(
    const struct conv_problem *problem, size_t output, int64_t tap, size_t *src, size_t *weight)
{
    const struct mface_dnnl_conv *conv = &problem->conv;
    const int64_t height = conv->in[0], width = conv->in[1], in = conv->in_channels;
    const int64_t side = conv->kernel[0], stride = conv->stride[0], out = conv->out_channels;
    const int64_t o = (int64_t)output % out, pixel = (int64_t)output / out;
    const int64_t row = pixel / conv->out[1], picture = row / conv->out[0];
    const int64_t y = row % conv->out[0] * stride + tap / side - conv->pad_begin[0];
    const int64_t x = pixel % conv->out[1] * stride + tap % side - conv->pad_begin[1];
    if (y < 0 || y >= height || x < 0 || x >= width)
        return false;
    *src = (size_t)(((picture * height + y) * width + x) * in);
    *weight = (size_t)(o * in * side * side + tap);
    return true;
}

static double activate(const struct mface_dnnl_conv *conv, double value)
{
    if (conv->activation == MFACE_ACTIVATION_CLIP)
        return fmin(fmax(value, conv->alpha), conv->beta);
    return conv->activation == MFACE_ACTIVATION_RELU && value < 0 ? conv->alpha * value : value;
}

double conv_problem_expect(const struct conv_problem *problem, size_t output, double *size)
{
    const struct mface_dnnl_conv *conv = &problem->conv;
    const size_t n_taps = (size_t)(conv->kernel[0] * conv->kernel[1]);
    const double bias = conv->has_bias ? problem->bias[output % (size_t)conv->out_channels] : 0.0;
    const double former = conv->sum ? problem->former[output] : 0.0;
    double sum = bias + former, magnitudes = fabs(bias) + fabs(former);
    size_t src, weight;
    for (size_t tap = 0; tap < n_taps; tap++) {
        if (!conv_problem_tap(problem, output, (int64_t)tap, &src, &weight))
            continue;
        for (size_t c = 0; c < (size_t)conv->in_channels; c++) {
            const double term =
                (double)problem->src[src + c] * problem->weights[weight + c * n_taps];
            sum += term;
            magnitudes += fabs(term);
        }
    }
    if (size)
        *size = magnitudes;
    return activate(conv, sum);
}

size_t conv_problem_next(const struct conv_problem *problem, size_t output)
{
    const size_t n = problem->n_dst, step = n / 2000 * 2 + 1;
    const size_t next = output - output % step + step;
    return next < n || output + 1 == n ? next : n - 1;
}

/* As ONNX defines it, by its view of the channels as block, block, C/4. */
static size_t place_in_space(const struct mface_dnnl_conv *conv, size_t output)
{
    const size_t channels = (size_t)conv->out_channels, quarter = channels / 4;
    const size_t width = (size_t)conv->out[1], channel = output % channels;
    const size_t row = output / channels / width, column = output / channels % width;
    const size_t y = 2 * row + channel / quarter / 2, x = 2 * column + channel / quarter % 2;
    return (y * 2 * width + x) * quarter + channel % quarter; // rows run on over the batch
}

void conv_check_space(
    const struct conv_problem *problem, const void *plain, const void *there, size_t output_bytes)
{
    for (size_t i = 0; i < problem->n_dst; i++)
        assert_memory_equal((const char *)there + place_in_space(&problem->conv, i) * output_bytes,
            (const char *)plain + i * output_bytes, output_bytes);
}

void conv_check_refusals(
    const struct mface_dnnl_conv *good, bool (*fits)(const struct mface_dnnl_conv *conv))
{
    enum { N = 20, LIMIT = 1 << 14 };
    struct mface_dnnl_conv wrong[N], *conv = wrong;
    for (int i = 0; i < N; i++)
        wrong[i] = *good;
    conv++->transposed = true;
    conv++->n_spatial = 1;
    conv++->groups = 2;
    conv++->kernel[1] = 8 - good->kernel[1]; // the other window's
    conv++->stride[0] = 3 - good->stride[0];
    conv++->dilation[1] = 2;
    conv++->pad_begin[0] = 0;
    conv++->pad_end[1] = 3 - good->pad_end[1];
    conv++->activation = MFACE_ACTIVATION_SIGMOID;
    conv++->activation = MFACE_ACTIVATION_TANH;
    conv++->channels_last = false;
    conv++->src_bf16 = !good->src_bf16;
    conv->has_bias = true; // given at run time
    conv++->bias = NULL;
    conv++->weights.data = NULL;
    conv++->batch = LIMIT + 1;
    conv++->in[0] = LIMIT + 1;
    conv++->in[1] = LIMIT + 1;
    conv++->in_channels = LIMIT + 1;
    conv++->out_channels = LIMIT + 1;
    conv->kernel[0] = conv->kernel[1] = 1;
    conv->pad_begin[0] = conv->pad_begin[1] = conv->pad_end[0] = conv->pad_end[1] = 0;
    conv++;
    assert_ptr_equal(conv, wrong + N);
    for (int i = 0; i < N; i++)
        if (fits(&wrong[i]))
            fail_msg("wrong convolution %d fits", i);
}

void *guarded_alloc(size_t bytes)
{
    unsigned char *memory = mface_mem_alloc(bytes + (size_t)2 * CANARY_BYTES);
    memset(memory, 0xff, bytes + (size_t)2 * CANARY_BYTES);
    return memory + CANARY_BYTES;
}

void guarded_check(const void *memory, size_t bytes)
{
    static const unsigned char untouched[CANARY_BYTES] = { [0 ... CANARY_BYTES - 1] = 0xff };
    assert_memory_equal((const unsigned char *)memory - CANARY_BYTES, untouched, CANARY_BYTES);
    assert_memory_equal((const unsigned char *)memory + bytes, untouched, CANARY_BYTES);
}

void guarded_free(void *memory)
{
    mface_mem_free((unsigned char *)memory - CANARY_BYTES);
}

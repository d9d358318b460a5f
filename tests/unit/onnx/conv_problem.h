/* Random convolutions of pictures in f32 with channels last, 3×3 with stride 1 and 5×5 with stride
 * 2: what all kernels of our own are tested with. Out of memory is a crash. */
#ifndef TESTS_UNIT_ONNX_CONV_PROBLEM_H
#define TESTS_UNIT_ONNX_CONV_PROBLEM_H

#include "onnx/dnnl.h"

struct conv_shape {
    int batch, height, width, in, out;
    bool halves; // 5×5 with stride 2, else 3×3
};

struct conv_variant {
    bool has_bias, sum;
    enum mface_activation activation;
    float alpha, beta;
};

struct conv_problem {
    struct mface_dnnl_conv conv;
    float *src, *weights, *bias;
    float *former;         // what the destination holds before
    float *folded, *scale; // what conv_problem_fold() made the weights of
    size_t n_src, n_weights, n_dst;
};

/* Numbers in [-1, 1). */
float random_value(uint32_t *state);
float *random_values(size_t n, uint32_t *state);

/* Without weights and bias. */
struct mface_dnnl_conv conv_describe(
    const struct conv_shape *shape, const struct conv_variant *variant);

void conv_problem_init(struct conv_problem *problem, const struct conv_shape *shape,
    const struct conv_variant *variant);
void conv_problem_clear(struct conv_problem *problem);

/* Makes each row of weights the sum of two, and each output channel that times a factor, as the
 * kernel is to read them; problem->weights are what comes of it. */
void conv_problem_fold(struct conv_problem *problem);

/* The last picture of the batch alone; borrows the problem's memory. */
struct conv_problem conv_problem_last(const struct conv_problem *problem);

/* Where an output's tap meets the source: in_channels values from *src on, with weights from
 * *weight on, as far apart as the window has taps. False: in the padding. */
bool conv_problem_tap(
    const struct conv_problem *problem, size_t output, int64_t tap, size_t *src, size_t *weight);

/* One output in double precision. *size, unless NULL: the sum of all terms' magnitudes. */
double conv_problem_expect(const struct conv_problem *problem, size_t output, double *size);

/* The next output of a sample that begins with 0, ends with the last and has up to 2000 between;
 * n_dst or more: there is none. */
size_t conv_problem_next(const struct conv_problem *problem, size_t output);

/* Fails unless `there` holds what `plain` does, outputs of so many bytes, where DepthToSpace (DCR,
 * blocks of 2) puts it. */
void conv_check_space(
    const struct conv_problem *problem, const void *plain, const void *there, size_t output_bytes);

/* Fails if what no kernel computes, each a small change of `good`, fits. */
void conv_check_refusals(
    const struct mface_dnnl_conv *good, bool (*fits)(const struct mface_dnnl_conv *conv));

/* Bytes between canaries, aligned to a cache line, all of them 0xff: NaN. */
void *guarded_alloc(size_t bytes);
void guarded_check(const void *memory, size_t bytes);
void guarded_free(void *memory);

#endif

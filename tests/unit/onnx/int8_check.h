/* Convolutions in bytes on pictures of all kinds, run by any inner loops there are, and what their
 * results are checked by. */
#ifndef TESTS_UNIT_ONNX_INT8_CHECK_H
#define TESTS_UNIT_ONNX_INT8_CHECK_H

#include "conv_problem.h"

#include "onnx/int8_conv.h"

/* In C; with AVX2; with AVX-VNNI, emulated (int8_dots.c); those of this CPU without tiles, and
 * those with tiles, which may be emulated (amx_emulated.h). Where there is no such level, a lower
 * one. */
enum { INT8_C, INT8_AVX2, INT8_AVX_VNNI, INT8_NO_TILES, INT8_TILES, INT8_N_LEVELS };

const struct mface_int8_loops *int8_loops_of(int level);

enum { INT8_PLAIN = 1, INT8_N_VARIANTS = 5 }; // plain: the sum alone
extern const struct conv_variant int8_variants[INT8_N_VARIANTS];

enum { INT8_N_KINDS = 10 };

/* A random problem whose pictures are of `kind` (0..INT8_N_KINDS - 1), of the next one and so on,
 * with another range of weights for each output channel. */
void int8_problem_init(struct conv_problem *problem, const struct conv_shape *shape,
    const struct conv_variant *variant, int kind);

/* Results, for guarded_free(). Fails where anything else was written to. */
float *int8_run(const struct conv_problem *problem, int level, int threads);

/* Fails unless a sample of results is the reference's, bit for bit. */
void int8_check_bits(const struct conv_problem *problem, const float *dst);

/* Fails unless each of a sample is within its bound of the exact result, and their errors on an
 * average as large as roundings make them that are spread evenly and independent. */
void int8_check_errors(const struct conv_problem *problem, const float *dst);

/* Runs the problem at each level and checks its results. */
void int8_check_levels(const struct conv_problem *problem,
    void (*check)(const struct conv_problem *problem, const float *dst));

#endif

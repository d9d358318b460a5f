/* What a convolution in bytes must give, by plain loops over the model's own layout, and how far
 * that may be from the exact convolution. */
#ifndef TESTS_UNIT_ONNX_INT8_REFERENCE_H
#define TESTS_UNIT_ONNX_INT8_REFERENCE_H

#include "conv_problem.h"

/* How a picture is rounded: its values are `steps` of `unit`. */
struct int8_grid {
    float unit, per_unit;
    int zero; // the byte of 0
};

struct int8_grid int8_grid_of(const float *values, size_t n);
int int8_round(float value, struct int8_grid grid); // to steps, -zero..255 - zero

struct int8_reference {
    const struct conv_problem *problem;
    struct int8_grid *grids; // of each picture
    int16_t *steps;          // of the source
    float *units;            // of each output channel's weights
    int8_t *weights;         // in those
};

/* The problem must stay as it is until the reference is cleared. */
void int8_reference_init(struct int8_reference *reference, const struct conv_problem *problem);
void int8_reference_clear(struct int8_reference *reference);

/* One output, all its bits. */
float int8_reference_result(const struct int8_reference *reference, size_t output);

/* The greatest error of one output that rounding can cause. *variance, unless NULL: the square of
 * the error to be expected before the activation if roundings are evenly spread. */
double int8_reference_bound(
    const struct int8_reference *reference, size_t output, double *variance);

#endif

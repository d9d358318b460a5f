/* What a pass may fold into a step that came from the graph; zeroed: nothing. */
#ifndef MFACE_ONNX_FUSION_H
#define MFACE_ONNX_FUSION_H

#include <stdbool.h>
#include <stdint.h>

/* Applied to the result. */
enum mface_activation {
    MFACE_ACTIVATION_NONE,
    MFACE_ACTIVATION_RELU, // x < 0 ? alpha·x : x
    MFACE_ACTIVATION_SIGMOID,
    MFACE_ACTIVATION_TANH,
    MFACE_ACTIVATION_CLIP, // to [alpha, beta]
};

enum { MFACE_FUSION_SPATIAL_MAX = 3, MFACE_FUSION_VIEW_MAX = 8 };

struct mface_fusion {
    /* Zero padding of the spatial dimensions, on top of what the attributes say. */
    int64_t pad_begin[MFACE_FUSION_SPATIAL_MAX], pad_end[MFACE_FUSION_SPATIAL_MAX];
    enum mface_activation activation;
    float alpha, beta;
    /* Input 3 of a Conv is added to its result before the activation. */
    bool sum;
    /* The weights of a Conv expect input 0 so many times over, one copy behind the other along the
     * channels; 0 stands for 1. */
    int copies;
    /* What the weights of each output channel of a Conv are multiplied by; NULL: nothing. */
    const float *scale;
    /* Input 0 and output 0 of a Conv or a pool lie as N×spatial×C, and their shapes say so. */
    bool channels_last;
    /* With channels_last, and no sum: output 0 of a Conv lies as a DepthToSpace in DCR mode with
     * blocks of 2 makes it, and its shape says so. */
    bool to_space;
    /* A Conv may round what it multiplies to eight bits (int8.h), a product its constant factor
     * (dense.h). */
    bool int8;
    int64_t block; // of a DepthToSpace that a pass found; 0: its attributes count
    /* Permute: input 0 read as a tensor of these dimensions, and which of them each dimension of
     * the result is. */
    int view_rank;
    int64_t view[MFACE_FUSION_VIEW_MAX];
    int perm[MFACE_FUSION_VIEW_MAX];
};

#endif

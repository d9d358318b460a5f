/* What a pass may fold into a step that came from the graph. */
#ifndef MFACE_ONNX_FUSION_H
#define MFACE_ONNX_FUSION_H

#include <stdint.h>

/* Applied to the result. */
enum mface_activation {
    MFACE_ACTIVATION_NONE,
    MFACE_ACTIVATION_RELU, // x < 0 ? alpha·x : x
    MFACE_ACTIVATION_SIGMOID,
    MFACE_ACTIVATION_TANH,
    MFACE_ACTIVATION_CLIP, // to [alpha, beta]
};

enum { MFACE_FUSION_SPATIAL_MAX = 3 };

struct mface_fusion {
    /* Zero padding of the spatial dimensions, on top of what the attributes say. */
    int64_t pad_begin[MFACE_FUSION_SPATIAL_MAX], pad_end[MFACE_FUSION_SPATIAL_MAX];
    enum mface_activation activation;
    float alpha, beta;
};

#endif

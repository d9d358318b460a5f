/* Where a convolution's results lie: as N×H×W×C, or as N×2H×2W×C/4, which a DepthToSpace in DCR
 * mode makes of them. Quarters of a pixel's channels are then the pixels of a block:
 *
 *   a b c d   becomes   a b     so that half of the channels, a run, lies side by side in one row,
 *                       c d     half in the next
 *
 * Either way a run of one pixel is followed by the same run of the next, and a row of results takes
 * the same memory: with one run, of all channels, or with two, one row of them behind the other. */
#ifndef MFACE_ONNX_SPACE_H
#define MFACE_ONNX_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Distances are counted in values. */
struct mface_space {
    int run;         // channels, and the distance between pixels
    size_t next_run; // distance between the runs of a pixel
    size_t row;      // distance between rows of results
};

/* `width` of the results, before they become blocks; then channels are a multiple of 4. */
static inline struct mface_space mface_space_of(int width, int channels, bool to_space)
{
    const int run = to_space ? channels / 2 : channels;
    return (struct mface_space) {
        .run = run,
        .next_run = (size_t)width * (size_t)run,
        .row = (size_t)width * (size_t)channels,
    };
}

/* From a pixel's first channel to another one. */
static inline size_t mface_space_channel(const struct mface_space *space, int channel)
{
    return (size_t)(channel / space->run) * space->next_run + (size_t)(channel % space->run);
}

/* How many of the n channels from `channel` on lie side by side. */
static inline int mface_space_together(const struct mface_space *space, int channel, int n)
{
    const int rest = space->run - channel % space->run;
    return n < rest ? n : rest;
}

/* Channels that are computed side by side, a lane each, as they are stored: once, or in two parts
 * where they are of two runs. */
struct mface_space_lanes {
    size_t at[2];     // of lane 0 from a pixel's first channel, whether stored or not
    uint32_t mask[2]; // which lanes to store; 0: none
};

/* Up to 32 channels; n may be less than 1. */
static inline struct mface_space_lanes mface_space_lanes_of(
    const struct mface_space *space, int channel, int n)
{
    struct mface_space_lanes lanes = { .at = { mface_space_channel(space, channel) } };
    if (n < 1)
        return lanes;
    const int first = mface_space_together(space, channel, n);
    const uint32_t all = n < 32 ? (1u << n) - 1 : ~0u;
    lanes.mask[0] = first < 32 ? all & ((1u << first) - 1) : all;
    lanes.mask[1] = all & ~lanes.mask[0];
    if (lanes.mask[1]) // the run is longer than what is in front of it
        lanes.at[1] = mface_space_channel(space, channel + first) - (size_t)first;
    return lanes;
}

#endif

/* A small world for the engine: frames of noise-free pixels and models that are cheap,
 * deterministic and counted. */
#ifndef MFACE_TESTS_PIPELINE_FAKE_H
#define MFACE_TESTS_PIPELINE_FAKE_H

#include "pipeline/engine.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { FAKE_W = 161, FAKE_H = 121 }; // odd, so that chroma covers what luma does not

/* A planar 4:2:0 frame that owns its samples. */
struct fake_frame {
    uint8_t luma[FAKE_H][FAKE_W];
    uint8_t chroma[2][(FAKE_H + 1) / 2][(FAKE_W + 1) / 2];
    int n_writable; // times it was made writable
};

/* A picture that differs with the seed everywhere. */
void fake_frame_init(struct fake_frame *frame, unsigned seed);
struct mface_canvas fake_canvas(struct fake_frame *frame);
bool fake_frame_equal(const struct fake_frame *a, const struct fake_frame *b);

struct fake_models {
    int n_faces; // the detector finds this many, side by side
    bool swap_fails;
    /* Called as a swap begins, and may take its time; n_done: faces of those before. */
    void (*hold_swap)(void *user, int n_done);
    void *hold_user;
    int swaps_meet;     // no swap returns before so many have begun together; 0: none waits
    atomic_int n_alone; // of these, those that waited in vain
    bool shakes; // landmarks are elsewhere by up to a pixel, as the frame's first sample says
    atomic_int n_detect, n_mark, n_swap, n_swap_calls; // n_swap: faces
};

struct mface_engine_models fake_models_describe(struct fake_models *models);

#endif

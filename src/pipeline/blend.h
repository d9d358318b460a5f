/* The pixel side of merge: where faces go in a frame, and writing them there. */
#ifndef MFACE_PIPELINE_BLEND_H
#define MFACE_PIPELINE_BLEND_H

#include "pipeline/eval.h"

/* A merge in progress. Of each face: what it looks like, where it goes, what part of the frame it
 * can reach (empty: none). */
struct mface_merge {
    struct mface_eval *eval;
    struct mface_result *posts;
    struct mface_affine *to_frame;
    struct mface_rect *reach;
    /* What is written, and so what a patch holds: a rectangle per face, or the whole frame. */
    struct mface_rect *rects;
    int n_rects;
    void *room; // mface_merge_room_bytes()
};

/* True when the settings change more of the frame than its faces. */
bool mface_merge_takes_whole_frame(const struct mface_eval *eval);

/* Fills to_frame, reach and rects from the alignments. MFACE_ERR_ARG, logged, for an alignment that
 * cannot be inverted. */
MFACE_NODISCARD enum mface_status mface_merge_place(struct mface_merge *merge);

/* Writes the faces into the writable canvas and narrows `rects` to what was touched. On failure the
 * canvas is as it was. */
MFACE_NODISCARD enum mface_status mface_merge_write(const struct mface_merge *merge);

#endif

/* Faces followed from frame to frame: what is remembered of them, and whether what a marker says of
 * the next frame is still the same face. */
#ifndef MFACE_FACE_TRACK_H
#define MFACE_FACE_TRACK_H

#include "face/detect.h"
#include "face/face.h"
#include "face/smooth.h"
#include <memoface/key.h>

enum { MFACE_PATCH_SIDE = 16, MFACE_GLANCE_W = 32, MFACE_GLANCE_H = 18 };

/* One face. */
struct mface_track {
    struct mface_box box;             // where a detector would see it
    struct mface_landmarks marked;    // as the marker said
    struct mface_landmarks before;    // the same of the frame before
    struct mface_landmarks landmarks; // smoothed: what counts
    struct mface_motion motion;
    struct mface_key mark_key;                          // under which `marked` was found
    uint8_t patch[MFACE_PATCH_SIDE * MFACE_PATCH_SIDE]; // what the face looks like, luma
};

/* All that a frame leaves to the next: the faces, in the order of their ids. Zeroed is "nothing
 * yet" and forgets everything; release with mface_tracks_clear(). */
struct mface_tracks {
    bool is_known;          // there was a frame
    struct mface_key frame; // its key
    int n_since;            // frames since faces were last looked for
    uint8_t glance[MFACE_GLANCE_W * MFACE_GLANCE_H];
    int n, capacity;
    struct mface_track *face, *spare; // capacity each; spare: where a new order is put together
};

void mface_tracks_clear(struct mface_tracks *tracks);

/* Room for n faces, the first of which stay. MFACE_ERR_NOMEM, logged. */
MFACE_NODISCARD enum mface_status mface_tracks_reserve(struct mface_tracks *tracks, int n);

/* What the whole picture looks like from afar. */
void mface_track_glance(
    const struct mface_picture *picture, uint8_t glance[MFACE_GLANCE_W * MFACE_GLANCE_H]);

/* Whether two glances are of two scenes: a mean difference in luma that motion within a scene does
 * not come to. */
bool mface_track_is_cut(const uint8_t a[MFACE_GLANCE_W * MFACE_GLANCE_H],
    const uint8_t b[MFACE_GLANCE_W * MFACE_GLANCE_H]);

/* Takes the face one frame further, without smoothing: `marked` are its landmarks in `picture`.
 * False, with the track as it was, when that cannot be the face: it jumped, grew or bent more than
 * faces do from one frame to the next, lies outside the frame, or looks different. */
bool mface_track_follow(struct mface_track *track, const struct mface_picture *picture,
    const struct mface_landmarks *marked);

/* A face just detected. */
void mface_track_begin(struct mface_track *track, const struct mface_picture *picture,
    const struct mface_box *box, const struct mface_landmarks *marked);

/* Orders detected boxes, which come sorted by `sort`, so that faces keep their ids: boxes of the
 * faces followed so far first, in their order, then the new ones. by[i] is the index of the track
 * that boxes[i] continues, or -1. With MFACE_SORT_LARGEST a face half as large again as the one
 * before it passes that one. `n_boxes` ≤ MFACE_FACES_MAX. */
void mface_track_order(const struct mface_tracks *tracks, enum mface_sort sort,
    struct mface_box *boxes, int n_boxes, int *by);

#endif

/* Sets of boxes: candidates of a detector made into one box per face. */
#ifndef MFACE_FACE_BOXES_H
#define MFACE_FACE_BOXES_H

#include "face/face.h"

/* Area of overlap over area of union, 0..1; 0 for empty boxes. */
float mface_box_iou(const struct mface_box *a, const struct mface_box *b);

/* Candidates below this score are noise and take no part in a merge. */
#define MFACE_CANDIDATE_SCORE_MIN 0.1F

/* Merges the candidates of one face into one box and sorts the result, best score first; returns
 * how many are left, which is at most `n_max`. Works in place.
 *
 * Candidates that overlap a better one by more than `iou_max` belong to its face. A network's
 * anchors lie on a grid, and a face between two of them gives each only part of its score; so the
 * best four scores of a group count as independent witnesses, 1 − Π(1 − score), if the first is at
 * least 0.2. Its box is the mean of the boxes weighted by score (box voting: Gidaris and Komodakis,
 * ICCV 2015), which also moves less from frame to frame than any one of them. Groups whose boxes
 * overlap by more than `iou_max` after that keep the better one (plain non-maximum suppression).
 *
 * Measured on a webcam clip of two faces at a window of 480: both found at 0.5 in 65 % of frames
 * by the best score alone, in all of them so (SSD), and in 64 % and 98 % (tiny); no new false face
 * on the sample pictures at hand but one on a test card of colours. */
int mface_boxes_merge(struct mface_box *boxes, int n_boxes, float iou_max, int n_max);

#endif

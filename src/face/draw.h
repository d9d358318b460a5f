/* Drawing what was found: boxes, landmarks, crop outlines, numbers. */
#ifndef MFACE_FACE_DRAW_H
#define MFACE_FACE_DRAW_H

#include "face/face.h"

/* One face as drawn. Coordinates are pixels of the image, centres at integers. */
struct mface_drawing {
    struct mface_box box;
    const struct mface_point *points; // landmarks; may be NULL when n_points is 0
    int n_points;
    const struct mface_point *crop; // its four corners in order around; NULL: no crop
    int number;                     // beside the box, ≥ 0
};

/* Draws onto a U8 BGR image, in place; line width follows the image's size. Parts outside the image
 * are left out. */
void mface_draw_face(const struct mface_image *image, const struct mface_drawing *face);

#endif

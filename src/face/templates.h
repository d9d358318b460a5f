/* Mean faces that alignment fits landmarks to, in the unit square of an aligned face. */
#ifndef MFACE_FACE_TEMPLATES_H
#define MFACE_FACE_TEMPLATES_H

#include "image/affine.h"

enum {
    MFACE_TEMPLATE_68_POINTS = 25,
    MFACE_TEMPLATE_468_POINTS = 468,
    MFACE_TEMPLATE_468_STILL_POINTS = 152,
};

/* Point i of the template belongs to landmark index[i] of the 68. */
extern const short mface_template_68_index[MFACE_TEMPLATE_68_POINTS];
extern const struct mface_point mface_template_68[MFACE_TEMPLATE_68_POINTS];

/* Which of the 468 do not move with the expression; ascending. */
extern const short mface_template_468_still[MFACE_TEMPLATE_468_STILL_POINTS];
extern const struct mface_point mface_template_468[MFACE_TEMPLATE_468_POINTS];

#endif

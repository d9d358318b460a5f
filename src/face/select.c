/* Which faces of a frame count, and in what order. The order decides which face an id means, so it
 * must not jump: sorting is stable, by one key per box. */
#include "face/detect.h"

static float sort_key(const struct mface_box *box, enum mface_sort sort, int w, int h)
{
    const float x = (box->l + box->r) / 2, y = (box->t + box->b) / 2;
    const float dx = x - (float)w / 2, dy = y - (float)h / 2;
    switch (sort) {
    case MFACE_SORT_CENTER:
        return dx * dx + dy * dy;
    case MFACE_SORT_LEFT_RIGHT:
        return x;
    case MFACE_SORT_RIGHT_LEFT:
        return -x;
    case MFACE_SORT_TOP_BOTTOM:
        return y;
    case MFACE_SORT_BOTTOM_TOP:
        return -y;
    case MFACE_SORT_LARGEST:
        break;
    }
    return -(box->r - box->l) * (box->b - box->t);
}

int mface_boxes_select(
    struct mface_box *boxes, int n_boxes, enum mface_sort sort, int max_faces, int w, int h)
{
    for (int i = 1; i < n_boxes; i++) { // insertion: stable, and there are few
        const struct mface_box box = boxes[i];
        const float key = sort_key(&box, sort, w, h);
        int k = i;
        for (; k > 0 && sort_key(&boxes[k - 1], sort, w, h) > key; k--)
            boxes[k] = boxes[k - 1];
        boxes[k] = box;
    }
    return max_faces > 0 && max_faces < n_boxes ? max_faces : n_boxes;
}

/* Greedy grouping, best candidate first: O(groups × candidates). Candidates are capped so that a
 * network gone wild costs milliseconds, not minutes. */
#include "face/boxes.h"

#include <stdbool.h>
#include <stdlib.h>

enum { N_CANDIDATES_MAX = 2048 };

/* What may add up: the four best of a group (the anchors around a face), and only if one of them is
 * fairly sure by itself, so that vague agreement of many on a coffee cup makes no face. */
enum { N_WITNESSES_MAX = 4 };
#define LEADER_SCORE_MIN 0.2F

float mface_box_iou(const struct mface_box *a, const struct mface_box *b)
{
    const float l = a->l > b->l ? a->l : b->l, r = a->r < b->r ? a->r : b->r;
    const float t = a->t > b->t ? a->t : b->t, bottom = a->b < b->b ? a->b : b->b;
    if (r <= l || bottom <= t)
        return 0;
    const float overlap = (r - l) * (bottom - t);
    const float areas = (a->r - a->l) * (a->b - a->t) + (b->r - b->l) * (b->b - b->t);
    return overlap / (areas - overlap);
}

static int compare_floats(float a, float b)
{
    return (a > b) - (a < b);
}

/* Best first. Ties are broken by place, so the order never depends on the sort's algorithm. */
static int compare_boxes(const void *pa, const void *pb)
{
    const struct mface_box *a = pa, *b = pb;
    const int by_score = compare_floats(b->score, a->score);
    const int by_left = by_score ? by_score : compare_floats(a->l, b->l);
    const int by_top = by_left ? by_left : compare_floats(a->t, b->t);
    const int by_right = by_top ? by_top : compare_floats(a->r, b->r);
    return by_right ? by_right : compare_floats(a->b, b->b);
}

static void sort_boxes(struct mface_box *boxes, int n)
{
    qsort(boxes, (size_t)n, sizeof boxes[0], compare_boxes);
}

/* Replaces boxes[0] by the merged group it leads; the candidates of other groups follow it, still
 * sorted. Returns how many those are. */
static int merge_group(struct mface_box *boxes, int n, float iou_max)
{
    const struct mface_box best = boxes[0];
    const int n_witnesses_max = best.score >= LEADER_SCORE_MIN ? N_WITNESSES_MAX : 1;
    double doubt = 1, weight = 0, l = 0, t = 0, r = 0, b = 0;
    int n_others = 0, n_witnesses = 0;
    for (int i = 0; i < n; i++) {
        const struct mface_box box = boxes[i];
        if (i > 0 && mface_box_iou(&best, &box) <= iou_max) {
            boxes[1 + n_others++] = box;
            continue;
        }
        if (n_witnesses++ < n_witnesses_max)
            doubt *= 1 - (double)box.score;
        weight += box.score;
        l += (double)box.l * box.score, r += (double)box.r * box.score;
        t += (double)box.t * box.score, b += (double)box.b * box.score;
    }
    boxes[0] = (struct mface_box) { (float)(l / weight), (float)(t / weight), (float)(r / weight),
        (float)(b / weight), (float)(1 - doubt) };
    return n_others;
}

/* Keeps the first `n_max` of those that no better one overlaps. */
static int suppress(struct mface_box *boxes, int n, float iou_max, int n_max)
{
    int n_kept = 0;
    for (int i = 0; i < n && n_kept < n_max; i++) {
        bool free_standing = true;
        for (int k = 0; k < n_kept && free_standing; k++)
            free_standing = mface_box_iou(&boxes[k], &boxes[i]) <= iou_max;
        if (free_standing)
            boxes[n_kept++] = boxes[i];
    }
    return n_kept;
}

int mface_boxes_merge(struct mface_box *boxes, int n_boxes, float iou_max, int n_max)
{
    int n = 0;
    for (int i = 0; i < n_boxes; i++)
        if (boxes[i].score >= MFACE_CANDIDATE_SCORE_MIN)
            boxes[n++] = boxes[i];
    sort_boxes(boxes, n);
    n = n < N_CANDIDATES_MAX ? n : N_CANDIDATES_MAX;

    int n_groups = 0;
    for (int n_left = n; n_left > 0; n_groups++)
        n_left = merge_group(boxes + n_groups, n_left, iou_max);
    sort_boxes(boxes, n_groups);
    return suppress(boxes, n_groups, iou_max, n_max);
}

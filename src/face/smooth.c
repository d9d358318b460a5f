/* The filter of smooth.h. */
#include "face/smooth.h"

#include "face/similarity.h"

#include <math.h>

static const double motion_share = 0.25; // of the newest motion in the smoothed one
static const double beta = 40;           // see bench/jitter.c for how it was chosen

static bool motion_between(const struct mface_landmarks *before, const struct mface_landmarks *now,
    struct mface_motion *motion)
{
    struct mface_affine map;
    if (before->n != now->n || !mface_similarity_fit(before->p, now->p, now->n, &map))
        return false;
    const struct mface_cloud from = mface_cloud_of(before->p, before->n);
    const struct mface_cloud to = mface_cloud_of(now->p, now->n);
    *motion = (struct mface_motion) {
        .right = (to.x - from.x) / to.radius,
        .down = (to.y - from.y) / to.radius,
        .turn = atan2(map.m[3], map.m[0]),
        .grow = log(hypot(map.m[3], map.m[0])),
    };
    return isfinite(motion->right + motion->down + motion->turn + motion->grow);
}

static void approach(double *value, double target, double share)
{
    *value += share * (target - *value);
}

static double length(const struct mface_motion *motion)
{
    return sqrt(motion->right * motion->right + motion->down * motion->down +
                motion->turn * motion->turn + motion->grow * motion->grow);
}

void mface_smooth_step(int strength, const struct mface_landmarks *before,
    const struct mface_landmarks *now, struct mface_motion *motion, struct mface_landmarks *smooth)
{
    struct mface_motion newest;
    if (strength <= 1 || smooth->n != now->n || !motion_between(before, now, &newest)) {
        *motion = (struct mface_motion) { 0 };
        *smooth = *now;
        return;
    }
    approach(&motion->right, newest.right, motion_share);
    approach(&motion->down, newest.down, motion_share);
    approach(&motion->turn, newest.turn, motion_share);
    approach(&motion->grow, newest.grow, motion_share);
    const double r = 2.0 / (strength - 1) + beta * length(motion);
    const double share = r / (1 + r);
    for (int i = 0; i < now->n; i++) {
        struct mface_point *p = &smooth->p[i];
        p->x = (float)(p->x + share * ((double)now->p[i].x - p->x));
        p->y = (float)(p->y + share * ((double)now->p[i].y - p->y));
    }
}

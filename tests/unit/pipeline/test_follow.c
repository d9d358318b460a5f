/* Faces followed from frame to frame, over painted frames and models that know where the faces are:
 * when the detector is asked, which face has which id, and that the past only shows where it may.
 */
#include "fake.h"
#include "pipeline/eval.h"
#include "pipeline/settings.h"

#include "../cmocka_all.h"

#include <math.h>
#include <string.h>

enum { MAX_FACES = 3 };

struct face {
    double x, y, side;
    unsigned who; // what is painted there
};

struct scene {
    unsigned background;
    int n;
    struct face face[MAX_FACES];
};

struct world {
    struct mface_settings settings;
    struct mface_tally tally;
    struct mface_tracks tracks;
    struct mface_engine *engine;
    struct mface_eval *eval;
    struct scene scene; // that is looked at
    int n_detect, n_mark;
};

static enum mface_status detect(void *user, const struct mface_picture *picture,
    const struct mface_detect_params *params, struct mface_box *boxes, int *n_boxes)
{
    struct world *world = user;
    (void)picture, (void)params;
    world->n_detect++;
    *n_boxes = world->scene.n;
    for (int i = 0; i < world->scene.n; i++) {
        const struct face *face = &world->scene.face[i];
        const float x = (float)face->x, y = (float)face->y, half = (float)face->side / 2;
        boxes[i] = (struct mface_box) { x - half, y - half, x + half, y + half, 0.9F };
    }
    return MFACE_OK;
}

static struct mface_look look_at(void *user, const struct mface_box *box)
{
    (void)user;
    return (struct mface_look) { (box->l + box->r) / 2, (box->t + box->b) / 2, box->r - box->l, 0 };
}

/* Point 67 is the middle, point 0 the right end. */
static bool look_again(void *user, const struct mface_landmarks *landmarks, struct mface_look *look)
{
    (void)user;
    const struct mface_point *p = landmarks->p;
    *look = (struct mface_look) { p[67].x, p[67].y, 2.0 * (p[0].x - p[67].x), 0 };
    return look->side > 0;
}

/* The face nearest to the look; with none near, the network dreams of one just there. */
static enum mface_status mark(void *user, const struct mface_picture *picture,
    const struct mface_look *look, struct mface_landmarks *landmarks)
{
    struct world *world = user;
    struct face at = { look->x, look->y, look->side, 0 };
    double nearest = look->side / 2;
    (void)picture;
    world->n_mark++;
    for (int i = 0; i < world->scene.n; i++) {
        const struct face *face = &world->scene.face[i];
        const double distance = hypot(face->x - look->x, face->y - look->y);
        if (distance < nearest)
            at = *face, nearest = distance;
    }
    landmarks->n = 68;
    for (int i = 0; i < 68; i++) {
        const double angle = i * 0.37, radius = i == 67 ? 0 : i < 17 ? 0.5 : 0.25;
        landmarks->p[i].x = (float)(at.x + radius * at.side * cos(angle));
        landmarks->p[i].y = (float)(at.y + radius * at.side * sin(angle));
    }
    return MFACE_OK;
}

static void paint(struct fake_frame *frame, const struct face *face)
{
    const int half = (int)(face->side * 0.7);
    for (int dy = -half; dy <= half; dy++)
        for (int dx = -half; dx <= half; dx++) {
            const int x = (int)face->x + dx, y = (int)face->y + dy;
            const double u = dx / face->side, v = dy / face->side;
            if (x >= 0 && y >= 0 && x < FAKE_W && y < FAKE_H)
                frame->luma[y][x] = (uint8_t)(128 + 90 * sin(7 * u * (1 + face->who) + 3 * v) *
                                                        cos(9 * v - 2.0 * face->who));
        }
}

static void use_settings(struct world *world)
{
    const struct mface_engine_models models = {
        .user = world, .detect = detect, .look_at = look_at, .look_again = look_again, .mark = mark
    };
    const struct mface_engine_params params = {
        .settings = &world->settings, .models = &models, .tally = &world->tally
    };
    if (world->engine)
        mface_engine_free(&world->engine);
    assert_int_equal(mface_engine_create(&params, &world->engine), MFACE_OK);
}

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof world);
    mface_settings_init(&world.settings);
    world.settings.max_faces = MAX_FACES;
    world.settings.swap_all_faces = true;
    world.settings.sort = MFACE_SORT_LEFT_RIGHT;
    world.settings.detect_every = 1000; // key frames are one in so many: none here, by luck
    use_settings(&world);
    *state = &world;
    return mface_eval_create(&world.eval) == MFACE_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *world = *state;
    mface_eval_free(&world->eval);
    mface_engine_free(&world->engine);
    mface_tracks_clear(&world->tracks);
    return 0;
}

/* One frame further. */
static void see(struct world *world, const struct scene *scene)
{
    struct fake_frame frame;
    world->scene = *scene;
    fake_frame_init(&frame, scene->background);
    for (int i = 0; i < scene->n; i++)
        paint(&frame, &scene->face[i]);
    struct mface_canvas canvas = fake_canvas(&frame);
    mface_eval_begin(world->eval, world->engine, &canvas);
    mface_eval_find(world->eval, &world->tracks);
    assert_int_equal(world->eval->status, MFACE_OK);
    assert_int_equal(world->eval->n_faces, world->tracks.n);
}

static double x_of(const struct world *world, int id)
{
    assert_true(id < world->eval->n_faces);
    return world->eval->faces[id].landmarks.p[67].x;
}

static void assert_near(double is, double want, double tolerance)
{
    if (!(fabs(is - want) <= tolerance))
        fail_msg("%f is not %f", is, want);
}

static struct scene one_face(double x)
{
    return (struct scene) { 1, 1, { { x, 60, 30, 1 } } };
}

static void test_one_detection_serves_many_frames(void **state)
{
    struct world *world = *state;
    world->settings.max_faces = 1;
    for (int i = 0; i < 40; i++) {
        const struct scene scene = one_face(40 + 2 * i);
        see(world, &scene);
        assert_int_equal(world->eval->n_faces, 1);
        assert_near(x_of(world, 0), 40 + 2 * i, 0.01);
        const struct mface_box *box = &world->eval->faces[0].box;
        assert_near((box->l + box->r) / 2, 40 + 2 * i, 0.01);
        assert_near(box->r - box->l, 30, 0.01);
    }
    assert_int_equal(world->n_detect, 1);
    assert_int_equal(world->n_mark, 40);
}

static void test_every_frame_is_detected_when_asked(void **state)
{
    struct world *world = *state;
    world->settings.detect_every = 1;
    for (int i = 0; i < 10; i++) {
        const struct scene scene = one_face(40 + 2 * i);
        see(world, &scene);
    }
    assert_int_equal(world->n_detect, 10);
}

static void test_gap_is_bounded(void **state)
{
    struct world *world = *state;
    world->settings.max_faces = 1;
    world->settings.detect_every = 6;
    int n_detect = 0, gap = 0, longest = 0;
    for (int i = 0; i < 120; i++) {
        const struct scene scene = one_face(40 + i % 50);
        see(world, &scene);
        gap = world->n_detect > n_detect ? 0 : gap + 1;
        longest = gap > longest ? gap : longest;
        n_detect = world->n_detect;
    }
    assert_true(longest < 12);
    assert_in_range(n_detect, 120 / 12, 120 / 3);
}

static void test_held_frame_costs_nothing(void **state)
{
    struct world *world = *state;
    const struct scene scene = one_face(50);
    see(world, &scene);
    const int n_mark = world->n_mark;
    const struct mface_key id = world->eval->faces[0].landmarks_id;
    see(world, &scene);
    assert_int_equal(world->n_mark, n_mark);
    assert_true(mface_key_equal(id, world->eval->faces[0].landmarks_id));
    assert_int_equal(world->eval->n_faces, 1);
}

static void test_cut_asks_the_detector(void **state)
{
    struct world *world = *state;
    struct scene scene = one_face(50);
    see(world, &scene);
    scene.background = 4; // the same face elsewhere, and another one
    scene.n = 2;
    scene.face[0].x = 110;
    scene.face[1] = (struct face) { 40, 40, 28, 2 };
    see(world, &scene);
    assert_int_equal(world->n_detect, 2);
    assert_int_equal(world->eval->n_faces, 2);
    assert_near(x_of(world, 0), 40, 0.01); // ids are given anew, from the left
    assert_near(x_of(world, 1), 110, 0.01);
}

static void test_face_that_leaves_and_comes_back(void **state)
{
    struct world *world = *state;
    struct scene scene = one_face(50), empty = one_face(50);
    world->settings.max_faces = 1;
    world->settings.detect_every = 20; // without a face one frame in two, at least one in four
    empty.n = 0;
    see(world, &scene);
    see(world, &empty); // the marker says there is one, but it looks like the wall
    assert_int_equal(world->eval->n_faces, 0);
    for (unsigned i = 0; i < 6; i++) {
        empty.n = 0;
        empty.face[0].x++;
        see(world, &empty);
        assert_int_equal(world->eval->n_faces, 0);
    }
    int n_blind = 0;
    for (int i = 0; i < 8; i++) {
        scene.face[0].x += 1;
        see(world, &scene);
        n_blind += world->eval->n_faces == 0;
    }
    assert_true(n_blind < 4);
    assert_int_equal(world->eval->n_faces, 1);
}

static void test_crossing_faces_keep_their_ids(void **state)
{
    struct world *world = *state;
    world->settings.max_faces = 2;
    world->settings.detect_every = 3; // also while they cross
    for (int i = 0; i < 40; i++) {
        const struct scene scene = { 1, 2,
            { { 40 + 2 * i, 42, 26, 1 }, { 120 - 2 * i, 78, 26, 2 } } };
        see(world, &scene);
        assert_int_equal(world->eval->n_faces, 2);
        assert_near(x_of(world, 0), 40 + 2 * i, 0.01);
        assert_near(x_of(world, 1), 120 - 2 * i, 0.01);
    }
    assert_true(world->n_detect > 8);
}

static void test_clearly_larger_face_passes(void **state)
{
    struct world *world = *state;
    world->settings.sort = MFACE_SORT_LARGEST;
    world->settings.detect_every = 2;
    struct scene scene = { 1, 2, { { 40, 60, 30, 1 }, { 115, 60, 29, 2 } } };
    see(world, &scene);
    assert_near(x_of(world, 0), 40, 0.01);
    for (int i = 0; i < 6; i++) { // up to 31 pixels: larger, but not clearly
        scene.face[1].side += 0.4;
        see(world, &scene);
        assert_near(x_of(world, 0), 40, 0.01);
    }
    for (int i = 0; i < 20; i++) {
        scene.face[1].side += 0.5;
        see(world, &scene);
    }
    assert_near(x_of(world, 0), 115, 0.01);
}

/* After a cut nothing tells what was before it. */
static void test_history_ends_at_a_cut(void **state)
{
    struct world *world = *state;
    struct mface_key id[2];
    world->settings.smooth = 20;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 5; i++) {
            const struct scene scene = one_face(40 + (pass ? 3 * i : i));
            see(world, &scene);
        }
        for (int i = 0; i < 10; i++) {
            const struct scene scene = { 4, 1, { { 100 - i, 60, 30, 1 } } };
            see(world, &scene);
        }
        id[pass] = world->eval->faces[0].landmarks_id;
    }
    assert_true(mface_key_equal(id[0], id[1]));
}

static void test_smoothing_enters_by_value(void **state)
{
    struct world *world = *state;
    world->settings.smooth = 20;
    struct scene scene = one_face(50);
    see(world, &scene);
    scene.face[0].x = 51;
    see(world, &scene);
    assert_true(x_of(world, 0) > 50.05 && x_of(world, 0) < 50.95);
    assert_true(mface_key_equal(
        world->eval->faces[0].landmarks_id, mface_landmarks_id(&world->eval->faces[0].landmarks)));
}

static void test_still_images_are_alone(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++) {
        struct fake_frame frame;
        world->scene = one_face(50 + i);
        fake_frame_init(&frame, 1);
        paint(&frame, &world->scene.face[0]);
        struct mface_canvas canvas = fake_canvas(&frame);
        canvas.is_alone = true;
        mface_eval_begin(world->eval, world->engine, &canvas);
        mface_eval_find(world->eval, &world->tracks);
        assert_int_equal(world->eval->n_faces, 1);
        assert_int_equal(world->tracks.n, 0);
    }
    assert_int_equal(world->n_detect, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_detection_serves_many_frames),
        TEST(every_frame_is_detected_when_asked),
        TEST(gap_is_bounded),
        TEST(held_frame_costs_nothing),
        TEST(cut_asks_the_detector),
        TEST(face_that_leaves_and_comes_back),
        TEST(crossing_faces_keep_their_ids),
        TEST(clearly_larger_face_passes),
        TEST(history_ends_at_a_cut),
        TEST(smoothing_enters_by_value),
        TEST(still_images_are_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Faces in a real picture: scikit-image's astronaut (NASA, public domain), 512×512, one face. The
 * places below were read off the enlarged picture by eye. Usage: test-face-faces PICTURE MODELS */
#include "base/thread.h"
#include "face/detect.h"
#include "face/mark.h"
#include "media/media.h"
#include <memoface/inspect.h>
#include <memoface/log.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"

enum { SKIPPED = 77 };

static const struct mface_point left_eye = { 203, 101 }, right_eye = { 247.5F, 103.5F };
static const struct mface_point nose_tip = { 223.5F, 127 };
static const struct mface_point mouth_left = { 204, 140 }, mouth_right = { 244, 140.5F };

static const char *picture_path, *models;
static struct mface_image image;

static struct mface_picture view(void)
{
    struct mface_picture picture = {
        .w = image.w, .h = image.h, .model = MFACE_MODEL_RGB, .full_range = true
    };
    picture.data[0] = image.data;
    picture.stride[0] = image.stride;
    for (int i = 0; i < 3; i++)
        picture.component[i] = (struct mface_component) { .step = 3, .offset = 2 - i, .depth = 8 };
    return picture;
}

static struct mface_detector *open_detector(const char *file)
{
    char path[1024];
    struct mface_detector *detector;
    snprintf(path, sizeof path, "%s/%s", models, file);
    assert_int_equal(mface_detector_open(path, 1, &detector), MFACE_OK);
    return detector;
}

static void assert_near(struct mface_point is, struct mface_point want, double tolerance_px)
{
    if (hypot(is.x - want.x, is.y - want.y) > tolerance_px)
        fail_msg("%.1f, %.1f is more than %.0f px from %.1f, %.1f", is.x, is.y, tolerance_px,
            want.x, want.y);
}

static struct mface_point mean(const struct mface_point *p, int n)
{
    struct mface_point sum = { 0, 0 };
    for (int i = 0; i < n; i++) {
        sum.x += p[i].x / (float)n;
        sum.y += p[i].y / (float)n;
    }
    return sum;
}

static void find_one(const char *file, const char *kind, int window_px, struct mface_box *box)
{
    struct mface_box boxes[MFACE_FACES_MAX];
    int n;
    const struct mface_picture picture = view();
    const struct mface_detect_params params = { .window_px = window_px, .threshold = 0.5F };
    struct mface_detector *detector = open_detector(file);
    assert_string_equal(mface_detector_kind(detector), kind);
    assert_int_equal(mface_detector_run(detector, &picture, &params, boxes, &n), MFACE_OK);
    assert_int_equal(n, 1);
    *box = boxes[0];
    mface_detector_free(&detector);
    assert_null(detector);
}

/* The box holds eyes, nose and mouth, and is not much larger than the face (about 90 by 120). */
static void check_box(const struct mface_box *box)
{
    const struct mface_point *const inside[] = { &left_eye, &right_eye, &nose_tip, &mouth_left,
        &mouth_right };
    for (int i = 0; i < 5; i++) {
        assert_true(inside[i]->x > box->l && inside[i]->x < box->r);
        assert_true(inside[i]->y > box->t && inside[i]->y < box->b);
    }
    assert_true(box->r - box->l < 150 && box->b - box->t < 150);
    assert_true(box->score >= 0.5F && box->score <= 1);
}

static void check_points(const char *detector, const char *kind, int window_px)
{
    char path[1024];
    struct mface_box box;
    struct mface_marker *marker;
    struct mface_landmarks landmarks;
    const struct mface_picture picture = view();
    find_one(detector, kind, window_px, &box);
    check_box(&box);
    snprintf(path, sizeof path, "%s/face_landmark_68.onnx", models);
    assert_int_equal(mface_marker_open(path, 1, &marker), MFACE_OK);
    assert_string_equal(mface_marker_kind(marker), "face-api-68");
    const struct mface_look look = mface_marker_look_at(marker, &box);
    assert_int_equal(mface_marker_run(marker, &picture, &look, &landmarks), MFACE_OK);
    mface_marker_free(&marker);
    assert_int_equal(landmarks.n, 68);
    assert_near(mean(landmarks.p + 36, 6), left_eye, 5);
    assert_near(mean(landmarks.p + 42, 6), right_eye, 5);
    assert_near(landmarks.p[30], nose_tip, 5);
    assert_near(landmarks.p[48], mouth_left, 5);
    assert_near(landmarks.p[54], mouth_right, 5);
}

static void test_ssd(void **state)
{
    (void)state;
    check_points("ssd_mobilenetv1.onnx", "ssd-mobilenet", 480);
    check_points("ssd_mobilenetv1.onnx", "ssd-mobilenet", 0);
    check_points("ssd_mobilenetv1.onnx", "ssd-mobilenet", 320);
}

static void test_tiny(void **state)
{
    (void)state;
    check_points("tiny_face_detector.onnx", "tiny-face", 480);
    check_points("tiny_face_detector.onnx", "tiny-face", 0);
}

static void test_threshold_and_blank_picture(void **state)
{
    (void)state;
    struct mface_box boxes[MFACE_FACES_MAX];
    int n;
    struct mface_picture picture = view();
    struct mface_detector *detector = open_detector("ssd_mobilenetv1.onnx");
    const struct mface_detect_params none = { .window_px = 480, .threshold = 1.01F };
    assert_int_equal(mface_detector_run(detector, &picture, &none, boxes, &n), MFACE_OK);
    assert_int_equal(n, 0);
    picture.h = 40; // hair and background
    const struct mface_detect_params params = { .window_px = 480, .threshold = 0.5F };
    assert_int_equal(mface_detector_run(detector, &picture, &params, boxes, &n), MFACE_OK);
    assert_int_equal(n, 0);
    mface_detector_free(&detector);
}

static int n_messages;

static void count_message(void *user, enum mface_log_level level, const char *text)
{
    (void)user, (void)text;
    n_messages += level == MFACE_LOG_ERROR;
}

static void test_wrong_kind_of_model(void **state)
{
    (void)state;
    char path[1024];
    struct mface_detector *detector;
    struct mface_marker *marker;
    snprintf(path, sizeof path, "%s/face_recognition.onnx", models);
    mface_log_set(count_message, NULL);
    assert_int_equal(mface_detector_open(path, 1, &detector), MFACE_ERR_UNSUPPORTED);
    assert_null(detector);
    assert_int_equal(mface_marker_open(path, 1, &marker), MFACE_ERR_UNSUPPORTED);
    assert_int_equal(mface_detector_open(picture_path, 1, &detector), MFACE_ERR_FORMAT);
    assert_int_equal(mface_detector_open("no/such.onnx", 1, &detector), MFACE_ERR_NOENT);
    assert_int_equal(n_messages, 4); // one line each
    mface_log_set(NULL, NULL);
}

struct job {
    struct mface_detector *detector;
    int window_px, n;
    struct mface_box boxes[MFACE_FACES_MAX];
};

static void run_job(void *arg, int worker)
{
    struct job *job = arg;
    const struct mface_picture picture = view();
    const struct mface_detect_params params = { .window_px = job->window_px, .threshold = 0.2F };
    (void)worker;
    if (mface_detector_run(job->detector, &picture, &params, job->boxes, &job->n) != MFACE_OK)
        job->n = -1;
}

/* More sizes than the detector keeps plans for, on more threads than one: same boxes as alone. */
static void test_threads_and_sizes(void **state)
{
    (void)state;
    enum { N_JOBS = 24, N_SIZES = 8 };
    struct mface_detector *detector = open_detector("tiny_face_detector.onnx");
    struct job *jobs = calloc(N_JOBS, sizeof *jobs), alone;
    struct mface_pool *pool;
    assert_non_null(jobs);
    assert_int_equal(mface_pool_create("detect", 4, &pool), MFACE_OK);
    for (int i = 0; i < N_JOBS; i++) {
        jobs[i] = (struct job) { .detector = detector, .window_px = 224 + 32 * (i % N_SIZES) };
        assert_int_equal(mface_pool_submit(pool, run_job, &jobs[i]), MFACE_OK);
    }
    mface_pool_free(&pool);
    for (int i = 0; i < N_JOBS; i++) {
        alone = (struct job) { .detector = detector, .window_px = jobs[i].window_px };
        run_job(&alone, 0);
        assert_true(jobs[i].n >= 1);
        assert_int_equal(jobs[i].n, alone.n);
        assert_memory_equal(jobs[i].boxes, alone.boxes, (size_t)alone.n * sizeof alone.boxes[0]);
    }
    free(jobs);
    mface_detector_free(&detector);
}

static void test_detect_file(void **state)
{
    (void)state;
    struct mface_settings *settings;
    struct mface_found_face *faces;
    struct mface_image drawn;
    int n, w, h;
    setenv("MEMOFACE_MODELS", models, 1);
    assert_int_equal(mface_settings_create(&settings), MFACE_OK);
    assert_int_equal(
        mface_detect_file(picture_path, settings, "drawn-faces.png", &faces, &n, &w, &h), MFACE_OK);
    assert_int_equal(n, 1);
    assert_int_equal(w, image.w);
    assert_int_equal(h, image.h);
    assert_int_equal(faces[0].n_points, 68);
    const struct mface_point nose = { faces[0].points[30].x, faces[0].points[30].y };
    assert_near(nose, nose_tip, 5);
    // The crop is a square around the face, its first corner at the top left.
    const struct mface_face_point *crop = faces[0].crop;
    const double side = hypot(crop[1].x - crop[0].x, crop[1].y - crop[0].y);
    assert_true(side > 120 && side < 260);
    assert_true(fabs(hypot(crop[3].x - crop[0].x, crop[3].y - crop[0].y) - side) < 1);
    assert_true(crop[0].x < left_eye.x && crop[0].y < left_eye.y);
    assert_true(crop[2].x > mouth_right.x && crop[2].y > mouth_right.y);
    mface_found_faces_free(&faces);
    assert_null(faces);
    assert_int_equal(mface_image_load("drawn-faces.png", &drawn), MFACE_OK);
    assert_int_equal(drawn.w, w);
    assert_memory_not_equal(mface_image_row_u8(&drawn, (int)nose.y),
        mface_image_row_u8(&image, (int)nose.y), 3 * (size_t)w);
    assert_memory_equal(
        mface_image_row_u8(&drawn, h - 1), mface_image_row_u8(&image, h - 1), 3 * (size_t)w);
    mface_image_clear(&drawn);
    unlink("drawn-faces.png");
    mface_settings_free(&settings);
}

static int skip_all(const char *why)
{
    printf("skipped: %s\n", why);
    return SKIPPED;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ssd),
        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_threshold_and_blank_picture),
        cmocka_unit_test(test_wrong_kind_of_model),
        cmocka_unit_test(test_threads_and_sizes),
        cmocka_unit_test(test_detect_file),
    };
    char path[1024];
    if (argc < 3 || access(argv[1], R_OK) != 0)
        return skip_all("scikit-image's astronaut.png is not installed");
    picture_path = argv[1];
    models = argv[2];
    snprintf(path, sizeof path, "%s/face_recognition.onnx", models);
    if (access(path, R_OK) != 0)
        return skip_all("the face models are not built: run 'make build'");
    if (mface_image_load(picture_path, &image) != MFACE_OK)
        return 1;
    const int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    mface_image_clear(&image);
    return n_failed;
}

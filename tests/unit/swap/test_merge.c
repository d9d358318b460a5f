/* Merging: where the face goes, what it leaves alone, and that its edge cannot be seen. */
#include "shapes.h"
#include "swap/stages.h"

#include <memoface/log.h>

enum { CROP = 32, W = 160, H = 120 };

static const struct mface_merge_params plain = { .scale = 1.0, .opacity = 1.0 };

/* A crop of side CROP, turned and enlarged, in the middle of the frame. */
static const struct mface_affine turned = { { 1.6, -0.7, 55.3, 0.7, 1.6, 20.7 } };

static struct mface_point apply(const struct mface_merge_params *params, float x, float y)
{
    // The crop is the right lower quarter of a 200×100 frame.
    const struct mface_affine to_crop = { { 2.0, 0.0, -1.0, 0.0, 2.0, -1.0 } };
    struct mface_affine mat;
    assert_int_equal(mface_merge_matrix(params, &to_crop, 50, 200, 100, &mat), MFACE_OK);
    return mface_affine_apply(&mat, (struct mface_point) { x, y });
}

static void assert_point(struct mface_point p, double x, double y)
{
    assert_true(fabs(p.x - x) < 1e-4 && fabs(p.y - y) < 1e-4);
}

static void test_matrix(void **state)
{
    (void)state;
    struct mface_merge_params params = plain;
    assert_point(apply(&params, 0, 0), 100, 50);
    assert_point(apply(&params, 50, 50), 200, 100);
    params.x_offset = 0.1;
    params.y_offset = -0.2;
    assert_point(apply(&params, 0, 0), 110, 40);
    params = plain;
    params.scale = 0.5;
    assert_point(apply(&params, 25, 25), 150, 75);
    assert_point(apply(&params, 0, 50), 125, 87.5);
    // The face is scaled about its own centre, then moved by a share of the unscaled crop.
    params.x_offset = 0.1;
    assert_point(apply(&params, 25, 25), 160, 75);
}

static void drop_message(void *user, enum mface_log_level level, const char *message)
{
    (void)level;
    (void)message;
    ++*(int *)user;
}

static void test_singular_matrix(void **state)
{
    (void)state;
    int n_messages = 0;
    const struct mface_affine flat = { { 1.0, 2.0, 0.0, 2.0, 4.0, 0.0 } };
    struct mface_affine mat;
    mface_log_set(drop_message, &n_messages);
    assert_int_equal(mface_merge_matrix(&plain, &flat, 50, 200, 100, &mat), MFACE_ERR_ARG);
    mface_log_set(NULL, NULL);
    assert_int_equal(n_messages, 1);
}

static void test_rect(void **state)
{
    (void)state;
    const struct mface_affine shift = { { 1.0, 0.0, 10.0, 0.0, 1.0, 20.0 } };
    const struct mface_rect r = mface_merge_rect(&shift, CROP, W, H);
    assert_true(r.l <= 10 && r.l >= 7 && r.t <= 20 && r.t >= 17);
    assert_true(r.r >= 10 + CROP && r.r <= 13 + CROP && r.b >= 20 + CROP && r.b <= 23 + CROP);
    static const double away[][2] = { { -100, 0 }, { 500, 0 }, { 0, -100 }, { 0, 500 } };
    for (size_t i = 0; i < 4; i++) {
        const struct mface_affine mat = { { 1.0, 0.0, away[i][0], 0.0, 1.0, away[i][1] } };
        const struct mface_rect none = mface_merge_rect(&mat, CROP, W, H);
        assert_true(none.l >= none.r);
    }
    const struct mface_affine huge = { { 1e9, 0.0, -1e10, 0.0, 1e9, -1e10 } };
    const struct mface_rect all = mface_merge_rect(&huge, CROP, W, H);
    assert_true(all.l == 0 && all.t == 0 && all.r == W && all.b == H);
}

struct scene {
    struct canvas face, mask, region, touched;
};

static struct scene scene_make(void)
{
    struct scene s = {
        canvas_make(CROP, CROP, 3, MFACE_SAMPLE_U8),
        canvas_make(CROP, CROP, 1, MFACE_SAMPLE_F32),
        canvas_make(W, H, 3, MFACE_SAMPLE_F32),
        canvas_make(W, H, 1, MFACE_SAMPLE_F32),
    };
    fill_waves_u8(&s.face, 3);
    canvas_fill_random(&s.region, 5);
    fill_f32(&s.touched, 0.0f);
    fill_f32(&s.mask, 1.0f);
    assert_int_equal(mface_mask_erode_blur(&s.mask.image, 4, 10, &s.mask.image), MFACE_OK);
    return s;
}

static void scene_free(struct scene *s)
{
    canvas_free(&s->face);
    canvas_free(&s->mask);
    canvas_free(&s->region);
    canvas_free(&s->touched);
}

static const struct mface_rect whole = { 0, 0, W, H };

static void merge(const struct mface_merge_params *params, const struct scene *s)
{
    assert_int_equal(mface_merge_face(params, &turned, &s->face.image, &s->mask.image, whole,
                         &s->region.image, &s->touched.image),
        MFACE_OK);
}

/* Pixels the mask does not reach keep every bit, whatever the settings. */
static void test_outside_is_untouched(void **state)
{
    (void)state;
    for (int interp = 0; interp < 3; interp++) {
        struct scene s = scene_make();
        struct canvas before = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
        canvas_fill_random(&before, 5);
        struct mface_merge_params params = plain;
        params.interp = interp;
        params.color_compression = 120;
        merge(&params, &s);
        int n_inside = 0;
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                const float *was = mface_image_row_f32(&before.image, y) + 3 * x;
                const float *is = mface_image_row_f32(&s.region.image, y) + 3 * x;
                const float m = mface_image_row_f32(&s.touched.image, y)[x];
                assert_true(m == 0.0f || (m > 1.0f / 255.0f && m <= 1.0f));
                n_inside += m > 0.0f;
                if (m == 0.0f)
                    assert_memory_equal(was, is, 3 * sizeof(float));
            }
        assert_true(n_inside > 500 && n_inside < W * H / 2);
        canvas_free(&before);
        scene_free(&s);
    }
}

/* Beyond the crop's outermost pixels the face itself fades to black; with no mask there, it does
 * not show. */
static void clear_outermost(const struct canvas *mask)
{
    for (int i = 0; i < CROP; i++) {
        mface_image_row_f32(&mask->image, 0)[i] = mface_image_row_f32(&mask->image, CROP - 1)[i] =
            0;
        mface_image_row_f32(&mask->image, i)[0] = mface_image_row_f32(&mask->image, i)[CROP - 1] =
            0;
    }
}

/* No pixel differs from the frame by more than its share of face and of half a colour step; so
 * there is no line where the mask ends. */
static void test_edge_has_no_step(void **state)
{
    (void)state;
    static const double values[] = { 0.0, 1.0, 64.0, 120.0, 127.0 };
    for (size_t v = 0; v < 5; v++)
        for (int level = 0; level <= 255; level += 51) {
            struct scene s = scene_make();
            struct mface_merge_params params = plain;
            params.color_compression = values[v];
            const float frame = 0.35f, face = (float)level / 255.0f;
            const float steps = fmaxf(4.0f, 127.0f - (float)values[v]);
            const float half_step = values[v] > 0.0 ? 0.5f / steps : 0.0f;
            fill_u8(&s.face, (uint8_t)level);
            fill_f32(&s.region, frame);
            clear_outermost(&s.mask);
            merge(&params, &s);
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++) {
                    const float m = mface_image_row_f32(&s.touched.image, y)[x];
                    const float diff =
                        fabsf(mface_image_row_f32(&s.region.image, y)[3 * x] - frame);
                    assert_true(diff <= m * (fabsf(face - frame) + half_step) + 1e-6f);
                }
            scene_free(&s);
        }
}

/* Compressing the colours of a face that is its surroundings does not lift or lower it overall. */
static void test_compression_has_no_lift(void **state)
{
    (void)state;
    struct scene s = scene_make();
    struct mface_merge_params params = plain;
    params.color_compression = 117; // ten steps
    const struct mface_affine fit = { { (double)W / CROP, 0.0, 0.0, 0.0, (double)H / CROP, 0.0 } };
    double lift = 0.0;
    for (int y = 0; y < CROP; y++)
        for (int i = 0; i < 3 * CROP; i++)
            mface_image_row_u8(&s.face.image, y)[i] = (uint8_t)((y * CROP + i / 3) % 250);
    fill_f32(&s.mask, 1.0f);
    struct canvas plain_out = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
    fill_f32(&plain_out, 0.0f);
    fill_f32(&s.region, 0.0f);
    assert_int_equal(mface_merge_face(&params, &fit, &s.face.image, &s.mask.image, whole,
                         &s.region.image, &s.touched.image),
        MFACE_OK);
    assert_int_equal(mface_merge_face(&plain, &fit, &s.face.image, &s.mask.image, whole,
                         &plain_out.image, &s.touched.image),
        MFACE_OK);
    for (int y = 1; y < H - 5; y++)
        for (int i = 3; i < 3 * (W - 6); i++)
            lift += mface_image_row_f32(&s.region.image, y)[i] -
                    mface_image_row_f32(&plain_out.image, y)[i];
    assert_true(fabs(lift / (3.0 * W * H)) < 0.01);
    canvas_free(&plain_out);
    scene_free(&s);
}

static void test_opacity(void **state)
{
    (void)state;
    struct mface_merge_params params = plain;
    struct scene full = scene_make(), half = scene_make(), none = scene_make();
    struct canvas before = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
    canvas_fill_random(&before, 5);
    merge(&params, &full);
    params.opacity = 0.5;
    merge(&params, &half);
    params.opacity = 0.0;
    params.color_compression = 100;
    merge(&params, &none);
    assert_same_pixels(&none.region, &before);
    for (int y = 0; y < H; y++)
        for (int i = 0; i < 3 * W; i++) {
            const float a = mface_image_row_f32(&before.image, y)[i];
            const float b = mface_image_row_f32(&full.region.image, y)[i];
            assert_true(fabsf(mface_image_row_f32(&half.region.image, y)[i] - (a + b) / 2) < 1e-5f);
        }
    canvas_free(&before);
    scene_free(&full);
    scene_free(&half);
    scene_free(&none);
}

/* An upright crop at its own size under a full mask simply replaces the pixels. */
static void test_full_mask_replaces(void **state)
{
    (void)state;
    struct scene s = scene_make();
    const struct mface_affine shift = { { 1.0, 0.0, 40.0, 0.0, 1.0, 30.0 } };
    fill_f32(&s.mask, 1.0f);
    assert_int_equal(mface_merge_face(&plain, &shift, &s.face.image, &s.mask.image, whole,
                         &s.region.image, &s.touched.image),
        MFACE_OK);
    for (int y = 0; y < CROP; y++)
        for (int i = 0; i < 3 * CROP; i++) {
            const float want = mface_image_row_u8(&s.face.image, y)[i] / 255.0f;
            assert_true(
                fabsf(mface_image_row_f32(&s.region.image, y + 30)[i + 120] - want) < 1e-6f);
        }
    scene_free(&s);
}

/* A U8 mask and a F32 mask of the same values, and a rectangle cut to the face, blend alike. */
static void test_same_in_any_form(void **state)
{
    (void)state;
    struct scene s = scene_make(), part = scene_make();
    struct canvas bytes = canvas_make(CROP, CROP, 1, MFACE_SAMPLE_U8);
    mface_convert(&s.mask.image, &bytes.image);
    mface_convert(&bytes.image, &s.mask.image);
    merge(&plain, &s);
    const struct mface_rect rect = mface_merge_rect(&turned, CROP, W, H);
    struct mface_image region = part.region.image, touched = part.touched.image;
    region.data = mface_image_row_f32(&region, rect.t) + 3 * rect.l;
    touched.data = mface_image_row_f32(&touched, rect.t) + rect.l;
    region.w = touched.w = rect.r - rect.l;
    region.h = touched.h = rect.b - rect.t;
    assert_int_equal(
        mface_merge_face(&plain, &turned, &part.face.image, &bytes.image, rect, &region, &touched),
        MFACE_OK);
    for (int y = 0; y < H; y++)
        for (int i = 0; i < 3 * W; i++)
            assert_true(fabsf(mface_image_row_f32(&s.region.image, y)[i] -
                              mface_image_row_f32(&part.region.image, y)[i]) < 1e-5f);
    canvas_free(&bytes);
    scene_free(&s);
    scene_free(&part);
}

/* DeepFaceLive's compression takes in every pixel of the region, with its lift. */
static void test_compress_frame(void **state)
{
    (void)state;
    struct scene s = scene_make(), blend = scene_make();
    struct mface_merge_params params = plain;
    merge(&params, &blend);
    params.color_compression = 100;
    params.compress_frame = true;
    merge(&params, &s);
    for (int y = 0; y < H; y++)
        for (int i = 0; i < 3 * W; i++) {
            const float x = mface_image_row_f32(&blend.region.image, y)[i];
            const float want = floorf(x * 27.0f) / 27.0f + 2.0f / 27.0f;
            assert_true(fabsf(mface_image_row_f32(&s.region.image, y)[i] - want) < 1e-6f);
            assert_true(mface_image_row_f32(&s.touched.image, y)[i / 3] == 1.0f);
        }
    scene_free(&s);
    scene_free(&blend);
}

/* An empty mask and a face outside the rectangle change nothing. */
static void test_nothing_to_merge(void **state)
{
    (void)state;
    struct scene s = scene_make();
    struct canvas before = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
    canvas_fill_random(&before, 5);
    const struct mface_affine away = { { 1.0, 0.0, -500.0, 0.0, 1.0, 0.0 } };
    assert_int_equal(mface_merge_face(&plain, &away, &s.face.image, &s.mask.image, whole,
                         &s.region.image, &s.touched.image),
        MFACE_OK);
    fill_f32(&s.mask, 0.0f);
    merge(&plain, &s);
    assert_same_pixels(&s.region, &before);
    canvas_free(&before);
    scene_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_singular_matrix),
        cmocka_unit_test(test_rect),
        cmocka_unit_test(test_outside_is_untouched),
        cmocka_unit_test(test_edge_has_no_step),
        cmocka_unit_test(test_compression_has_no_lift),
        cmocka_unit_test(test_opacity),
        cmocka_unit_test(test_full_mask_replaces),
        cmocka_unit_test(test_same_in_any_form),
        cmocka_unit_test(test_compress_frame),
        cmocka_unit_test(test_nothing_to_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

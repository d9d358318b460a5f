/* Reading pictures: every layout, upright and turned. */
#include "base/cpu.h"
#include "scene.h"

static void check_read(const struct scene *scene)
{
    const struct mface_rect rect = { 3, 1, W - 2, H };
    const int w = rect.r - rect.l, h = rect.b - rect.t;
    struct canvas u8 = canvas_make(w, h, 3, MFACE_SAMPLE_U8);
    struct canvas f32 = canvas_make(w, h, 3, MFACE_SAMPLE_F32);
    mface_picture_read_bgr(&scene->picture, rect, &u8.image);
    mface_picture_read_bgr(&scene->picture, rect, &f32.image);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double rgb[3];
            rgb_at(&scene->picture, x + rect.l, y + rect.t, rgb);
            for (int k = 0; k < 3; k++) {
                const double byte = mface_image_row_u8(&u8.image, y)[x * 3 + k];
                const double value = mface_image_row_f32(&f32.image, y)[x * 3 + k];
                assert_true(fabs(value - rgb[2 - k]) < 1e-5);
                assert_true(fabs(byte - fmin(fmax(rgb[2 - k], 0), 1) * 255) < 0.501);
            }
        }
    canvas_free(&u8);
    canvas_free(&f32);
}

static void test_read_every_layout(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++)
        for (int full = 0; full < 2; full++) {
            struct scene scene = scene_make(&layouts[i], full, 11);
            check_read(&scene);
            free(scene.block);
        }
}

/* `symmetry` 0..7: transpose, flip x, flip y as bits. */
static void check_view(const struct scene *scene, int symmetry)
{
    const bool transpose = symmetry & 1, flip_x = symmetry & 2, flip_y = symmetry & 4;
    const struct mface_picture view =
        mface_picture_view(&scene->picture, transpose, flip_x, flip_y);
    assert_int_equal(view.w, transpose ? H : W);
    assert_int_equal(view.h, transpose ? W : H);
    struct canvas upright = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
    struct canvas turned = canvas_make(view.w, view.h, 3, MFACE_SAMPLE_F32);
    mface_picture_read_bgr(&scene->picture, (struct mface_rect) { 0, 0, W, H }, &upright.image);
    mface_picture_read_bgr(&view, (struct mface_rect) { 0, 0, view.w, view.h }, &turned.image);
    for (int y = 0; y < view.h; y++)
        for (int x = 0; x < view.w; x++) {
            const int u = transpose ? y : x, v = transpose ? x : y;
            const float *row = mface_image_row_f32(&upright.image, flip_y ? H - 1 - v : v);
            assert_memory_equal(mface_image_row_f32(&turned.image, y) + x * 3,
                row + (flip_x ? W - 1 - u : u) * 3, 3 * sizeof(float));
        }
    canvas_free(&upright);
    canvas_free(&turned);
}

/* A view of a view is the view of both: clockwise four times is nothing. */
static void test_four_quarters_are_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++) {
        struct scene scene = scene_make(&layouts[i], false, 5);
        struct mface_picture view = scene.picture;
        for (int quarter = 0; quarter < 4; quarter++)
            view = mface_picture_view(&view, true, false, true);
        for (int c = 0; c < n_components(&view); c++) {
            const struct mface_component *was = &scene.picture.component[c];
            const struct mface_component *is = &view.component[c];
            assert_ptr_equal(
                view.data[is->plane] + is->offset, scene.picture.data[was->plane] + was->offset);
            assert_int_equal(view.stride[is->plane], scene.picture.stride[was->plane]);
            assert_int_equal(is->step, was->step);
        }
        assert_int_equal(view.chroma_x0, 0);
        assert_int_equal(view.chroma_y0, 0);
        free(scene.block);
    }
}

static void test_turned_views_show_the_same_pixels(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++)
        for (int symmetry = 0; symmetry < 8; symmetry++) {
            struct scene scene = scene_make(&layouts[i], false, 5);
            check_view(&scene, symmetry);
            free(scene.block);
        }
}

static void check_gray(const struct scene *scene)
{
    const struct mface_picture *p = &scene->picture;
    struct canvas gray = canvas_make(W, H, 1, MFACE_SAMPLE_U8);
    mface_picture_read_gray(p, (struct mface_rect) { 0, 0, W, H }, &gray.image);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            double rgb[3];
            rgb_at(p, x, y, rgb);
            const double luma = p->matrix.kr * rgb[0] + (1 - p->matrix.kr - p->matrix.kb) * rgb[1] +
                                p->matrix.kb * rgb[2];
            const double want = fmin(fmax(luma, 0), 1) * 255;
            assert_true(fabs(mface_image_row_u8(&gray.image, y)[x] - want) < 0.502);
        }
    canvas_free(&gray);
}

static void test_gray_is_luma(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++)
        for (int full = 0; full < 2; full++) {
            struct scene scene = scene_make(&layouts[i], full, 2);
            check_gray(&scene);
            free(scene.block);
        }
}

/* BT.601 white, black and red of studio-swing 8-bit video (ITU-R BT.601). */
static void test_known_colours(void **state)
{
    (void)state;
    uint8_t samples[3][3] = { { 235, 16, 81 }, { 128, 128, 90 }, { 128, 128, 240 } };
    const struct mface_picture picture = {
        .data = { samples[0], samples[1], samples[2] },
        .w = 3,
        .h = 1,
        .model = MFACE_MODEL_YUV,
        .matrix = { 0.299, 0.114 },
        .component = { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } },
    };
    struct canvas bgr = canvas_make(3, 1, 3, MFACE_SAMPLE_U8);
    mface_picture_read_bgr(&picture, (struct mface_rect) { 0, 0, 3, 1 }, &bgr.image);
    static const uint8_t wanted[] = { 255, 255, 255, 0, 0, 0, 0, 0, 254 };
    assert_memory_equal(bgr.image.data, wanted, sizeof wanted);
    canvas_free(&bgr);
}

/* Reads an odd part of the view, as bytes, floats and luma, at one level of kernels. */
static void read_at_level(const struct mface_picture *view, const char *level, struct canvas out[3])
{
    const struct mface_rect rect = { 1, 2, view->w - 2, view->h };
    const int w = rect.r - rect.l, h = rect.b - rect.t;
    unsigned mask;
    assert_true(mface_cpu_mask_of_level(level, &mask));
    mface_cpu_set_mask(mask);
    out[0] = canvas_make(w, h, 3, MFACE_SAMPLE_U8);
    out[1] = canvas_make(w, h, 3, MFACE_SAMPLE_F32);
    out[2] = canvas_make(w, h, 1, MFACE_SAMPLE_U8);
    mface_picture_read_bgr(view, rect, &out[0].image);
    mface_picture_read_bgr(view, rect, &out[1].image);
    mface_picture_read_gray(view, rect, &out[2].image);
    mface_cpu_set_mask(~0u);
}

static void check_levels(const struct mface_picture *view)
{
    static const char *const levels[] = { "avx2", "avx512", "all" };
    struct canvas wanted[3], got[3];
    read_at_level(view, "c", wanted);
    for (size_t level = 0; level < 3; level++) {
        read_at_level(view, levels[level], got);
        for (int k = 0; k < 3; k++) {
            assert_memory_equal(wanted[k].block, got[k].block, got[k].stride * got[k].n_rows);
            canvas_free(&got[k]);
        }
    }
    for (int k = 0; k < 3; k++)
        canvas_free(&wanted[k]);
}

static void test_every_level_reads_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++)
        for (int symmetry = 0; symmetry < 8; symmetry++) {
            struct scene scene = scene_make(&layouts[i], symmetry & 1, 13);
            const struct mface_picture view =
                mface_picture_view(&scene.picture, symmetry & 1, symmetry & 2, symmetry & 4);
            check_levels(&view);
            free(scene.block);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_every_layout),
        cmocka_unit_test(test_four_quarters_are_nothing),
        cmocka_unit_test(test_turned_views_show_the_same_pixels),
        cmocka_unit_test(test_gray_is_luma),
        cmocka_unit_test(test_known_colours),
        cmocka_unit_test(test_every_level_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Merging into a picture gives the bits that reading its pixels, merging and writing them back
 * give: for every layout, turned or not, wherever the face lies, at every level of kernels. */
#include "base/cpu.h"
#include "scene.h"
#include "swap/stages.h"

enum { CROP = 48 };

/* Crop to picture: within it, larger than it, hanging over each edge, mirrored, tiny, askew. */
static const struct mface_affine places[] = {
    { { 0.9, 0.25, 30.2, -0.25, 0.9, 3.1 } },
    { { 4.1, -0.7, -20.6, 0.7, 4.1, -60.3 } },
    { { 2.0, 0.0, -13.0, 0.0, 2.0, -40.0 } },
    { { -1.5, 0.6, 120.5, 0.4, 1.5, -12.3 } },
    { { 0.05, 0.0, 77.7, 0.0, 0.06, 11.1 } },
    { { 0.0, -1.0, 90.0, 1.0, 0.0, -20.0 } },
    { { 1.0, 0.0, 17.0, 0.0, 1.0, -5.0 } },
    { { 3.0, 2.9, -90.0, 2.9, 3.0, -130.0 } },
    { { 400.0, 0.0, -9000.0, 0.0, 400.0, -9500.0 } },
};

enum { N_PLACES = sizeof places / sizeof places[0] };

struct face {
    struct canvas face, mask;
};

/* A mask with soft and hard edges; the second kind reaches the crop's border. */
static struct face face_make(enum mface_sample sample, bool to_the_border)
{
    struct face f = { canvas_make(CROP, CROP, 3, sample), canvas_make(CROP, CROP, 1, sample) };
    canvas_fill_random(&f.face, 71);
    for (int y = 0; y < CROP; y++)
        for (int x = 0; x < CROP; x++) {
            const double d = hypot(x - 20.0, (y - 25.0) * 0.8) / (to_the_border ? 40 : 17);
            const double m = d < 0.6 ? 1 : d < 1 ? (1 - d) / 0.4 : 0;
            if (sample == MFACE_SAMPLE_U8)
                mface_image_row_u8(&f.mask.image, y)[x] = (uint8_t)(m * 255);
            else
                mface_image_row_f32(&f.mask.image, y)[x] = (float)m;
        }
    return f;
}

static void face_free(struct face *f)
{
    canvas_free(&f->face);
    canvas_free(&f->mask);
}

/* The long way; returns what was touched. */
static struct mface_rect merge_by_region(const struct mface_merge_params *params,
    const struct mface_affine *place, const struct face *f, const struct mface_picture *picture,
    struct mface_rect rect)
{
    struct mface_rect touched_rect = { rect.r, rect.b, rect.l, rect.t };
    struct canvas bgr = canvas_make(rect.r - rect.l, rect.b - rect.t, 3, MFACE_SAMPLE_F32);
    struct canvas touched = canvas_make(rect.r - rect.l, rect.b - rect.t, 1, MFACE_SAMPLE_F32);
    for (int y = 0; y < touched.image.h; y++)
        memset(mface_image_row_f32(&touched.image, y), 0, touched.row_bytes);
    mface_picture_read_bgr(picture, rect, &bgr.image);
    assert_int_equal(mface_merge_face(params, place, &f->face.image, &f->mask.image, rect,
                         &bgr.image, &touched.image),
        MFACE_OK);
    mface_picture_write_bgr(picture, rect, &bgr.image, &touched.image);
    for (int y = rect.t; y < rect.b; y++)
        for (int x = rect.l; x < rect.r; x++)
            if (mface_image_row_f32(&touched.image, y - rect.t)[x - rect.l] > 0) {
                touched_rect.l = x < touched_rect.l ? x : touched_rect.l;
                touched_rect.r = x + 1 > touched_rect.r ? x + 1 : touched_rect.r;
                touched_rect.t = y < touched_rect.t ? y : touched_rect.t;
                touched_rect.b = y + 1;
            }
    canvas_free(&bgr);
    canvas_free(&touched);
    return touched_rect.l < touched_rect.r ? touched_rect : (struct mface_rect) { 0 };
}

/* Compares the two ways on one picture; whether anything was touched. */
static bool check_same(const struct mface_merge_params *params, const struct mface_affine *place,
    const struct face *f, struct scene *scene, int symmetry)
{
    const struct mface_picture view =
        mface_picture_view(&scene->picture, symmetry & 1, symmetry & 2, symmetry & 4);
    const struct mface_rect rect = mface_merge_rect(place, CROP, view.w, view.h);
    uint8_t *before = malloc(scene->bytes), *direct = malloc(scene->bytes);
    assert_non_null(before);
    assert_non_null(direct);
    memcpy(before, scene->block, scene->bytes);
    void *room = malloc(mface_merge_room_bytes(CROP, CROP, view.w));
    assert_non_null(room);
    const struct mface_rect touched =
        mface_merge_picture(params, place, &f->face.image, &f->mask.image, rect, room, &view);
    free(room);
    memcpy(direct, scene->block, scene->bytes);
    memcpy(scene->block, before, scene->bytes);
    struct mface_rect wanted = { 0 };
    if (rect.l < rect.r)
        wanted = merge_by_region(params, place, f, &view, rect);
    assert_memory_equal(direct, scene->block, scene->bytes);
    assert_memory_equal(&touched, &wanted, sizeof touched);
    memcpy(scene->block, before, scene->bytes);
    free(before);
    free(direct);
    return touched.l < touched.r;
}

static void check_all(const struct mface_merge_params *params, const struct face *f, int n_layouts)
{
    int n_touched = 0;
    for (int i = 0; i < n_layouts; i++)
        for (int symmetry = 0; symmetry < 8; symmetry++) {
            struct scene scene = scene_make(&layouts[i], (symmetry + i) & 1, 53);
            for (int place = 0; place < N_PLACES; place++)
                n_touched += check_same(params, &places[place], f, &scene, symmetry);
            free(scene.block);
        }
    assert_true(n_touched > n_layouts * 8 * N_PLACES / 3);
}

static const char *const levels[] = { "c", "avx2", "avx512", "all" };

static void at_every_level(const struct mface_merge_params *params, const struct face *f, int n)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        unsigned mask;
        assert_true(mface_cpu_mask_of_level(levels[i], &mask));
        mface_cpu_set_mask(mask);
        check_all(params, f, n);
    }
    mface_cpu_set_mask(~0u);
}

static void test_bytes_bilinear(void **state)
{
    (void)state;
    for (int border = 0; border < 2; border++) {
        struct face f = face_make(MFACE_SAMPLE_U8, border);
        struct mface_merge_params params = { .scale = 1.0, .opacity = 1.0 };
        at_every_level(&params, &f, N_LAYOUTS);
        params.opacity = 0.7;
        params.color_compression = 90;
        at_every_level(&params, &f, 2);
        face_free(&f);
    }
}

static void test_other_samples_and_weights(void **state)
{
    (void)state;
    struct face floats = face_make(MFACE_SAMPLE_F32, true),
                bytes = face_make(MFACE_SAMPLE_U8, true);
    struct mface_merge_params params = { .scale = 1.0, .opacity = 0.9, .color_compression = 1 };
    at_every_level(&params, &floats, 3);
    params.interp = MFACE_INTERP_BICUBIC;
    at_every_level(&params, &bytes, 3);
    params.interp = MFACE_INTERP_LANCZOS4;
    at_every_level(&params, &bytes, 3);
    face_free(&floats);
    face_free(&bytes);
}

/* No mask, no opacity, no place for it: the picture stays as it is. */
static void test_nothing_to_merge(void **state)
{
    (void)state;
    struct scene scene = scene_make(&layouts[0], false, 7);
    struct face f = face_make(MFACE_SAMPLE_U8, false);
    struct mface_merge_params params = { .scale = 1.0, .opacity = 0.0 };
    assert_false(check_same(&params, &places[0], &f, &scene, 0));
    params.opacity = 1.0;
    const struct mface_affine away = { { 1.0, 0.0, 500.0, 0.0, 1.0, 0.0 } };
    const struct mface_affine flat = { { 1.0, 2.0, 0.0, 2.0, 4.0, 0.0 } };
    assert_false(check_same(&params, &away, &f, &scene, 0));
    assert_false(check_same(&params, &flat, &f, &scene, 0));
    for (int y = 0; y < CROP; y++)
        memset(mface_image_row_u8(&f.mask.image, y), 0, CROP);
    assert_false(check_same(&params, &places[0], &f, &scene, 0));
    face_free(&f);
    free(scene.block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_bilinear),
        cmocka_unit_test(test_other_samples_and_weights),
        cmocka_unit_test(test_nothing_to_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

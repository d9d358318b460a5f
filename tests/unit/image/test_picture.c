/* Pictures: every layout against plain arithmetic on its bytes, upright and turned. */
#include "canvas.h"
#include "image/picture.h"

#include <math.h>

struct layout {
    const char *name;
    enum mface_model model;
    int log2_chroma_w, log2_chroma_h;
    struct mface_component component[3];
};

/* As FFmpeg's pixdesc.c has them: plane, step, offset, shift, depth. */
static const struct layout layouts[] = {
    { "yuv420p", MFACE_MODEL_YUV, 1, 1,
        { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } } },
    { "yuv410p", MFACE_MODEL_YUV, 2, 2,
        { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } } },
    { "nv12", MFACE_MODEL_YUV, 1, 1, { { 0, 1, 0, 0, 8 }, { 1, 2, 0, 0, 8 }, { 1, 2, 1, 0, 8 } } },
    { "yuyv422", MFACE_MODEL_YUV, 1, 0,
        { { 0, 2, 0, 0, 8 }, { 0, 4, 1, 0, 8 }, { 0, 4, 3, 0, 8 } } },
    { "yuv422p10", MFACE_MODEL_YUV, 1, 0,
        { { 0, 2, 0, 0, 10 }, { 1, 2, 0, 0, 10 }, { 2, 2, 0, 0, 10 } } },
    { "yuv444p", MFACE_MODEL_YUV, 0, 0,
        { { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 }, { 2, 1, 0, 0, 8 } } },
    { "yuv444p16", MFACE_MODEL_YUV, 0, 0,
        { { 0, 2, 0, 0, 16 }, { 1, 2, 0, 0, 16 }, { 2, 2, 0, 0, 16 } } },
    { "p010", MFACE_MODEL_YUV, 1, 1,
        { { 0, 2, 0, 6, 10 }, { 1, 4, 0, 6, 10 }, { 1, 4, 2, 6, 10 } } },
    { "rgb24", MFACE_MODEL_RGB, 0, 0, { { 0, 3, 0, 0, 8 }, { 0, 3, 1, 0, 8 }, { 0, 3, 2, 0, 8 } } },
    { "bgra", MFACE_MODEL_RGB, 0, 0, { { 0, 4, 2, 0, 8 }, { 0, 4, 1, 0, 8 }, { 0, 4, 0, 0, 8 } } },
    { "gbrp", MFACE_MODEL_RGB, 0, 0, { { 2, 1, 0, 0, 8 }, { 0, 1, 0, 0, 8 }, { 1, 1, 0, 0, 8 } } },
    { "rgb48", MFACE_MODEL_RGB, 0, 0,
        { { 0, 6, 0, 0, 16 }, { 0, 6, 2, 0, 16 }, { 0, 6, 4, 0, 16 } } },
    { "gray", MFACE_MODEL_GRAY, 0, 0, { { 0, 1, 0, 0, 8 } } },
    { "gray10", MFACE_MODEL_GRAY, 0, 0, { { 0, 2, 0, 0, 10 } } },
};

enum { N_LAYOUTS = sizeof layouts / sizeof layouts[0], GUARD_BYTES = 19, W = 141, H = 23 };

struct scene {
    struct mface_picture picture; // upright
    uint8_t *block;
    size_t bytes;
};

static int n_components(const struct mface_picture *picture)
{
    return picture->model == MFACE_MODEL_GRAY ? 1 : 3;
}

static int chroma_side(int side, int shift)
{
    return (side + (1 << shift) - 1) >> shift;
}

static struct scene scene_make(const struct layout *layout, bool full_range, unsigned seed)
{
    struct scene scene = {
        .picture = { .w = W,
            .h = H,
            .model = layout->model,
            .full_range = full_range,
            .log2_chroma_w = layout->log2_chroma_w,
            .log2_chroma_h = layout->log2_chroma_h,
            .matrix = { 0.2126, 0.0722 } },
        .bytes = 8 * (W * 8 + 64) * (H + 2),
    };
    memcpy(scene.picture.component, layout->component, sizeof layout->component);
    scene.block = malloc(scene.bytes);
    assert_non_null(scene.block);
    for (size_t i = 0; i < scene.bytes; i++)
        scene.block[i] = (uint8_t)canvas_random(&seed);
    /* Strides are even, since words lie at even addresses; the planes start anywhere even. */
    for (int p = 0; p < 3; p++) {
        scene.picture.stride[p] = W * 6 + 2 * GUARD_BYTES + 2 * p;
        scene.picture.data[p] = scene.block + 22 + (size_t)p * (W * 8 + 64) * (H + 1);
    }
    return scene;
}

/* The word a component has at x, y of its own grid: upright pictures only. */
static unsigned word_at(
    const struct mface_picture *picture, const uint8_t *moved, int i, int x, int y)
{
    const struct mface_component *c = &picture->component[i];
    const uint8_t *at = picture->data[c->plane] + (moved - picture->data[0]) +
                        y * picture->stride[c->plane] + c->offset + x * c->step;
    return c->depth == 8 ? at[0]
                         : (unsigned)(at[0] | at[1] << 8) >> c->shift & ((1u << c->depth) - 1);
}

static double value_at(
    const struct mface_picture *picture, const uint8_t *origin, int i, int x, int y)
{
    const bool chroma = picture->model == MFACE_MODEL_YUV && i > 0;
    const double unit = 1 << (picture->component[i].depth - 8), max = 256 * unit - 1;
    if (chroma) {
        x >>= picture->log2_chroma_w;
        y >>= picture->log2_chroma_h;
    }
    const double word = word_at(picture, origin, i, x, y);
    if (picture->full_range)
        return (word - (chroma ? 128 * unit : 0)) / max;
    return chroma ? (word / unit - 128) / 224 : (word / unit - 16) / 219;
}

/* R, G, B of an upright pixel, by solving H.273's forward equations. */
static void rgb_at(const struct mface_picture *picture, int x, int y, double rgb[3])
{
    const uint8_t *origin = picture->data[0];
    for (int i = 0; i < 3; i++)
        rgb[i] = value_at(picture, origin, i % n_components(picture), x, y);
    if (picture->model != MFACE_MODEL_YUV)
        return;
    const double luma = rgb[0], kr = picture->matrix.kr, kb = picture->matrix.kb;
    const double b = luma + rgb[1] * 2 * (1 - kb), r = luma + rgb[2] * 2 * (1 - kr);
    rgb[0] = r;
    rgb[1] = (luma - kr * r - kb * b) / (1 - kr - kb);
    rgb[2] = b;
}

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

/* Where pixel x, y of a view turned clockwise lies in the upright picture. */
static void turn_back(int quarters, int *x, int *y)
{
    const int view_x = *x, view_y = *y;
    if (quarters == 1) {
        *x = view_y;
        *y = H - 1 - view_x;
    } else if (quarters == 2) {
        *x = W - 1 - view_x;
        *y = H - 1 - view_y;
    } else if (quarters == 3) {
        *x = W - 1 - view_y;
        *y = view_x;
    }
}

static void check_turned(const struct scene *scene, int quarters)
{
    const struct mface_picture view = mface_picture_rotate(&scene->picture, quarters);
    assert_int_equal(view.w, quarters % 2 ? H : W);
    assert_int_equal(view.h, quarters % 2 ? W : H);
    struct canvas upright = canvas_make(W, H, 3, MFACE_SAMPLE_F32);
    struct canvas turned = canvas_make(view.w, view.h, 3, MFACE_SAMPLE_F32);
    mface_picture_read_bgr(&scene->picture, (struct mface_rect) { 0, 0, W, H }, &upright.image);
    mface_picture_read_bgr(&view, (struct mface_rect) { 0, 0, view.w, view.h }, &turned.image);
    for (int y = 0; y < view.h; y++)
        for (int x = 0; x < view.w; x++) {
            int ux = x, uy = y;
            turn_back(quarters, &ux, &uy);
            assert_memory_equal(mface_image_row_f32(&turned.image, y) + x * 3,
                mface_image_row_f32(&upright.image, uy) + ux * 3, 3 * sizeof(float));
        }
    canvas_free(&upright);
    canvas_free(&turned);
}

static void test_turned_views_show_the_same_pixels(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++)
        for (int quarters = 0; quarters < 4; quarters++) {
            struct scene scene = scene_make(&layouts[i], false, 5);
            check_turned(&scene, quarters);
            free(scene.block);
        }
}

static void fill_mask(struct canvas *mask, unsigned seed)
{
    for (int y = 0; y < mask->image.h; y++)
        for (int x = 0; x < mask->image.w; x++)
            mface_image_row_f32(&mask->image, y)[x] =
                canvas_random(&seed) % 3 ? 0.0f : 1e-6f + (float)(canvas_random(&seed) % 2);
}

static void check_round_trip(struct scene *scene, int quarters)
{
    const struct mface_picture view = mface_picture_rotate(&scene->picture, quarters);
    const struct mface_rect rect = { 1, 2, view.w - 3, view.h };
    const int w = rect.r - rect.l, h = rect.b - rect.t;
    struct canvas bgr = canvas_make(w, h, 3, MFACE_SAMPLE_F32);
    struct canvas mask = canvas_make(w, h, 1, MFACE_SAMPLE_F32);
    uint8_t *before = malloc(scene->bytes);
    assert_non_null(before);
    memcpy(before, scene->block, scene->bytes);
    fill_mask(&mask, 3);
    mface_picture_read_bgr(&view, rect, &bgr.image);
    mface_picture_write_bgr(&view, rect, &bgr.image, &mask.image);
    assert_memory_equal(before, scene->block, scene->bytes);
    free(before);
    canvas_free(&bgr);
    canvas_free(&mask);
}

/* Every code there is, inside the nominal range or not, survives. */
static void test_unchanged_pixels_change_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++)
        for (int full = 0; full < 2; full++)
            for (int quarters = 0; quarters < 4; quarters++) {
                struct scene scene = scene_make(&layouts[i], full, 29);
                check_round_trip(&scene, quarters);
                free(scene.block);
            }
}

/* What component i of a colour should be, as a value. */
static double component_of(const struct mface_picture *picture, const float *bgr, int i)
{
    if (picture->model == MFACE_MODEL_RGB)
        return bgr[2 - i];
    const double kr = picture->matrix.kr, kb = picture->matrix.kb;
    const double luma = kr * bgr[2] + (1 - kr - kb) * bgr[1] + kb * bgr[0];
    return i == 0   ? luma
           : i == 1 ? (bgr[0] - luma) / (2 * (1 - kb))
                    : (bgr[2] - luma) / (2 * (1 - kr));
}

/* A value as a code, cut to what the component's bits hold. */
static double code_of(const struct mface_picture *picture, int i, double value)
{
    const bool chroma = picture->model == MFACE_MODEL_YUV && i > 0;
    const double unit = 1 << (picture->component[i].depth - 8), max = 256 * unit - 1;
    const double zero = chroma ? 128 * unit : picture->full_range ? 0 : 16 * unit;
    const double span = picture->full_range ? max : (chroma ? 224 : 219) * unit;
    return fmin(fmax(zero + span * value, 0), max);
}

/* One sample of component i after writing: the mean over the block of pixels it covers. */
static void check_sample(const struct scene *scene, const uint8_t *before, struct mface_rect rect,
    const struct canvas *bgr, const struct canvas *mask, int i, int cx, int cy)
{
    const struct mface_picture *p = &scene->picture;
    const bool chroma = p->model == MFACE_MODEL_YUV && i > 0;
    const int sw = chroma ? p->log2_chroma_w : 0, sh = chroma ? p->log2_chroma_h : 0;
    const uint8_t *origin = before + (p->data[0] - scene->block);
    double sum = 0;
    int n = 0, n_written = 0;
    for (int y = cy << sh; y < (cy + 1) << sh && y < H; y++)
        for (int x = cx << sw; x < (cx + 1) << sw && x < W; x++, n++) {
            const bool inside = x >= rect.l && x < rect.r && y >= rect.t && y < rect.b;
            const int rx = x - rect.l, ry = y - rect.t;
            if (inside && mface_image_row_f32(&mask->image, ry)[rx] > 0) {
                sum += component_of(p, mface_image_row_f32(&bgr->image, ry) + rx * 3, i);
                n_written++;
            } else
                sum += value_at(p, origin, i, x, y);
        }
    const double was = value_at(p, origin, i, cx << sw, cy << sh);
    const double is = value_at(p, p->data[0], i, cx << sw, cy << sh);
    if (n_written == 0)
        assert_true(was == is);
    else
        assert_true(fabs(code_of(p, i, is) - code_of(p, i, sum / n)) <= 0.53); // 16 bits in floats
}

static void check_write(struct scene *scene)
{
    const struct mface_rect rect = { 5, 3, W, H - 2 };
    struct canvas bgr = canvas_make(rect.r - rect.l, rect.b - rect.t, 3, MFACE_SAMPLE_F32);
    struct canvas mask = canvas_make(rect.r - rect.l, rect.b - rect.t, 1, MFACE_SAMPLE_F32);
    uint8_t *before = malloc(scene->bytes);
    assert_non_null(before);
    memcpy(before, scene->block, scene->bytes);
    canvas_fill_random(&bgr, 17);
    fill_mask(&mask, 8);
    mface_picture_write_bgr(&scene->picture, rect, &bgr.image, &mask.image);
    for (int i = 0; i < n_components(&scene->picture); i++) {
        const bool chroma = scene->picture.model == MFACE_MODEL_YUV && i > 0;
        const int w = chroma_side(W, chroma ? scene->picture.log2_chroma_w : 0);
        const int h = chroma_side(H, chroma ? scene->picture.log2_chroma_h : 0);
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                check_sample(scene, before, rect, &bgr, &mask, i, x, y);
    }
    free(before);
    canvas_free(&bgr);
    canvas_free(&mask);
}

static void test_write_every_layout(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++)
        for (int full = 0; full < 2; full++) {
            struct scene scene = scene_make(&layouts[i], full, 41);
            check_write(&scene);
            free(scene.block);
        }
}

static size_t count_changes(const struct scene *scene, const uint8_t *before)
{
    size_t n = 0;
    for (size_t i = 0; i < scene->bytes; i++)
        n += before[i] != scene->block[i];
    return n;
}

/* Alpha, padding bits and the space between rows belong to nobody: writing one pixel changes no
 * more bytes than its components have. */
static void test_write_one_pixel_touches_its_samples_only(void **state)
{
    (void)state;
    for (int i = 0; i < N_LAYOUTS; i++) {
        struct scene scene = scene_make(&layouts[i], true, 43);
        uint8_t *before = malloc(scene.bytes);
        assert_non_null(before);
        memcpy(before, scene.block, scene.bytes);
        float bgr_value[3] = { 0.2f, 0.9f, 0.4f }, mask_value = 1;
        const struct mface_image bgr = { bgr_value, 12, 1, 1, 3, MFACE_SAMPLE_F32 };
        const struct mface_image mask = { &mask_value, 4, 1, 1, 1, MFACE_SAMPLE_F32 };
        mface_picture_write_bgr(
            &scene.picture, (struct mface_rect) { W - 1, H - 1, W, H }, &bgr, &mask);
        const int bytes = layouts[i].component[0].depth == 8 ? 1 : 2;
        const size_t n = count_changes(&scene, before);
        assert_true(n > 0 && n <= (size_t)(n_components(&scene.picture) * bytes));
        free(before);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_every_layout),
        cmocka_unit_test(test_turned_views_show_the_same_pixels),
        cmocka_unit_test(test_unchanged_pixels_change_nothing),
        cmocka_unit_test(test_write_every_layout),
        cmocka_unit_test(test_write_one_pixel_touches_its_samples_only),
        cmocka_unit_test(test_gray_is_luma),
        cmocka_unit_test(test_known_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Writing pictures: what changes, to what, and what must not. */
#include "scene.h"

static void fill_mask(struct canvas *mask, unsigned seed)
{
    for (int y = 0; y < mask->image.h; y++)
        for (int x = 0; x < mask->image.w; x++)
            mface_image_row_f32(&mask->image, y)[x] =
                canvas_random(&seed) % 3 ? 0.0f : 1e-6f + (float)(canvas_random(&seed) % 2);
}

static void check_round_trip(struct scene *scene, int symmetry)
{
    const struct mface_picture view =
        mface_picture_view(&scene->picture, symmetry & 1, symmetry & 2, symmetry & 4);
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
            for (int symmetry = 0; symmetry < 8; symmetry++) {
                struct scene scene = scene_make(&layouts[i], full, 29);
                check_round_trip(&scene, symmetry);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unchanged_pixels_change_nothing),
        cmocka_unit_test(test_write_every_layout),
        cmocka_unit_test(test_write_one_pixel_touches_its_samples_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* DFM models: the contract, and what running one gives, on models small enough to work out by
 * hand: celeb face = 0.5 × face (or morph × face), source mask = its green channel, celeb mask =
 * its red channel. */
#include "../image/canvas.h"
#include "onnx_bytes.h"
#include "swap/dfm.h"
#include "swap/model_file.h"

#include <math.h>
#include <memoface/log.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { SIDE = 16 };

/* What a test may change about the model; zeroed: a DFM without morph. */
struct spec {
    bool has_morph, has_third_input, lacks_output;
    const char *face_name, *morph_name;
    unsigned face_type;
    int64_t n_faces, face_channels;
    const char *mask_op; // of the celeb mask
    int swap_outputs;
    bool is_made_for_one;   // whatever number of faces it says it takes
    bool makes_four;        // celeb faces of each
    float gain, green, red; // of the celeb face and the masks' channels; zeros: as above
};

static float or_else(float value, float fallback)
{
    return value != 0.0f ? value : fallback;
}

static void add_inputs(const struct spec *spec, struct message *graph)
{
    const int64_t n = spec->n_faces ? spec->n_faces : -1;
    const int64_t face[] = { n, SIDE, SIDE, spec->face_channels ? spec->face_channels : 3 };
    add_value(graph, 11, spec->face_name ? spec->face_name : "in_face:0",
        spec->face_type ? spec->face_type : ONNX_FLOAT, face, 4);
    if (spec->has_morph)
        add_value(graph, 11, spec->morph_name ? spec->morph_name : "morph_value:0", ONNX_FLOAT,
            (const int64_t[]) { 1 }, 1);
    if (spec->has_third_input)
        add_value(graph, 11, "third:0", ONNX_FLOAT, (const int64_t[]) { 1 }, 1);
}

static void add_outputs(const struct spec *spec, struct message *graph)
{
    const int64_t mask[] = { -1, SIDE, SIDE, 1 }, face[] = { -1, SIDE, SIDE, 3 };
    if (spec->swap_outputs)
        add_value(graph, 12, "out_celeb_face:0", ONNX_FLOAT, face, 4);
    add_value(graph, 12, "out_face_mask:0", ONNX_FLOAT, mask, 4);
    if (!spec->swap_outputs)
        add_value(graph, 12, "out_celeb_face:0", ONNX_FLOAT, face, 4);
    if (!spec->lacks_output)
        add_value(graph, 12, "out_celeb_face_mask:0", ONNX_FLOAT, mask, 4);
}

static struct message make_model(const struct spec *spec)
{
    struct message graph = { 0 };
    const char *face = spec->face_name ? spec->face_name : "in_face:0";
    const char *morph = spec->morph_name ? spec->morph_name : "morph_value:0";
    add_node(&graph, "MatMul", face, "green", "out_face_mask:0");
    add_node(&graph, "Mul", face, spec->has_morph ? morph : "half", "out_celeb_face:0");
    add_node(&graph, spec->mask_op ? spec->mask_op : "MatMul", face, "red",
        spec->is_made_for_one ? "mask" : "out_celeb_face_mask:0");
    if (spec->is_made_for_one)
        add_node(&graph, "Reshape", "mask", "one", "out_celeb_face_mask:0");
    add_tensor(&graph, "one", ONNX_INT64, (const int64_t[]) { 1, SIDE, SIDE, 1 }, sizeof(int64_t),
        (const int64_t[]) { 4 }, 1);
    add_text(&graph, 2, "tiny");
    const float green = or_else(spec->green, 1), red = or_else(spec->red, 1);
    add_weights(&graph, "green", (const float[]) { 0, green, 0 }, (const int64_t[]) { 3, 1 }, 2);
    add_weights(&graph, "red", (const float[]) { 0, 0, red }, (const int64_t[]) { 3, 1 }, 2);
    add_weights(&graph, "half", (const float[]) { or_else(spec->gain, 0.5f), 0.5f, 0.5f, 0.5f },
        (const int64_t[]) { spec->makes_four ? 4 : 1, 1, 1, 1 }, 4);
    add_inputs(spec, &graph);
    add_outputs(spec, &graph);
    return finish_model(&graph);
}

static char last_message[1024];
static int n_warnings;

static void keep_message(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    if (level == MFACE_LOG_ERROR)
        snprintf(last_message, sizeof last_message, "%s", message);
    n_warnings += level == MFACE_LOG_WARN;
}

static const char *write_file(const void *bytes, size_t n)
{
    static char path[64];
    snprintf(path, sizeof path, "test-dfm-%ld.dfm", (long)getpid());
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return path;
}

static enum mface_status open_as(
    const struct spec *spec, const struct mface_dfm_open_params *params, struct mface_dfm **out)
{
    const struct message model = make_model(spec);
    const char *path = write_file(model.bytes, model.n);
    last_message[0] = '\0';
    const enum mface_status status = mface_dfm_open(path, params, out);
    remove(path);
    return status;
}

static enum mface_status open_batch(const struct spec *spec, int batch, struct mface_dfm **out)
{
    const struct mface_dfm_open_params params = {
        .threads = 1, .precision = MFACE_DFM_PRECISION_F32, .batch = batch
    };
    return open_as(spec, &params, out);
}

static enum mface_status open_int8(const struct spec *spec, struct mface_dfm **out)
{
    const struct mface_dfm_open_params params = { .threads = 1,
        .precision = MFACE_DFM_PRECISION_INT8 };
    return open_as(spec, &params, out);
}

static enum mface_status open_spec(const struct spec *spec, struct mface_dfm **out)
{
    return open_batch(spec, 0, out);
}

static void test_info(void **state)
{
    (void)state;
    struct mface_dfm *dfm = NULL;
    assert_int_equal(open_spec(&(struct spec) { .has_morph = true }, &dfm), MFACE_OK);
    const struct mface_dfm_info *info = mface_dfm_info(dfm);
    assert_int_equal(info->w, SIDE);
    assert_int_equal(info->h, SIDE);
    assert_true(info->has_morph);
    assert_int_equal(strlen(info->sha256), 64);
    assert_int_equal(info->opset, 12);
    assert_string_equal(info->producer, "test");
    assert_string_equal(info->precision, "f32");
    const struct message model = make_model(&(struct spec) { .has_morph = true });
    assert_int_equal(info->file_bytes, model.n);
    mface_dfm_free(&dfm);
    assert_null(dfm);
    mface_dfm_free(&dfm);
}

/* The example of FIPS 180-2, appendix B.1. */
static void test_digests(void **state)
{
    (void)state;
    struct mface_model_file file;
    char sha256[65];
    const char *path = write_file("abc", 3);
    assert_int_equal(mface_model_file_open(path, &file), MFACE_OK);
    remove(path);
    assert_int_equal(mface_model_file_sha256(&file, sha256), MFACE_OK);
    assert_string_equal(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mface_model_file_close(&file);
    mface_model_file_close(&file);
}

static void expect_refusal(const struct spec *spec, const char *words)
{
    struct mface_dfm *dfm = NULL;
    assert_int_equal(open_spec(spec, &dfm), MFACE_ERR_UNSUPPORTED);
    assert_null(dfm);
    if (!strstr(last_message, "not a DFM: ") || !strstr(last_message, words))
        fail_msg("the message does not say '%s': %s", words, last_message);
}

static void test_what_is_no_dfm(void **state)
{
    (void)state;
    expect_refusal(&(struct spec) { .face_name = "image" }, "in_face");
    expect_refusal(&(struct spec) { .has_morph = true, .morph_name = "age" }, "'age'");
    expect_refusal(&(struct spec) { .has_morph = true, .has_third_input = true }, "3 inputs");
    expect_refusal(&(struct spec) { .lacks_output = true }, "2 outputs");
    expect_refusal(&(struct spec) { .n_faces = 4 }, "4 faces");
    expect_refusal(&(struct spec) { .face_channels = 4 }, "N×H×W×3");
    expect_refusal(&(struct spec) { .face_type = ONNX_INT64 }, "i64");
    expect_refusal(&(struct spec) { .swap_outputs = 1 }, "source mask");
}

/* Nor does what is measured before the model is used write more than there is room for. */
static void test_results_that_do_not_fit(void **state)
{
    (void)state;
    const struct spec spec = { .makes_four = true };
    struct mface_dfm *dfm = NULL;
    expect_refusal(&spec, "celeb face");
    assert_int_equal(open_int8(&spec, &dfm), MFACE_ERR_UNSUPPORTED);
    assert_non_null(strstr(last_message, "celeb face"));
    assert_null(dfm);
}

static void test_nan_is_not_good(void **state)
{
    (void)state;
    static const struct spec specs[] = { { 0 }, { .gain = NAN }, { .red = NAN }, { .green = NAN } };
    for (int i = 0; i < 4; i++) {
        struct mface_dfm *dfm = NULL;
        assert_int_equal(open_int8(&specs[i], &dfm), MFACE_OK);
        const struct mface_dfm_quality *quality = &mface_dfm_info(dfm)->quality;
        const bool is_good = quality->face_psnr_db > 45.0 && quality->mask_diff < 1.0 / 255;
        assert_int_equal(is_good, i == 0);
        mface_dfm_free(&dfm);
    }
}

static void test_files_that_cannot_be(void **state)
{
    (void)state;
    struct mface_dfm *dfm = NULL;
    const char text[] = "this is a letter, not a model\n";
    const struct mface_dfm_open_params params = { .threads = 1 };
    assert_int_equal(mface_dfm_open("no/such/file.dfm", &params, &dfm), MFACE_ERR_NOENT);
    assert_int_equal(mface_dfm_open(".", &params, &dfm), MFACE_ERR_FORMAT);
    const char *path = write_file(text, sizeof text);
    assert_int_equal(mface_dfm_open(path, &params, &dfm), MFACE_ERR_FORMAT);
    write_file("", 0);
    assert_int_equal(mface_dfm_open(path, &params, &dfm), MFACE_ERR_FORMAT);
    struct message model = make_model(&(struct spec) { 0 });
    write_file(model.bytes, model.n / 2);
    assert_true(mface_dfm_open(path, &params, &dfm) != MFACE_OK);
    assert_int_equal(
        open_spec(&(struct spec) { .mask_op = "NoSuchOperator" }, &dfm), MFACE_ERR_UNSUPPORTED);
    assert_non_null(strstr(last_message, "NoSuchOperator"));
    remove(path);
    assert_null(dfm);
}

/* Four images of one side, the crop filled. */
struct faces {
    struct canvas crop, celeb_face, celeb_mask, source_mask;
};

static struct faces faces_make(int side)
{
    struct faces faces = {
        .crop = canvas_make(side, side, 3, MFACE_SAMPLE_U8),
        .celeb_face = canvas_make(side, side, 3, MFACE_SAMPLE_U8),
        .celeb_mask = canvas_make(side, side, 1, MFACE_SAMPLE_U8),
        .source_mask = canvas_make(side, side, 1, MFACE_SAMPLE_U8),
    };
    canvas_fill_random(&faces.crop, 99);
    return faces;
}

static void faces_free(struct faces *faces)
{
    canvas_free(&faces->crop);
    canvas_free(&faces->celeb_face);
    canvas_free(&faces->celeb_mask);
    canvas_free(&faces->source_mask);
}

/* celeb face = gain × crop; celeb mask = mask_gain × its red; source mask = its green. */
static void check_faces(const struct faces *faces, double gain, double mask_gain)
{
    const int side = faces->crop.image.w;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            const uint8_t *bgr = mface_image_row_u8(&faces->crop.image, y) + x * 3;
            const uint8_t *celeb = mface_image_row_u8(&faces->celeb_face.image, y) + x * 3;
            for (int k = 0; k < 3; k++)
                assert_true(fabs(celeb[k] - gain * bgr[k]) <= 0.501);
            const double mask = mface_image_row_u8(&faces->celeb_mask.image, y)[x];
            assert_true(fabs(mask - mask_gain * bgr[2]) <= 0.501);
            assert_int_equal(mface_image_row_u8(&faces->source_mask.image, y)[x], bgr[1]);
        }
}

static enum mface_status run(
    struct mface_dfm *dfm, const struct mface_dfm_params *params, struct faces *faces)
{
    const struct mface_dfm_face face = { faces->crop.image, faces->celeb_face.image,
        faces->celeb_mask.image, faces->source_mask.image };
    return mface_dfm_run(dfm, params, &face, 1);
}

static void test_one_and_two_passes(void **state)
{
    (void)state;
    struct mface_dfm *dfm;
    assert_int_equal(open_spec(&(struct spec) { 0 }, &dfm), MFACE_OK);
    struct faces faces = faces_make(SIDE);
    for (int i = 0; i < 2; i++) { // scratch is used again
        assert_int_equal(run(dfm, &(struct mface_dfm_params) { 0 }, &faces), MFACE_OK);
        check_faces(&faces, 0.5, 1);
        assert_int_equal(
            run(dfm, &(struct mface_dfm_params) { .two_pass = true }, &faces), MFACE_OK);
        check_faces(&faces, 0.25, 0.5);
    }
    faces_free(&faces);
    mface_dfm_free(&dfm);
}

static void test_source_mask_may_be_left_out(void **state)
{
    (void)state;
    struct mface_dfm *dfm;
    assert_int_equal(open_spec(&(struct spec) { 0 }, &dfm), MFACE_OK);
    struct faces faces = faces_make(SIDE);
    assert_int_equal(run(dfm, &(struct mface_dfm_params) { 0 }, &faces), MFACE_OK);
    struct faces again = faces_make(SIDE);
    const struct mface_dfm_face without = {
        .crop = again.crop.image,
        .celeb_face = again.celeb_face.image,
        .celeb_mask = again.celeb_mask.image,
    };
    assert_int_equal(mface_dfm_run(dfm, &(struct mface_dfm_params) { 0 }, &without, 1), MFACE_OK);
    for (int y = 0; y < SIDE; y++) {
        assert_memory_equal(mface_image_row_u8(&faces.celeb_face.image, y),
            mface_image_row_u8(&again.celeb_face.image, y), SIDE * 3);
        assert_memory_equal(mface_image_row_u8(&faces.celeb_mask.image, y),
            mface_image_row_u8(&again.celeb_mask.image, y), SIDE);
    }
    faces_free(&faces);
    faces_free(&again);
    mface_dfm_free(&dfm);
}

/* Crops of other sizes come back in their own size; an even colour survives any resize. */
static void test_other_sizes(void **state)
{
    (void)state;
    struct mface_dfm *dfm;
    assert_int_equal(open_spec(&(struct spec) { 0 }, &dfm), MFACE_OK);
    static const int sides[] = { 1, 7, 16, 45 };
    for (int i = 0; i < 4; i++) {
        struct faces faces = faces_make(sides[i]);
        for (int y = 0; y < sides[i]; y++)
            for (int x = 0; x < sides[i] * 3; x++)
                mface_image_row_u8(&faces.crop.image, y)[x] = (uint8_t)(40 + 60 * (x % 3));
        assert_int_equal(run(dfm, &(struct mface_dfm_params) { 0 }, &faces), MFACE_OK);
        check_faces(&faces, 0.5, 1);
        faces_free(&faces);
    }
    mface_dfm_free(&dfm);
}

/* More values than are kept compiled, there and back. */
static void test_morph(void **state)
{
    (void)state;
    struct mface_dfm *dfm;
    assert_int_equal(open_spec(&(struct spec) { .has_morph = true }, &dfm), MFACE_OK);
    struct faces faces = faces_make(SIDE);
    for (int i = 0; i < 14; i++) {
        const double morph = (i < 7 ? i : 13 - i) / 6.0;
        assert_int_equal(run(dfm, &(struct mface_dfm_params) { .morph = morph }, &faces), MFACE_OK);
        check_faces(&faces, morph, 1);
    }
    faces_free(&faces);
    mface_dfm_free(&dfm);
}

enum { N_MANY = 7 };

static enum mface_status run_at_once(
    struct mface_dfm *dfm, const struct mface_dfm_params *params, struct faces *faces)
{
    struct mface_dfm_face to_model[N_MANY];
    for (int i = 0; i < N_MANY; i++) {
        faces[i] = faces_make(i == 2 ? SIDE + 5 : SIDE);
        canvas_fill_random(&faces[i].crop, (unsigned)i);
        for (int y = 0; y < SIDE + 5 && i == 2; y++) // resized: only an even colour survives that
            memset(mface_image_row_u8(&faces[i].crop.image, y), 77, (SIDE + 5) * 3);
        to_model[i] = (struct mface_dfm_face) { faces[i].crop.image, faces[i].celeb_face.image,
            faces[i].celeb_mask.image, faces[i].source_mask.image };
    }
    return mface_dfm_run(dfm, params, to_model, N_MANY);
}

/* Whatever number goes together, each face is its own. */
static void test_batches(void **state)
{
    (void)state;
    struct faces faces[N_MANY];
    for (int batch = 1; batch <= 8; batch++)
        for (int two_pass = 0; two_pass < 2; two_pass++) {
            struct mface_dfm *dfm;
            const struct mface_dfm_params params = { .morph = 0.5, .two_pass = two_pass };
            assert_int_equal(
                open_batch(&(struct spec) { .has_morph = true }, batch, &dfm), MFACE_OK);
            assert_int_equal(mface_dfm_info(dfm)->batch, batch);
            assert_int_equal(run_at_once(dfm, &params, faces), MFACE_OK);
            for (int i = 0; i < N_MANY; i++) {
                check_faces(&faces[i], two_pass ? 0.25 : 0.5, two_pass ? 0.5 : 1);
                faces_free(&faces[i]);
            }
            mface_dfm_free(&dfm);
        }
}

static void test_models_for_one_face(void **state)
{
    (void)state;
    struct mface_dfm *dfm;
    struct faces faces[N_MANY];
    assert_int_equal(open_batch(&(struct spec) { .n_faces = 1 }, 4, &dfm), MFACE_OK);
    assert_int_equal(mface_dfm_info(dfm)->batch, 1);
    mface_dfm_free(&dfm);
    assert_int_equal(open_batch(&(struct spec) { .is_made_for_one = true }, 3, &dfm), MFACE_OK);
    n_warnings = 0;
    assert_int_equal(run_at_once(dfm, &(struct mface_dfm_params) { 0 }, faces), MFACE_OK);
    assert_int_equal(n_warnings, 1);
    for (int i = 0; i < N_MANY; i++) {
        check_faces(&faces[i], 0.5, 1);
        faces_free(&faces[i]);
    }
    mface_dfm_free(&dfm);
}

struct load {
    struct mface_dfm *dfm;
    int first;
    bool ok;
};

static void *run_many(void *arg)
{
    struct load *load = arg;
    struct faces faces = faces_make(SIDE);
    load->ok = true;
    for (int i = 0; i < 40; i++) {
        const struct mface_dfm_params params = { .morph = (load->first + i) % 5 / 4.0,
            .two_pass = i % 2 };
        load->ok = load->ok && run(load->dfm, &params, &faces) == MFACE_OK;
        const double gain = params.two_pass ? params.morph * params.morph : params.morph;
        const uint8_t *bgr = faces.crop.image.data, *celeb = faces.celeb_face.image.data;
        load->ok = load->ok && fabs(celeb[5] - gain * bgr[5]) <= 0.501;
    }
    faces_free(&faces);
    return NULL;
}

static void test_threads_share_a_model(void **state)
{
    (void)state;
    struct mface_dfm *dfm;
    assert_int_equal(open_spec(&(struct spec) { .has_morph = true }, &dfm), MFACE_OK);
    struct load loads[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        loads[i] = (struct load) { .dfm = dfm, .first = i };
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &loads[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(loads[i].ok);
    }
    mface_dfm_free(&dfm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_what_is_no_dfm),
        cmocka_unit_test(test_results_that_do_not_fit),
        cmocka_unit_test(test_nan_is_not_good),
        cmocka_unit_test(test_files_that_cannot_be),
        cmocka_unit_test(test_one_and_two_passes),
        cmocka_unit_test(test_source_mask_may_be_left_out),
        cmocka_unit_test(test_other_sizes),
        cmocka_unit_test(test_morph),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_models_for_one_face),
        cmocka_unit_test(test_threads_share_a_model),
    };
    mface_log_set(keep_message, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

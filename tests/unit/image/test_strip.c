/* Mixing a face in gives the formula's bits at every level of kernels, whatever the number of steps
 * that colours are compressed to: no level may divide in a way of its own that shows. */
#include "base/cpu.h"
#include "canvas.h"
#include "image/kernel_table.h"

#include <math.h>
#include <string.h>

enum { N = MFACE_STRIP_W };

static const char *const levels[] = { "c", "avx2", "avx512", "all" };

enum { N_LEVELS = sizeof levels / sizeof levels[0] };

static const struct mface_strip_kernels *kernels_of(const char *level)
{
    unsigned mask;
    assert_true(mface_cpu_mask_of_level(level, &mask));
    mface_cpu_set_mask(mask);
    return &mface_kernel_table()->strip;
}

struct rows {
    float frame[3][N], face[3][N], mask[N], out[3][N];
};

static struct mface_mix mix_of(struct rows *rows)
{
    struct mface_mix mix = { .mask = rows->mask };
    for (int k = 0; k < 3; k++) {
        mix.frame[k] = rows->frame[k];
        mix.face[k] = rows->face[k];
        mix.out[k] = rows->out[k];
    }
    return mix;
}

/* Values from `first` on, a 1/2048 apart; the mask grows from 0 to 1. */
static void fill(struct rows *rows, float first)
{
    for (int i = 0; i < N; i++) {
        rows->mask[i] = (float)i / (N - 1);
        for (int k = 0; k < 3; k++) {
            rows->face[k][i] = first + (float)i / 2048 + (float)k / 7;
            rows->frame[k][i] = (float)((i * 37 + k * 11) % N) / N - 0.25f;
        }
    }
}

static float mixed(const struct mface_blend *blend, float frame, float face, float mask)
{
    const float weight = mask * blend->opacity;
    const float out = frame * (1.0f - weight) + face * weight;
    return out + weight * ((floorf(out * blend->steps) + 0.5f) / blend->steps - out);
}

static void check_rgb(const struct mface_blend *blend, struct rows *rows)
{
    const struct mface_mix mix = mix_of(rows);
    mface_kernel_table()->strip.mix_rgb(blend, N, &mix);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < N; i++) {
            const float wanted = mixed(blend, rows->frame[k][i], rows->face[k][i], rows->mask[i]);
            assert_memory_equal(&rows->out[k][i], &wanted, sizeof wanted);
        }
}

static void test_compression(void **state)
{
    (void)state;
    static struct rows rows;
    for (int level = 0; level < N_LEVELS; level++) {
        kernels_of(levels[level]);
        for (int tenths = 40; tenths <= 1270; tenths++) {
            const struct mface_blend blend = { 1.0f, (float)(tenths / 10.0) };
            fill(&rows, (float)(tenths % 17) / 8 - 1);
            check_rgb(&blend, &rows);
        }
    }
    mface_cpu_set_mask(~0u);
}

static void test_yuv_at_every_level(void **state)
{
    (void)state;
    static struct rows rows, like;
    const struct mface_yuv_weights weights = { 1.5748f, 0.1873f, 0.4681f, 1.8556f, 0.2126f, 0.7152f,
        0.0722f, 0.5389f, 0.6350f };
    for (int tenths = 0; tenths <= 1270; tenths += tenths ? 7 : 40) {
        const struct mface_blend blend = { 0.9f, (float)(tenths / 10.0) };
        for (int level = 0; level < N_LEVELS; level++) {
            fill(&rows, 0.1f);
            const struct mface_mix mix = mix_of(&rows);
            kernels_of(levels[level])->mix_yuv(&blend, &weights, N, &mix);
            if (level == 0)
                like = rows;
            assert_memory_equal(rows.out, like.out, sizeof rows.out);
        }
    }
    mface_cpu_set_mask(~0u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compression),
        cmocka_unit_test(test_yuv_at_every_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

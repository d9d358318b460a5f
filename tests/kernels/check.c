/* Every level beside the C code: odd sizes, rows that begin anywhere, extreme values; equal bit for
 * bit, and nothing outside the images touched. */
#include "check.h"

#include "guarded.h"
#include "level.h"

#include <stdio.h>
#include <string.h>

static const int sizes[][2] = { { 1, 1 }, { 2, 3 }, { 3, 2 }, { 7, 5 }, { 15, 9 }, { 17, 1 },
    { 1, 19 }, { 31, 33 }, { 43, 12 }, { 64, 16 }, { 65, 23 }, { 129, 31 }, { 257, 40 } };

struct trial {
    const struct kernel_row *row;
    int w, h;
    enum fill fill;
    unsigned variant;
};

static unsigned seed_of(const struct trial *trial, int i)
{
    return (unsigned)(trial->w * 7919 + trial->h * 31 + i * 101) + trial->variant;
}

/* Runs the kernel at the level that is in force; false when it fails or steps outside. */
static bool run(const struct trial *trial, struct guarded images[N_IMAGES_MAX])
{
    struct mface_image views[N_IMAGES_MAX];
    const struct operand *operands = trial->row->images;
    for (int i = 0; i < N_IMAGES_MAX; i++) {
        images[i] = (struct guarded) { 0 };
        if (operands[i].role != UNUSED) {
            const size_t offset = (trial->variant * 4 + (unsigned)i * 8) % 64;
            images[i] = guarded_make(
                &operands[i], trial->w, trial->h, offset, (trial->variant + (unsigned)i) % 2);
            guarded_fill(&images[i], &operands[i], trial->fill, seed_of(trial, i));
        }
        views[i] = images[operands[i].role != UNUSED ? i : 0].image;
    }
    bool fine = trial->row->run(trial->row, views, trial->variant) == MFACE_OK;
    for (int i = 0; i < N_IMAGES_MAX; i++)
        fine = fine && (operands[i].role == UNUSED || guarded_is_whole(&images[i]));
    return fine;
}

static void clear(struct guarded images[N_IMAGES_MAX])
{
    for (int i = 0; i < N_IMAGES_MAX; i++)
        guarded_free(&images[i]);
}

static bool complain(const struct trial *trial, int level, const char *what)
{
    fprintf(stderr, "%s at %s, %d×%d, fill %d, variant %u: %s\n", trial->row->name,
        level_names[level], trial->w, trial->h, trial->fill, trial->variant, what);
    return false;
}

static bool compare(
    const struct trial *trial, int level, const struct guarded *want, const struct guarded *got)
{
    for (int i = 0; i < N_IMAGES_MAX; i++) {
        int x, y;
        char text[80];
        if (trial->row->images[i].role == UNUSED || guarded_is_same(&want[i], &got[i], &x, &y))
            continue;
        snprintf(
            text, sizeof text, "image %d differs from C first at sample %d of row %d", i, x, y);
        return complain(trial, level, text);
    }
    return true;
}

static bool check_trial(const struct trial *trial)
{
    struct guarded want[N_IMAGES_MAX], got[N_IMAGES_MAX];
    bool fine = level_force(MFACE_KERNELS_C) && run(trial, want);
    if (!fine)
        complain(trial, MFACE_KERNELS_C, "fails or writes outside its images");
    for (int level = 1; fine && level < MFACE_N_KERNEL_LEVELS; level++) {
        if (!level_force(level))
            break;
        fine = run(trial, got) ? compare(trial, level, want, got)
                               : complain(trial, level, "fails or writes outside its images");
        clear(got);
    }
    clear(want);
    return fine;
}

static bool check_row(const struct kernel_row *row)
{
    struct trial trial = { .row = row };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int fill = 0; fill < N_FILLS; fill++, trial.variant++) {
            trial.w = sizes[s][0];
            trial.h = sizes[s][1];
            trial.fill = (enum fill)fill;
            if (!check_trial(&trial))
                return false;
        }
    return true;
}

int check_kernels(const char *only)
{
    int n_passed = 0, n_failed = 0;
    for (const struct kernel_row *row = kernel_rows; row->name; row++) {
        if (only && strcmp(only, row->name) != 0)
            continue;
        if (check_row(row))
            n_passed++;
        else
            n_failed++;
    }
    level_force(MFACE_N_KERNEL_LEVELS - 1);
    printf("%d kernels equal their C code up to level %s, %d do not\n", n_passed,
        level_names[mface_kernel_level()], n_failed);
    return n_failed > 0 || n_passed == 0;
}

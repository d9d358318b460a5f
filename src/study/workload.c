#include "study/workload.h"

#include "base/log.h"

#include <string.h>

static const struct mface_workload_info rows[MFACE_N_WORKLOADS] = {
    [MFACE_WORKLOAD_FIRST] = { .name = "first",
        .what = "the clip once, nothing known of it",
        .n_passes = 1 },
    [MFACE_WORKLOAD_RERENDER] = { .name = "rerender",
        .what = "the clip again, with another post-gamma",
        .n_passes = 1,
        .is_again = true },
    [MFACE_WORKLOAD_LOOP] = { .name = "loop", .what = "the clip three times", .n_passes = 3 },
    [MFACE_WORKLOAD_HELD] = { .name = "held",
        .what = "every frame twice, as a slow clip in a fast file",
        .n_passes = 1,
        .hold = 2 },
    [MFACE_WORKLOAD_SCRUB] = { .name = "scrub",
        .what = "quarters of the clip, back and forth",
        .n_passes = 1,
        .scrubs = true },
    [MFACE_WORKLOAD_MODEL] = { .name = "model",
        .what = "the clip again, with another model",
        .n_passes = 1,
        .is_again = true },
    [MFACE_WORKLOAD_SMALL] = { .name = "small",
        .what = "loop, with a quarter of the memory it needs",
        .n_passes = 3 },
};

const struct mface_workload_info *mface_workload_get(enum mface_workload workload)
{
    return &rows[workload];
}

static int find(const char *word, size_t length)
{
    for (int i = 0; i < MFACE_N_WORKLOADS; i++)
        if (strlen(rows[i].name) == length && strncmp(rows[i].name, word, length) == 0)
            return i;
    return -1;
}

enum mface_status mface_workloads_parse(const char *text, unsigned *set)
{
    *set = text ? 0 : (1u << MFACE_N_WORKLOADS) - 1;
    while (text) {
        const size_t length = strcspn(text, ",");
        const int i = find(text, length);
        if (i < 0)
            return mface_fail(MFACE_ERR_ARG,
                "no workload '%.*s' (first, rerender, loop, held, scrub, model, small)",
                (int)length, text);
        *set |= 1u << i;
        text = text[length] ? text + length + 1 : NULL;
    }
    return MFACE_OK;
}

int mface_scrub_quarter(int i)
{
    static const int quarters[MFACE_SCRUB_STEPS] = { 0, 1, 0, 1, 2, 1, 2, 3, 2, 3 };
    return quarters[i];
}

static enum mface_status scrub(struct mface_job *job, const struct mface_workload_clip *clip,
    struct mface_session *session, const char *folder, struct mface_pass *pass)
{
    job->frames_max = (clip->frames + 3) / 4;
    for (int i = 0; i < MFACE_SCRUB_STEPS; i++) {
        job->frames_skip = mface_scrub_quarter(i) * job->frames_max;
        MFACE_TRY(mface_pass_run(pass, session, job, folder));
    }
    return MFACE_OK;
}

enum mface_status mface_workload_play(enum mface_workload workload,
    const struct mface_workload_clip *clip, struct mface_session *session, const char *folder,
    struct mface_pass *pass)
{
    const struct mface_workload_info *info = mface_workload_get(workload);
    struct mface_job job = {
        .input = clip->input,
        .input_format = clip->format,
        .hold = info->hold,
        .frames_max = (int64_t)clip->frames * (info->hold ? info->hold : 1),
    };
    if (info->scrubs)
        return scrub(&job, clip, session, folder, pass);
    for (int i = 0; i < info->n_passes; i++)
        MFACE_TRY(mface_pass_run(pass, session, &job, folder));
    return MFACE_OK;
}

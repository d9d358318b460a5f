/* The workloads that every figure of memoface names: which parts of a clip are played, how often,
 * and with what change. */
#ifndef MFACE_STUDY_WORKLOAD_H
#define MFACE_STUDY_WORKLOAD_H

#include "study/pass.h"
#include <stdbool.h>

enum mface_workload {
    MFACE_WORKLOAD_FIRST,
    MFACE_WORKLOAD_RERENDER,
    MFACE_WORKLOAD_LOOP,
    MFACE_WORKLOAD_HELD,
    MFACE_WORKLOAD_SCRUB,
    MFACE_WORKLOAD_MODEL,
    MFACE_WORKLOAD_SMALL,
    MFACE_N_WORKLOADS,
};

struct mface_workload_info {
    const char *name, *what;
    int n_passes; // over the clip
    int hold;     // each frame so often
    bool scrubs;
    bool is_again; // after one pass that does not count
};

/* Static storage. */
const struct mface_workload_info *mface_workload_get(enum mface_workload workload);

/* "first,loop" as a set of bits; NULL: all. MFACE_ERR_ARG, logged: an unknown name. */
MFACE_NODISCARD enum mface_status mface_workloads_parse(const char *text, unsigned *set);

/* Where the i-th step of scrubbing begins, in quarters of the clip: forwards two, back one. Each
 * step is a quarter long. */
enum { MFACE_SCRUB_STEPS = 10 };
int mface_scrub_quarter(int i);

struct mface_workload_clip {
    const char *input, *format;
    int frames;
};

/* Plays what counts of a workload in the session as it is. Logs on failure. */
MFACE_NODISCARD enum mface_status mface_workload_play(enum mface_workload workload,
    const struct mface_workload_clip *clip, struct mface_session *session, const char *folder,
    struct mface_pass *pass);

#endif

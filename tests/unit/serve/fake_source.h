/* A session that is none: it keeps settings and remembers what was asked of it. */
#ifndef MFACE_TESTS_SERVE_FAKE_SOURCE_H
#define MFACE_TESTS_SERVE_FAKE_SOURCE_H

#include "pipeline/control.h"
#include "serve/source.h"

struct fake_session {
    struct mface_control *control;
    int n_pauses, is_paused;
};

struct mface_source fake_source(struct fake_session *session);

#endif

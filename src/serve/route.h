/* Requests to answers, without a socket in sight: what tests and the fuzzer drive. */
#ifndef MFACE_SERVE_ROUTE_H
#define MFACE_SERVE_ROUTE_H

#include "serve/guard.h"
#include "serve/source.h"

enum { MFACE_REQUEST_BODY_MAX = 16384 };

struct mface_request {
    const char *method, *path; // path: decoded, without the query
    struct mface_guard_headers headers;
    const char *content_type; // header; NULL: absent
    const char *side, *width; // of the query; NULL: absent
    const char *body;
    size_t body_bytes;
    bool body_is_too_long; // and was dropped
};

enum mface_answer_kind {
    MFACE_ANSWER_BODY,
    MFACE_ANSWER_EVENTS,  // a stream of statistics
    MFACE_ANSWER_PREVIEW, // a picture, which takes time to make
};

struct mface_answer {
    enum mface_answer_kind kind;
    int status;               // of HTTP
    const char *content_type; // static
    const char *policy;       // Content-Security-Policy; static
    const char *allow;        // 405: the methods there are; static; else NULL
    char cookie[160];         // Set-Cookie; "": none
    char *body;               // freed by mface_answer_clear() unless is_static
    size_t body_bytes;
    bool is_static;
    enum mface_side side; // PREVIEW
    int width_px;
};

/* Answers any request. `snapshot` is what was last published. */
void mface_answer_make(struct mface_answer *answer, const struct mface_request *request,
    const struct mface_guard *guard, const struct mface_source *source,
    const struct mface_snapshot *snapshot);
void mface_answer_clear(struct mface_answer *answer);

/* Makes it {"error": {"status": …, "message": …, "key": …}}; `key` may be NULL. */
void mface_answer_fail(
    struct mface_answer *answer, int status, const char *message, const char *key);

/* Bodies; NULL when memory is out. Free with free(). */
char *mface_stats_text(const struct mface_source *source, const struct mface_snapshot *snapshot);
char *mface_metrics_text(const struct mface_source *source, const struct mface_snapshot *snapshot);
char *mface_settings_text(const struct mface_source *source);

/* Answers PATCH and PUT from their bodies. */
void mface_answer_patch(struct mface_answer *answer, const struct mface_request *request,
    const struct mface_source *source);
void mface_answer_pause(struct mface_answer *answer, const struct mface_request *request,
    const struct mface_source *source);

#endif

/* Where memoface's messages go.
 *
 * The library never writes to the terminal by itself: every message passes through one callback.
 * Until one is set, errors and warnings go to stderr as "memoface: text". */
#ifndef MEMOFACE_LOG_H
#define MEMOFACE_LOG_H

#include <memoface/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mface_log_level {
    MFACE_LOG_ERROR, // the operation failed; one line, complete by itself
    MFACE_LOG_WARN,  // the operation goes on, but the user should know
    MFACE_LOG_INFO,
    MFACE_LOG_DEBUG,
};

/* Called with one message, one line without a newline or other control characters. May be called
 * from several threads at once; must not call back into memoface. */
typedef void (*mface_log_fn)(void *user, enum mface_log_level level, const char *message);

/* Replaces the callback; NULL restores stderr. Not thread-safe: call it before any thread uses
 * the library. `user` is borrowed for as long as the callback is set. */
MFACE_API void mface_log_set(mface_log_fn fn, void *user);

/* Messages above this level are dropped before they are formatted. Default MFACE_LOG_WARN. */
MFACE_API void mface_log_set_level(enum mface_log_level max);

#ifdef __cplusplus
}
#endif
#endif

/* Logging, as the library's own sources use it. The public half is memoface/log.h. */
#ifndef MFACE_BASE_LOG_H
#define MFACE_BASE_LOG_H

#include <memoface/log.h>
#include <stdbool.h>

/* Formats and delivers one message. Thread-safe. */
void mface_log(enum mface_log_level level, const char *format, ...) MFACE_PRINTF(2, 3);

/* Logs an error and returns `status`, so that the place that detects a failure is one line:
 *     return mface_fail(MFACE_ERR_FORMAT, "%s: not an ONNX file", path);
 */
enum mface_status mface_fail(enum mface_status status, const char *format, ...) MFACE_PRINTF(2, 3);

/* While on, no message is told twice: for work that opens the same files several times. Turning it
 * on forgets what was told before. Up to 256 messages are remembered; others pass. */
void mface_log_hold_repeats(bool hold);

/* Logs "out of memory" with the byte count wanted and returns MFACE_ERR_NOMEM. */
#define mface_fail_nomem(what) mface_fail(MFACE_ERR_NOMEM, "%s: out of memory", (what))

/* Passes a failure on: evaluates `expr` once and returns its status unless it is MFACE_OK. */
#define MFACE_TRY(expr)                                                                            \
    do {                                                                                           \
        const enum mface_status mface_try_status_ = (expr);                                        \
        if (mface_try_status_ != MFACE_OK)                                                         \
            return mface_try_status_;                                                              \
    } while (0)

#endif

/* Status codes: what every fallible memoface function returns.
 *
 * 0 is success, every failure is negative. The function that detects a failure logs one line that
 * says what is wrong, where, and what to do (see log.h); functions that merely pass a status on
 * stay silent. */
#ifndef MEMOFACE_STATUS_H
#define MEMOFACE_STATUS_H

#if defined(__GNUC__) || defined(__clang__)
#define MFACE_API               __attribute__((visibility("default")))
#define MFACE_NODISCARD         __attribute__((warn_unused_result))
#define MFACE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define MFACE_API
#define MFACE_NODISCARD
#define MFACE_PRINTF(fmt, args)
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum mface_status {
    MFACE_OK = 0,
    MFACE_ERR_ARG = -1,         // an argument or setting is out of its range
    MFACE_ERR_NOMEM = -2,       // the system refused memory
    MFACE_ERR_NOENT = -3,       // no such file, device, stream or entry
    MFACE_ERR_IO = -4,          // reading or writing failed
    MFACE_ERR_NOSPC = -5,       // disk full, or a byte budget fully pinned
    MFACE_ERR_FORMAT = -6,      // data is malformed or truncated
    MFACE_ERR_UNSUPPORTED = -7, // data is well formed but needs something memoface lacks
    MFACE_ERR_CANCELED = -8,    // the user asked to stop
    MFACE_ERR_EOF = -9,         // nothing more to read; not a failure by itself
    MFACE_ERR_INTERNAL = -10,   // a library underneath failed in a way it does not explain
};

/* A short English phrase for a status, e.g. "malformed data". Static storage; never NULL. */
MFACE_API const char *mface_status_str(enum mface_status status);

#ifdef __cplusplus
}
#endif
#endif

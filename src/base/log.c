#include "base/log.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

enum { MESSAGE_MAX_BYTES = 1024, TOLD_MAX = 256 };

static void log_to_stderr(void *user, enum mface_log_level level, const char *message)
{
    (void)user;
    const char *prefix = level == MFACE_LOG_WARN ? "warning: " : "";
    fprintf(stderr, "memoface: %s%s\n", prefix, message);
}

static mface_log_fn log_fn = log_to_stderr;
static void *log_user;
static atomic_int log_max_level = MFACE_LOG_WARN;

void mface_log_set(mface_log_fn fn, void *user)
{
    log_fn = fn ? fn : log_to_stderr;
    log_user = user;
}

void mface_log_set_level(enum mface_log_level max)
{
    atomic_store_explicit(&log_max_level, (int)max, memory_order_relaxed);
}

/* A message is one line, whatever names and values it quotes. */
static void keep_to_one_line(char *message)
{
    for (; *message; message++)
        if ((unsigned char)*message < ' ' || *message == 127)
            *message = '?';
}

/* Repeats: hashes of what was told. */
static pthread_mutex_t repeats_lock = PTHREAD_MUTEX_INITIALIZER;
static bool repeats_are_held;
static struct mface_key told[TOLD_MAX];
static int n_told;

void mface_log_hold_repeats(bool hold)
{
    pthread_mutex_lock(&repeats_lock);
    repeats_are_held = hold;
    n_told = 0;
    pthread_mutex_unlock(&repeats_lock);
}

static bool was_told(const char *message)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_str(&hasher, message);
    const struct mface_key key = mface_hasher_finish(&hasher);
    for (int i = 0; i < n_told; i++)
        if (mface_key_equal(told[i], key))
            return true;
    if (n_told < TOLD_MAX)
        told[n_told++] = key;
    return false;
}

static bool is_held(const char *message)
{
    pthread_mutex_lock(&repeats_lock);
    const bool held = repeats_are_held && was_told(message);
    pthread_mutex_unlock(&repeats_lock);
    return held;
}

static void deliver(enum mface_log_level level, const char *format, va_list args)
{
    if ((int)level > atomic_load_explicit(&log_max_level, memory_order_relaxed))
        return;
    char message[MESSAGE_MAX_BYTES];
    vsnprintf(message, sizeof message, format, args);
    keep_to_one_line(message);
    if (is_held(message))
        return;
    log_fn(log_user, level, message);
}

void mface_log(enum mface_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    deliver(level, format, args);
    va_end(args);
}

enum mface_status mface_fail(enum mface_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    deliver(MFACE_LOG_ERROR, format, args);
    va_end(args);
    return status;
}

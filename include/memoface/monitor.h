/* The monitor: measured figures as one line a person reads at a glance. */
#ifndef MEMOFACE_MONITOR_H
#define MEMOFACE_MONITOR_H

#include <memoface/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mface_monitor_sample {
    int64_t cache_used_bytes, cache_limit_bytes;
    double hit_rate;    // 0..1, of faces demanded
    double cpu_percent; // of the machine, 0..100
    double fps;
};

/* "RAM Cache: 2.1GB/2.0GB | Hit Rate: 85% | CPU: 45% | FPS: 35", as snprintf(). Thread-safe. */
MFACE_API int mface_monitor_print_line(
    const struct mface_monitor_sample *sample, char *text, size_t text_bytes);

/* "2.1GB", "640MB", "12KB": three figures at most, powers of 1024. As snprintf(). */
MFACE_API int mface_monitor_print_bytes(int64_t bytes, char *text, size_t text_bytes);

#ifdef __cplusplus
}
#endif
#endif

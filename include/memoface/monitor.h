/* The monitor: measured figures as lines a person reads at a glance, or a program. Every function
 * is thread-safe on data of one's own; those that print return and cut off as snprintf() does. */
#ifndef MEMOFACE_MONITOR_H
#define MEMOFACE_MONITOR_H

#include <memoface/session.h>
#include <memoface/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Rates over some time: of what happened in it, where those of mface_stats are of the whole job. */
struct mface_rates {
    double seconds; // pauses left out
    int64_t frames, face_demands, inserts, repeats;
    double fps, cpu_percent;
    double hit_rate, eviction_rate, repeat_rate; // 0..1; of faces, inserts, frames
};

enum { MFACE_MONITOR_MARKS = 16 };

/* The last few figures. Zeroed is ready; a plain value. */
struct mface_monitor {
    struct mface_monitor_mark {
        double seconds, cpu_s;
        int64_t frames, face_demands, face_hits, inserts, evictions, repeats;
    } mark[MFACE_MONITOR_MARKS]; // a ring
    int64_t n;
};

/* Rates since the figures that were added MFACE_MONITOR_MARKS calls ago, or since the job began. */
MFACE_API void mface_monitor_add(
    struct mface_monitor *monitor, const struct mface_stats *stats, struct mface_rates *recent);

/* Rates of the whole job. */
MFACE_API void mface_monitor_total(const struct mface_stats *stats, struct mface_rates *total);

/* Seconds to the end of the job at this speed; negative: unknown. */
MFACE_API double mface_monitor_eta_s(
    const struct mface_stats *stats, const struct mface_rates *recent);

struct mface_monitor_sample {
    int64_t cache_used_bytes, cache_limit_bytes;
    double hit_rate;    // 0..1, of faces demanded
    double cpu_percent; // of the machine, 0..100
    double fps;
};

/* "RAM Cache: 2.1GB/2.0GB | Hit Rate: 85% | CPU: 45% | FPS: 35" */
MFACE_API int mface_monitor_print_line(
    const struct mface_monitor_sample *sample, char *text, size_t text_bytes);

/* "Evictions: 3% | Memory: 62% | Saved: 41.2s | Peak: 1.2GB": Memory is what is in use of the
 * machine or the tightest cgroup ("-" before it was read), Peak the most this process had. */
MFACE_API int mface_monitor_print_details(
    const struct mface_stats *stats, char *text, size_t text_bytes);

/* "ms: detect 9.7, mark 2.1, swap 185, merge 2.4": medians of the stages that take any time. */
MFACE_API int mface_monitor_print_stages(
    const struct mface_stats *stats, char *text, size_t text_bytes);

/* An object of JSON without a newline; docs/report.md has its fields. */
MFACE_API int mface_monitor_print_json(const struct mface_stats *stats,
    const struct mface_rates *recent, int done, char *text, size_t text_bytes);

/* "2.1GB", "640MB", "12KB": three figures at most, powers of 1024. */
MFACE_API int mface_monitor_print_bytes(int64_t bytes, char *text, size_t text_bytes);

#ifdef __cplusplus
}
#endif
#endif

/* How full the memory is: of this machine, and of every cgroup (v2) this process lives in. */
#ifndef MFACE_CACHE_PRESSURE_H
#define MFACE_CACHE_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

/* The tightest of all limits that hold. */
struct mface_pressure {
    const char *source; // "machine" or "cgroup"; static
    int64_t limit_bytes, used_bytes;
    int64_t smallest_bytes;      // of all limits, whichever is fullest: what there is to share
    const char *smallest_source; // as `source`
    double stall_percent; // PSI "some avg10": share of time somebody waits for memory; 0 if unknown
};

/* Fills *pressure; false when nothing can be read (then nothing is known and nothing should
 * change). `user` is the reader's own. */
typedef bool (*mface_pressure_fn)(void *user, struct mface_pressure *pressure);

/* Where the system's files lie. */
struct mface_pressure_paths {
    const char *proc;   // "/proc"
    const char *cgroup; // "/sys/fs/cgroup"
};

extern const struct mface_pressure_paths mface_pressure_system;

/* An mface_pressure_fn; `user` is a const struct mface_pressure_paths *.
 *
 * Machine: MemTotal, less MemAvailable. Cgroup: for the process's own group and each above it, the
 * lower of memory.max and memory.high against memory.current less inactive_file, since page cache
 * that nobody uses is given up before anybody is killed. The fullest of these is reported. */
bool mface_pressure_read(void *user, struct mface_pressure *pressure);

#endif

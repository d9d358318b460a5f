/* The tier's inside, shared by disk_open.c, disk.c (reading, queue) and disk_writer.c (segments).
 */
#ifndef MFACE_CACHE_DISK_TIER_H
#define MFACE_CACHE_DISK_TIER_H

#include "cache/disk_folder.h"
#include "cache/disk_index.h"

#include <pthread.h>

/* A segment this process knows; its number is its place in the array. */
struct disk_segment {
    char stem[DISK_STEM_BYTES];
    bool is_touched; // the file's time says that it is in use
};

/* A record on its way to the writer; the payload follows. */
struct disk_job {
    struct disk_job *next;
    struct disk_record record;
    uint8_t payload[];
};

/* The segment being written; the writer's own. */
struct disk_active {
    int fd; // -1: none
    uint32_t segment;
    char stem[DISK_STEM_BYTES];
    uint64_t bytes, started_bytes; // started: the system was asked to write up to there
    struct disk_scan entries;
};

struct mface_disk {
    struct disk_folder folder;
    struct mface_key realm;
    int64_t segment_bytes, queue_limit_bytes;

    pthread_mutex_t lock; // guards what follows
    pthread_cond_t work, idle;
    struct disk_index index;
    struct disk_segment *segments;
    size_t n_segments, segments_capacity;
    struct mface_disk_stats stats;
    struct disk_job *first, *last;
    int64_t queued_bytes; // asked for, copied or being written
    bool is_busy, is_closing, is_warned;

    pthread_t writer;
    bool has_writer;
    struct disk_active active;
};

void *disk_writer_run(void *disk); // the writer's thread

/* Takes a segment into the list; false: no memory. Under the lock. */
bool disk_add_segment(struct mface_disk *disk, const char *stem, uint32_t *segment);

/* Says once in the life of the tier what is wrong with it. Not under the lock. */
void disk_warn_once(struct mface_disk *disk, const char *format, ...) MFACE_PRINTF(2, 3);

#endif

/* The disk tier's speed: entries of a swap's size written, then read back after a restart.
 *
 *   bench-disk-tier DIR [N_ENTRIES [ENTRY_BYTES]]
 *
 * Prints one JSON object. Reads come from the page cache unless the system dropped it meanwhile, so
 * they tell what the tier costs beside the device; `mmap_*` is the same read by mapping the files
 * whole, with the same checksum, for the choice that docs/cache.md explains. */
#include "base/cpu.h"
#include "base/hash.h"
#include "base/mem.h"
#include <memoface/disk.h>

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct job {
    const char *dir;
    int n_entries;
    size_t entry_bytes;
    uint8_t *data;
};

static struct mface_key key_of(int i)
{
    return mface_key_from_bytes(&i, sizeof i);
}

static struct mface_disk *open_tier(const struct job *job)
{
    const struct mface_disk_params params = {
        .dir = job->dir,
        .limit_bytes = 4 * (int64_t)job->n_entries * (int64_t)job->entry_bytes + (64 << 20),
    };
    struct mface_disk *disk;
    if (mface_disk_open(&params, &disk) != MFACE_OK)
        exit(1);
    return disk;
}

static double mbps(const struct job *job, int64_t us)
{
    return (double)job->n_entries * (double)job->entry_bytes / (double)us;
}

/* Until the last segment is synced and sealed. The queue is given time, nothing is dropped. */
static double write_all(const struct job *job, double *put_us)
{
    int64_t in_put_us = 0;
    const int64_t start_us = mface_time_us();
    struct mface_disk *disk = open_tier(job);
    for (int i = 0; i < job->n_entries; i++) {
        memcpy(job->data, &i, sizeof i);
        const int64_t before_us = mface_time_us();
        mface_disk_put(disk, key_of(i), 0, 1000, job->data, job->entry_bytes);
        in_put_us += mface_time_us() - before_us;
        if (i % 32 == 31)
            mface_disk_flush(disk);
    }
    mface_disk_close(&disk);
    *put_us = (double)in_put_us / job->n_entries;
    return mbps(job, mface_time_us() - start_us);
}

static double read_all(const struct job *job, double *open_ms)
{
    const int64_t open_us = mface_time_us();
    struct mface_disk *disk = open_tier(job);
    const int64_t start_us = mface_time_us();
    *open_ms = (double)(start_us - open_us) / 1000;
    for (int i = 0; i < job->n_entries; i++) {
        struct mface_disk_hit hit;
        if (!mface_disk_find(disk, key_of(i), &hit) ||
            mface_disk_read(disk, &hit, job->data) != MFACE_OK)
            exit(1);
    }
    const double speed = mbps(job, mface_time_us() - start_us);
    mface_disk_close(&disk);
    return speed;
}

/* Copies and hashes all segments by mapping, in pieces of an entry. */
static double map_all(const struct job *job)
{
    char pattern[4096];
    glob_t found;
    uint64_t sum = 0;
    snprintf(pattern, sizeof pattern, "%s/results/*.seg", job->dir);
    const int64_t start_us = mface_time_us();
    if (glob(pattern, 0, NULL, &found) != 0)
        exit(1);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct stat info;
        const int fd = open(found.gl_pathv[i], O_RDONLY);
        if (fd < 0 || fstat(fd, &info) != 0)
            exit(1);
        const size_t size = (size_t)info.st_size;
        uint8_t *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
        for (size_t at = 0; at + job->entry_bytes <= size; at += job->entry_bytes) {
            memcpy(job->data, map + at, job->entry_bytes);
            sum += mface_key_from_bytes(job->data, job->entry_bytes).lo;
        }
        munmap(map, size);
        close(fd);
    }
    globfree(&found);
    const double speed = mbps(job, mface_time_us() - start_us);
    return sum ? speed : 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench-disk-tier DIR [N_ENTRIES [ENTRY_BYTES]]\n");
        return 2;
    }
    struct job job = {
        .dir = argv[1],
        .n_entries = argc > 2 ? atoi(argv[2]) : 2000,
        .entry_bytes = argc > 3 ? (size_t)atoi(argv[3]) : 250880, // a swap at 224
    };
    job.data = mface_mem_calloc(1, job.entry_bytes + sizeof(int));
    if (!job.data || job.n_entries < 1)
        return 2;
    double put_us, open_ms;
    const double write_mbps = write_all(&job, &put_us);
    const double read_mbps = read_all(&job, &open_ms);
    const double mapped_mbps = map_all(&job);
    printf("{\"disk_write_mbps\": %.0f, \"disk_put_us\": %.1f, \"disk_open_ms\": %.2f, "
           "\"disk_read_mbps\": %.0f, \"mmap_read_mbps\": %.0f}\n",
        write_mbps, put_us, open_ms, read_mbps, mapped_mbps);
    mface_mem_free(job.data);
    return 0;
}

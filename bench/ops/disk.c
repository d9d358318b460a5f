/* cache-disk: megabytes a second of the disk tier, as JSON.
 *
 *     cache-disk FOLDER
 *
 * Writes 512 MB of results of a swapped face's size until they are on their way to the device,
 * closes the tier, asks the system to forget the files, opens it again and reads and checks all of
 * them. FOLDER must be empty or missing; what was written is removed. */
#include "base/cpu.h"
#include "base/hash.h"
#include <dirent.h>
#include <fcntl.h>
#include <memoface/disk.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BLOB_BYTES = 250880, N_BLOBS = 2048, FLUSH_EVERY = 64 };

static uint8_t blob[BLOB_BYTES];

static struct mface_key key_of(int n)
{
    return mface_key_from_bytes(&n, sizeof n);
}

static enum mface_status open_tier(const char *folder, struct mface_disk **disk)
{
    const struct mface_disk_params params = { .dir = folder, .limit_bytes = INT64_C(1) << 30 };
    return mface_disk_open(&params, disk);
}

static double mbps(int64_t start_us)
{
    return (double)N_BLOBS * BLOB_BYTES / (double)(mface_time_us() - start_us);
}

/* The queue drops what it has no room for, so it is let run empty in time. */
static double write_all(struct mface_disk **disk)
{
    const int64_t start_us = mface_time_us();
    for (int n = 0; n < N_BLOBS; n++) {
        memset(blob, n, sizeof blob);
        mface_disk_put(*disk, key_of(n), 0, 100000, blob, sizeof blob);
        if (n % FLUSH_EVERY == FLUSH_EVERY - 1)
            mface_disk_flush(*disk);
    }
    mface_disk_close(disk);
    return mbps(start_us);
}

/* Clean pages only: what is still being written stays in memory. */
static void forget_files(const char *folder)
{
    char path[4096];
    sync();
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        const int fd = open(path, O_RDONLY);
        if (fd < 0)
            continue;
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
    if (dir)
        closedir(dir);
}

static double read_all(struct mface_disk *disk, int *n_found)
{
    const int64_t start_us = mface_time_us();
    *n_found = 0;
    for (int n = 0; n < N_BLOBS; n++) {
        struct mface_disk_hit hit;
        if (mface_disk_find(disk, key_of(n), &hit) && hit.size == sizeof blob)
            *n_found += mface_disk_read(disk, &hit, blob) == MFACE_OK && blob[0] == (uint8_t)n;
    }
    return mbps(start_us);
}

int main(int argc, char **argv)
{
    struct mface_disk *disk;
    int n_found;
    int64_t n_removed;
    if (argc != 2 || open_tier(argv[1], &disk) != MFACE_OK)
        return 1;
    const double written = write_all(&disk);
    forget_files(argv[1]);
    if (open_tier(argv[1], &disk) != MFACE_OK)
        return 1;
    const double read = read_all(disk, &n_found);
    mface_disk_close(&disk);
    if (mface_cache_folder_clear(argv[1], &n_removed) != MFACE_OK)
        return 1;
    if (n_found != N_BLOBS) {
        fprintf(stderr, "cache-disk: %d of %d results came back\n", n_found, N_BLOBS);
        return 1;
    }
    printf("{\"write_mbps\": %.1f, \"read_mbps\": %.1f}\n", written, read);
    return 0;
}

/* Mapping and identifying a model file. */
#include "swap/model_file.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "swap/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/mem.h>
#include <libavutil/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SHA256_BITS = 256, SHA256_BYTES = 32, CHUNK_BYTES = 1 << 20, SETTLING_S = 2 };
enum { N_SAMPLES = 48, SAMPLE_BYTES = 4096 };

static struct mface_key identify(const struct stat *stat)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    mface_hasher_add_u64(&hasher, (uint64_t)stat->st_dev);
    mface_hasher_add_u64(&hasher, (uint64_t)stat->st_ino);
    mface_hasher_add_u64(&hasher, (uint64_t)stat->st_size);
    mface_hasher_add_u64(&hasher, (uint64_t)stat->st_mtim.tv_sec);
    mface_hasher_add_u64(&hasher, (uint64_t)stat->st_mtim.tv_nsec);
    mface_hasher_add_u64(&hasher, (uint64_t)stat->st_ctim.tv_sec);
    mface_hasher_add_u64(&hasher, (uint64_t)stat->st_ctim.tv_nsec);
    return mface_hasher_finish(&hasher);
}

static enum mface_status map_descriptor(const char *path, int fd, struct mface_model_file *out)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return mface_fail(MFACE_ERR_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(stat.st_mode) || stat.st_size == 0)
        return mface_fail(MFACE_ERR_FORMAT, "%s: not an ONNX file: %s", path,
            S_ISREG(stat.st_mode) ? "it is empty" : "no regular file");
    void *data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED)
        return mface_fail(MFACE_ERR_IO, "%s: cannot map: %s", path, strerror(errno));
    *out = (struct mface_model_file) {
        .data = data,
        .size = (size_t)stat.st_size,
        .fd = fd,
        .identity = identify(&stat),
        .is_settled = time(NULL) - stat.st_ctim.tv_sec > SETTLING_S,
    };
    return MFACE_OK;
}

enum mface_status mface_model_file_open(const char *path, struct mface_model_file *out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO would wait for a writer
    if (fd < 0)
        return mface_fail(errno == ENOENT || errno == ENOTDIR ? MFACE_ERR_NOENT : MFACE_ERR_IO,
            "%s: %s", path, strerror(errno));
    const enum mface_status status = map_descriptor(path, fd, out);
    if (status != MFACE_OK)
        close(fd);
    return status;
}

void mface_model_file_close(struct mface_model_file *file)
{
    if (file->data) {
        munmap((void *)(uintptr_t)file->data, file->size);
        close(file->fd);
    }
    *file = (struct mface_model_file) { 0 };
}

void mface_model_file_release_pages(const struct mface_model_file *file)
{
    /* Only a hint: the mapping is private and was never written to. */
    (void)madvise((void *)(uintptr_t)file->data, file->size, MADV_DONTNEED);
}

/* Calls `add` with the file's bytes in order. */
static enum mface_status read_through(const struct mface_model_file *file,
    void (*add)(void *user, const void *data, size_t bytes), void *user)
{
    char *chunk = mface_mem_alloc(CHUNK_BYTES);
    if (!chunk)
        return mface_fail_nomem("model file");
    size_t at = 0;
    while (at < file->size) {
        const ssize_t n = pread(file->fd, chunk, CHUNK_BYTES, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        add(user, chunk, (size_t)n);
        at += (size_t)n;
    }
    mface_mem_free(chunk);
    return at >= file->size
               ? MFACE_OK
               : mface_fail(MFACE_ERR_IO, "the model file became shorter while it was read");
}

static void add_to_key(void *user, const void *data, size_t bytes)
{
    mface_hasher_add_bytes(user, data, bytes);
}

enum mface_status mface_model_file_key(const struct mface_model_file *file, struct mface_key *key)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    MFACE_TRY(read_through(file, add_to_key, &hasher));
    *key = mface_hasher_finish(&hasher);
    return MFACE_OK;
}

static void add_to_sha(void *user, const void *data, size_t bytes)
{
    av_sha_update(user, data, bytes);
}

enum mface_status mface_model_file_sha256(const struct mface_model_file *file, char sha256[65])
{
    struct AVSHA *sha = av_sha_alloc();
    if (!sha || av_sha_init(sha, SHA256_BITS) < 0) {
        av_free(sha);
        return mface_fail_nomem("SHA-256");
    }
    uint8_t digest[SHA256_BYTES];
    const enum mface_status status = read_through(file, add_to_sha, sha);
    av_sha_final(sha, digest);
    av_free(sha);
    for (int i = 0; i < SHA256_BYTES; i++)
        snprintf(sha256 + 2 * i, 3, "%02x", digest[i]);
    return status;
}

/* What a file's digests are remembered with: bytes from all over it. */
struct record {
    struct mface_key samples;
    struct mface_model_digests digests;
};

static struct mface_key sample(const struct mface_model_file *file)
{
    char bytes[SAMPLE_BYTES];
    struct mface_hasher hasher;
    const size_t last = file->size > SAMPLE_BYTES ? file->size - SAMPLE_BYTES : 0;
    mface_hasher_init(&hasher);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        const ssize_t n = pread(file->fd, bytes, sizeof bytes, (off_t)(last / (N_SAMPLES - 1) * i));
        mface_hasher_add_bytes(&hasher, bytes, n > 0 ? (size_t)n : 0);
    }
    return mface_hasher_finish(&hasher);
}

bool mface_model_file_recall(
    const struct mface_model_file *file, const char *folder, struct mface_model_digests *digests)
{
    struct record record;
    if (!mface_memory_read(folder, "digest", file->identity, &record, sizeof record) ||
        !mface_key_equal(record.samples, sample(file)))
        return false;
    *digests = record.digests;
    return true;
}

void mface_model_file_remember(const struct mface_model_file *file, const char *folder,
    const struct mface_model_digests *digests)
{
    struct record record;
    memset(&record, 0, sizeof record); // padding is written too
    if (!file->is_settled)
        return;
    record.samples = sample(file);
    memcpy(record.digests.sha256, digests->sha256, sizeof record.digests.sha256);
    record.digests.key = digests->key;
    mface_memory_write(folder, "digest", file->identity, &record, sizeof record);
}

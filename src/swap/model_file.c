/* Mapping and identifying a model file. */
#include "swap/model_file.h"

#include "base/hash.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/mem.h>
#include <libavutil/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHA256_BITS = 256, SHA256_BYTES = 32 };

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
    *out = (struct mface_model_file) { .data = data, .size = (size_t)stat.st_size };
    return MFACE_OK;
}

enum mface_status mface_model_file_open(const char *path, struct mface_model_file *out)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mface_fail(errno == ENOENT || errno == ENOTDIR ? MFACE_ERR_NOENT : MFACE_ERR_IO,
            "%s: %s", path, strerror(errno));
    const enum mface_status status = map_descriptor(path, fd, out);
    close(fd);
    return status;
}

void mface_model_file_close(struct mface_model_file *file)
{
    if (file->data)
        munmap((void *)(uintptr_t)file->data, file->size);
    *file = (struct mface_model_file) { 0 };
}

void mface_model_file_release_pages(const struct mface_model_file *file)
{
    /* Only a hint: the mapping is private and was never written to. */
    (void)madvise((void *)(uintptr_t)file->data, file->size, MADV_DONTNEED);
}

enum mface_status mface_model_file_digest(
    const struct mface_model_file *file, struct mface_model_digests *out)
{
    struct AVSHA *sha = av_sha_alloc();
    if (!sha || av_sha_init(sha, SHA256_BITS) < 0) {
        av_free(sha);
        return mface_fail_nomem("SHA-256");
    }
    uint8_t digest[SHA256_BYTES];
    av_sha_update(sha, file->data, file->size);
    av_sha_final(sha, digest);
    av_free(sha);
    for (int i = 0; i < SHA256_BYTES; i++)
        snprintf(out->sha256 + 2 * i, 3, "%02x", digest[i]);
    out->key = mface_key_from_bytes(file->data, file->size);
    return MFACE_OK;
}

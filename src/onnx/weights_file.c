#include "onnx/weights_file.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "MFACEWT1" read as little-endian; a machine of the other byte order sees another number. */
static const uint64_t magic = UINT64_C(0x315457454341464d);

enum { BLOCK_ALIGN = 4096, BLOCKS_MAX = 1 << 16, READ_BYTES = 1 << 18 };

struct header {
    uint64_t magic;
    uint64_t n_blocks;
    uint64_t file_bytes;
    struct mface_key identity;
    struct mface_key table;  // checksum of the table
    struct mface_key header; // checksum of all before it
};

struct entry {
    struct mface_key source, layout, checksum;
    uint64_t offset, bytes;
};

static struct mface_key header_checksum(const struct header *header)
{
    return mface_key_from_bytes(header, offsetof(struct header, header));
}

static bool header_holds(const struct header *header, struct mface_key identity, size_t bytes)
{
    return header->magic == magic && mface_key_equal(header->header, header_checksum(header)) &&
           mface_key_equal(header->identity, identity) && header->file_bytes == bytes &&
           header->n_blocks <= BLOCKS_MAX &&
           sizeof *header + header->n_blocks * sizeof(struct entry) <= bytes;
}

static bool entry_fits(const struct entry *entry, size_t bytes)
{
    return entry->offset % BLOCK_ALIGN == 0 && entry->offset <= bytes &&
           entry->bytes <= bytes - entry->offset;
}

static bool read_at(int fd, uint64_t offset, void *data, size_t bytes)
{
    char *at = data;
    while (bytes) {
        const ssize_t n = pread(fd, at, bytes, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        offset += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return true;
}

static struct mface_weight_block block_of(const struct entry *entry)
{
    return (struct mface_weight_block) {
        .source = entry->source,
        .layout = entry->layout,
        .checksum = entry->checksum,
        .offset = entry->offset,
        .bytes = (size_t)entry->bytes,
    };
}

/* Fills *blocks from a table that has been read. */
static bool list_blocks(
    const struct header *header, const struct entry *table, struct mface_weight_block **blocks)
{
    const size_t n = (size_t)header->n_blocks;
    if (!mface_key_equal(header->table, mface_key_from_bytes(table, n * sizeof *table)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!entry_fits(&table[i], (size_t)header->file_bytes))
            return false;
    *blocks = mface_mem_calloc(n, sizeof **blocks);
    for (size_t i = 0; *blocks && i < n; i++)
        (*blocks)[i] = block_of(&table[i]);
    return *blocks != NULL;
}

static bool read_table(int fd, struct mface_key identity, struct mface_weights_file *file,
    struct mface_weight_block **blocks)
{
    struct header header;
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size < (off_t)sizeof header ||
        !read_at(fd, 0, &header, sizeof header) ||
        !header_holds(&header, identity, (size_t)info.st_size) || !header.n_blocks)
        return false;
    const size_t bytes = (size_t)header.n_blocks * sizeof(struct entry);
    struct entry *table = mface_mem_alloc(bytes);
    const bool ok =
        table && read_at(fd, sizeof header, table, bytes) && list_blocks(&header, table, blocks);
    mface_mem_free(table);
    *file = (struct mface_weights_file) { .fd = fd, .n_blocks = ok ? header.n_blocks : 0 };
    return ok;
}

bool mface_weights_file_open(const char *path, struct mface_key identity,
    struct mface_weights_file *file, struct mface_weight_block **blocks)
{
    *file = (struct mface_weights_file) { 0 };
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (read_table(fd, identity, file, blocks))
        return true;
    close(fd);
    return false;
}

void mface_weights_file_close(struct mface_weights_file *file)
{
    if (file->n_blocks)
        close(file->fd);
    *file = (struct mface_weights_file) { 0 };
}

/* Hashed a piece at a time, while it is in the cache. */
static bool read_block(int fd, const struct mface_weight_block *block)
{
    struct mface_hasher hasher;
    mface_hasher_init(&hasher);
    for (size_t at = 0; at < block->bytes; at += READ_BYTES) {
        const size_t n = block->bytes - at < READ_BYTES ? block->bytes - at : READ_BYTES;
        if (!read_at(fd, block->offset + at, (char *)block->data + at, n))
            return false;
        mface_hasher_add_bytes(&hasher, (char *)block->data + at, n);
    }
    return mface_key_equal(mface_hasher_finish(&hasher), block->checksum);
}

void mface_weights_file_read(
    const struct mface_weights_file *file, struct mface_weight_block *block)
{
    block->data = mface_mem_alloc_huge(block->bytes);
    block->state = MFACE_WEIGHT_SOUND;
    if (block->data && read_block(file->fd, block))
        return;
    mface_mem_free(block->data);
    block->data = NULL;
    block->state = MFACE_WEIGHT_DAMAGED;
}

static enum mface_status write_all(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes) {
        const ssize_t n = write(fd, at, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? MFACE_ERR_NOSPC
                                                                        : MFACE_ERR_IO;
        at += n;
        bytes -= (size_t)n;
    }
    return MFACE_OK;
}

static enum mface_status write_block(int fd, const struct entry *entry, const void *data)
{
    if (lseek(fd, (off_t)entry->offset, SEEK_SET) < 0)
        return MFACE_ERR_IO;
    return write_all(fd, data, (size_t)entry->bytes);
}

/* Fills in the table of the used blocks; returns the length of the file. */
static uint64_t lay_out(const struct mface_weight_block *blocks, size_t n_blocks,
    struct entry *table, uint64_t *n_entries)
{
    uint64_t n = 0, at;
    for (size_t i = 0; i < n_blocks; i++)
        n += blocks[i].is_used;
    *n_entries = n;
    at = sizeof(struct header) + n * sizeof *table;
    for (size_t i = 0; i < n_blocks; i++) {
        if (!blocks[i].is_used)
            continue;
        at = mface_align_up(at, BLOCK_ALIGN);
        *table++ = (struct entry) {
            .source = blocks[i].source,
            .layout = blocks[i].layout,
            .checksum = mface_key_from_bytes(blocks[i].data, blocks[i].bytes),
            .offset = at,
            .bytes = blocks[i].bytes,
        };
        at += blocks[i].bytes;
    }
    return at;
}

static enum mface_status write_file(int fd, struct mface_key identity,
    const struct mface_weight_block *blocks, size_t n_blocks, struct entry *table)
{
    struct header header = { .magic = magic, .identity = identity };
    header.file_bytes = lay_out(blocks, n_blocks, table, &header.n_blocks);
    header.table = mface_key_from_bytes(table, (size_t)header.n_blocks * sizeof *table);
    header.header = header_checksum(&header);
    if (header.n_blocks > BLOCKS_MAX)
        return MFACE_ERR_NOSPC;
    MFACE_TRY(write_all(fd, &header, sizeof header));
    MFACE_TRY(write_all(fd, table, (size_t)header.n_blocks * sizeof *table));
    const struct entry *entry = table;
    for (size_t i = 0; i < n_blocks; i++)
        if (blocks[i].is_used)
            MFACE_TRY(write_block(fd, entry++, blocks[i].data));
    /* Blocks of no bytes at the end leave the file short. */
    return ftruncate(fd, (off_t)header.file_bytes) == 0 ? MFACE_OK : MFACE_ERR_IO;
}

/* Two processes may write at once: each has a name of its own, and the last rename stays. Nothing
 * is flushed to the disk: a file torn by a power cut fails its checksums. */
enum mface_status mface_weights_file_write(const char *path, struct mface_key identity,
    const struct mface_weight_block *blocks, size_t n_blocks)
{
    char temporary[4096];
    const int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    struct entry *table = mface_mem_calloc(n_blocks + 1, sizeof *table);
    if (!table)
        return MFACE_ERR_NOMEM;
    const int fd = (size_t)length < sizeof temporary ? mkostemp(temporary, O_CLOEXEC) : -1;
    enum mface_status status = MFACE_ERR_IO;
    if (fd >= 0) {
        status = write_file(fd, identity, blocks, n_blocks, table);
        if (close(fd) != 0 || (status == MFACE_OK && rename(temporary, path) != 0))
            status = MFACE_ERR_IO;
        if (status != MFACE_OK)
            unlink(temporary);
    }
    mface_mem_free(table);
    return status;
}

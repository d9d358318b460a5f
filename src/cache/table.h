/* The table of entries: where every entry lives, by number.
 *
 * One reservation of addresses for CACHE_TABLE_MAX entries; pages of it become memory when entries
 * are needed and are given back when trimmed. An entry never moves and its address stays readable
 * as long as the table lives, so a late reader of an entry number needs no protection. Number 0 is
 * no entry. Guarded by the cache's ledger lock. */
#ifndef MFACE_CACHE_TABLE_H
#define MFACE_CACHE_TABLE_H

#include "cache/entry.h"

enum {
    CACHE_TABLE_MAX = 1 << 24,
    CACHE_TABLE_PAGE_BYTES = 4096,
    CACHE_TABLE_PER_PAGE = CACHE_TABLE_PAGE_BYTES / (int)sizeof(struct mface_blob),
    CACHE_TABLE_PAGES = CACHE_TABLE_MAX / CACHE_TABLE_PER_PAGE,
};

struct cache_table {
    struct mface_blob *entries;
    uint8_t *page_in_use; // one byte a page, part of the same reservation
    uint32_t free;        // first unused entry on a page in use, chained by `newer`; 0: none
    uint32_t next_page;   // no page below it is unused
    int64_t n_pages, n_used;
};

bool cache_table_init(struct cache_table *table);
void cache_table_clear(struct cache_table *table);

/* An entry in state FREE with undefined fields, or NULL when all are in use. */
struct mface_blob *cache_table_take(struct cache_table *table);
void cache_table_give(struct cache_table *table, struct mface_blob *entry); // in state FREE

/* Returns pages without entries to the system. */
void cache_table_trim(struct cache_table *table);

int64_t cache_table_bytes(const struct cache_table *table);

#endif

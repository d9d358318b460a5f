/* See table.h. */
#include "cache/table.h"

#include <sys/mman.h>

static const size_t ENTRY_BYTES = (size_t)CACHE_TABLE_MAX * sizeof(struct mface_blob);

bool cache_table_init(struct cache_table *table)
{
    *table = (struct cache_table) { 0 };
    void *memory = mmap(NULL, ENTRY_BYTES + CACHE_TABLE_PAGES, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    table->entries = memory;
    table->page_in_use = (uint8_t *)memory + ENTRY_BYTES;
    return true;
}

void cache_table_clear(struct cache_table *table)
{
    if (table->entries)
        munmap(table->entries, ENTRY_BYTES + CACHE_TABLE_PAGES);
    *table = (struct cache_table) { 0 };
}

static void chain_free(struct cache_table *table, uint32_t id)
{
    table->entries[id].newer = table->free;
    table->free = id;
}

static bool open_page(struct cache_table *table)
{
    uint32_t page = table->next_page;
    while (page < CACHE_TABLE_PAGES && table->page_in_use[page])
        page++;
    table->next_page = page;
    if (page == CACHE_TABLE_PAGES)
        return false;
    table->page_in_use[page] = 1;
    table->n_pages++;
    for (uint32_t i = CACHE_TABLE_PER_PAGE; i-- > (page == 0);) // number 0 is none
        chain_free(table, page * CACHE_TABLE_PER_PAGE + i);
    return true;
}

struct mface_blob *cache_table_take(struct cache_table *table)
{
    if (!table->free && !open_page(table))
        return NULL;
    struct mface_blob *entry = &table->entries[table->free];
    table->free = entry->newer;
    table->n_used++;
    return entry;
}

void cache_table_give(struct cache_table *table, struct mface_blob *entry)
{
    chain_free(table, (uint32_t)(entry - table->entries));
    table->n_used--;
}

static bool page_is_free(const struct cache_table *table, uint32_t page)
{
    const struct mface_blob *entries = &table->entries[page * CACHE_TABLE_PER_PAGE];
    for (int i = 0; i < CACHE_TABLE_PER_PAGE; i++)
        if (atomic_load_explicit(&entries[i].meta, memory_order_relaxed) & CACHE_STATE_MASK)
            return false;
    return true;
}

/* The chain is built anew, from what remains. */
void cache_table_trim(struct cache_table *table)
{
    table->free = 0;
    table->next_page = 0;
    int64_t n_left = table->n_pages;
    for (uint32_t page = 0; n_left > 0; page++) {
        if (!table->page_in_use[page])
            continue;
        n_left--;
        struct mface_blob *entries = &table->entries[page * CACHE_TABLE_PER_PAGE];
        if (page_is_free(table, page)) {
            madvise(entries, CACHE_TABLE_PAGE_BYTES, MADV_DONTNEED);
            table->page_in_use[page] = 0;
            table->n_pages--;
            continue;
        }
        for (uint32_t i = (page == 0); i < CACHE_TABLE_PER_PAGE; i++)
            if (!(atomic_load_explicit(&entries[i].meta, memory_order_relaxed) & CACHE_STATE_MASK))
                chain_free(table, page * CACHE_TABLE_PER_PAGE + i);
    }
}

int64_t cache_table_bytes(const struct cache_table *table)
{
    return table->n_pages * CACHE_TABLE_PAGE_BYTES;
}

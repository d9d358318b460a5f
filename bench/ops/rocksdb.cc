/* RocksDB's block caches, the peers. C++ because its C API lacks HyperClockCache; values lie in
 * memory of malloc's, as RocksDB's blocks do. */
#include "backend.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <rocksdb/cache.h>

using rocksdb::Cache;
using rocksdb::Slice;

namespace {

struct Peer {
    std::shared_ptr<Cache> cache;
};

void *open_hcc(size_t budget_bytes, size_t entry_bytes)
{
    return new Peer {
        rocksdb::HyperClockCacheOptions(budget_bytes, entry_bytes).MakeSharedCache()
    };
}

void *open_lru(size_t budget_bytes, size_t)
{
    return new Peer { rocksdb::NewLRUCache(budget_bytes) };
}

void close_peer(void *cache)
{
    delete static_cast<Peer *>(cache);
}

Slice slice_of(const uint64_t key[2])
{
    return Slice(reinterpret_cast<const char *>(key), 16);
}

bool get(void *cache, uint64_t n)
{
    Cache *peer = static_cast<Peer *>(cache)->cache.get();
    uint64_t key[2];
    backend_key(n, key);
    Cache::Handle *handle = peer->Lookup(slice_of(key));
    if (!handle)
        return false;
    (void)*static_cast<const volatile uint8_t *>(peer->Value(handle));
    peer->Release(handle);
    return true;
}

void drop(const Slice &, void *value)
{
    free(value);
}

void insert(void *cache, uint64_t n, size_t entry_bytes)
{
    Cache *peer = static_cast<Peer *>(cache)->cache.get();
    uint64_t key[2];
    backend_key(n, key);
    void *value = malloc(entry_bytes);
    if (!value)
        return;
    memset(value, static_cast<int>(n), 64);
    Cache::Handle *handle = nullptr;
    if (peer->Insert(slice_of(key), value, entry_bytes, drop, &handle).ok() && handle)
        peer->Release(handle);
}

} // namespace

extern "C" const struct backend backend_hcc = { "HyperClockCache", open_hcc, close_peer, get,
    insert };
extern "C" const struct backend backend_lru = { "LRUCache", open_lru, close_peer, get, insert };

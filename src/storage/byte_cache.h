// Pieces of files that are worth keeping, the latest used ones, in bounded memory.
#pragma once

#include <compare>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "trapeze/base/mutex.h"
#include "trapeze/base/types.h"

namespace trapeze::storage {

// Any thread.
class ByteCache {
public:
    struct Key {
        u32 image;  // one of those that share the cache
        u64 place;  // within it
        auto operator<=>(const Key&) const = default;
    };
    using Bytes = std::shared_ptr<const std::vector<u8>>;

    // Keeps no more than `most_bytes` of content.
    explicit ByteCache(u64 most_bytes) : most_bytes_(most_bytes) {}

    // nullptr if it is not there.
    Bytes find(const Key& key);
    // Whoever comes second with the same key has read the same.
    void add(const Key& key, Bytes bytes);

private:
    struct Entry {
        Key key;
        Bytes bytes;
    };

    const u64 most_bytes_;
    Mutex mutex_;                                  // leaf
    std::list<Entry> entries_ GUARDED_BY(mutex_);  // the latest used one first
    std::map<Key, std::list<Entry>::iterator> index_ GUARDED_BY(mutex_);
    u64 bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace trapeze::storage

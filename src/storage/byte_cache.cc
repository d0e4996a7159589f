#include "byte_cache.h"

namespace trapeze::storage {

ByteCache::Bytes ByteCache::find(const Key& key) {
    const LockGuard guard(mutex_);
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->bytes;
}

void ByteCache::add(const Key& key, Bytes bytes) {
    const LockGuard guard(mutex_);
    if (index_.contains(key)) return;
    bytes_ += bytes->size();
    entries_.push_front({key, std::move(bytes)});
    index_.emplace(key, entries_.begin());
    while (bytes_ > most_bytes_) {
        bytes_ -= entries_.back().bytes->size();
        index_.erase(entries_.back().key);
        entries_.pop_back();
    }
}

}  // namespace trapeze::storage

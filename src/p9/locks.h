// Locks of byte ranges. The guest's kernel decides between its own processes; what is here is for others who
// use the same files. An owner has its locks whichever of its descriptors it uses, so each owner of locks of
// a file has an open file description here, and the locks are that description's. It lives as long as the
// open files by which it locked, which is how long the guest's kernel lets the locks live.
#pragma once

#include <map>
#include <tuple>

#include "fids.h"

namespace trapeze::p9 {

struct LockRequest {
    u8 type = 0;  // LockType
    u64 start = 0;
    u64 length = 0;  // 0: up to the end, whatever that becomes
    u32 process = 0;
    std::string client = {};
};

struct LockOwner {
    Held file;
    bool writable = false;
};

// Any thread.
class LockTable {
public:
    explicit LockTable(const Tree& tree) : tree_(tree) {}

    // Never waits: LockStatus::Blocked lets the guest ask again.
    OrErrno<LockStatus> set(const Node& node, OpenFile& file, const LockRequest& request);
    // The lock that is in the way, or one with LockType::Unlock.
    OrErrno<LockRequest> test(const Node& node, const LockRequest& request);

private:
    using Key = std::tuple<dev_t, ino_t, u32, std::string>;
    using OwnerPtr = std::shared_ptr<const LockOwner>;

    OwnerPtr find(const Key& key);
    OwnerPtr add(const Key& key, OwnerPtr owner);  // or the one that was faster
    OrErrno<OwnerPtr> open(const Node& node) const;

    const Tree& tree_;
    Mutex mutex_;  // leaf
    std::map<Key, std::weak_ptr<const LockOwner>> owners_ GUARDED_BY(mutex_);
    std::size_t sweep_at_ GUARDED_BY(mutex_) = 64;  // entries, some of which may be of owners that are gone
};

}  // namespace trapeze::p9

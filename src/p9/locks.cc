#include "locks.h"

#include <fcntl.h>

#include <algorithm>
#include <limits>

namespace trapeze::p9 {
namespace {

constexpr u64 kMostOffset = std::numeric_limits<s64>::max();
constexpr std::size_t kMostClientBytes = 256;

OrErrno<struct flock> to_host(const LockRequest& request) {
    if (request.type > static_cast<u8>(LockType::Unlock) || request.client.size() > kMostClientBytes)
        return error(EINVAL);
    if (request.start > kMostOffset || request.length > kMostOffset - request.start) return error(EINVAL);
    constexpr short kTypes[] = {F_RDLCK, F_WRLCK, F_UNLCK};
    struct flock range {};
    range.l_type = kTypes[request.type];
    range.l_whence = SEEK_SET;
    range.l_start = static_cast<off_t>(request.start);
    range.l_len = static_cast<off_t>(request.length);
    return range;
}

}  // namespace

LockTable::OwnerPtr LockTable::find(const Key& key) {
    LockGuard lock(mutex_);
    const auto found = owners_.find(key);
    return found == owners_.end() ? nullptr : found->second.lock();
}

LockTable::OwnerPtr LockTable::add(const Key& key, OwnerPtr owner) {
    LockGuard lock(mutex_);
    if (owners_.size() >= sweep_at_) {
        std::erase_if(owners_, [](const auto& entry) { return entry.second.expired(); });
        sweep_at_ = std::max<std::size_t>(64, owners_.size() * 2);
    }
    std::weak_ptr<const LockOwner>& entry = owners_[key];
    if (OwnerPtr faster = entry.lock()) return faster;
    entry = owner;
    return owner;
}

OrErrno<LockTable::OwnerPtr> LockTable::open(const Node& node) const {
    const bool writable = node.is_regular() && !tree_.read_only();
    if (writable) {
        if (auto file = tree_.open(node, O_RDWR))
            return std::make_shared<const LockOwner>(std::move(*file), true);
    }
    Held file = TRY(tree_.open(node, O_RDONLY));
    return std::make_shared<const LockOwner>(std::move(file), false);
}

OrErrno<LockStatus> LockTable::set(const Node& node, OpenFile& file, const LockRequest& request) {
    struct flock range = TRY(to_host(request));
    const Key key(node.device(), node.inode(), request.process, request.client);
    OwnerPtr owner = find(key);
    if (range.l_type == F_UNLCK) {
        if (owner == nullptr) return LockStatus::Success;
        const bool all = request.start == 0 && request.length == 0;
        if (all) {
            LockGuard lock(file.owners_mutex);
            file.owners.erase(owner);
        }
        return ::fcntl(owner->file.get(), F_OFD_SETLK, &range) == 0 ? LockStatus::Success : LockStatus::Error;
    }
    if (owner == nullptr) {
        auto opened = open(node);
        if (!opened) return LockStatus::Error;
        owner = add(key, std::move(*opened));
    }
    {
        LockGuard lock(file.owners_mutex);
        file.owners.insert(owner);
    }
    // flock() locks exclusively what is open for reading; that is not possible here.
    if (range.l_type == F_WRLCK && !owner->writable) range.l_type = F_RDLCK;
    if (::fcntl(owner->file.get(), F_OFD_SETLK, &range) == 0) return LockStatus::Success;
    switch (errno) {
        case EAGAIN:
        case EACCES: return LockStatus::Blocked;
        case ENOLCK:
        case ENOSYS:
        case EOPNOTSUPP: return LockStatus::Success;  // a file system without locks
        default: return LockStatus::Error;
    }
}

OrErrno<LockRequest> LockTable::test(const Node& node, const LockRequest& request) {
    struct flock range = TRY(to_host(request));
    LockRequest answer = request;
    answer.type = static_cast<u8>(LockType::Unlock);
    if (range.l_type == F_UNLCK) return answer;
    OwnerPtr owner = find(Key(node.device(), node.inode(), request.process, request.client));
    if (owner == nullptr) owner = TRY(open(node));
    if (::fcntl(owner->file.get(), F_OFD_GETLK, &range) != 0 || range.l_type == F_UNLCK) return answer;
    answer.type = static_cast<u8>(range.l_type == F_RDLCK ? LockType::Read : LockType::Write);
    answer.start = static_cast<u64>(range.l_start);
    answer.length = static_cast<u64>(range.l_len);
    answer.process = 0;  // nobody that the guest knows
    return answer;
}

}  // namespace trapeze::p9

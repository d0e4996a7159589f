#include "fids.h"

#include <atomic>

namespace trapeze::p9 {
namespace {

// Of up to 64 KiB each.
constexpr unsigned kMostXattrBuffers = 1024;
std::atomic<unsigned> xattr_buffers{0};

}  // namespace

OrErrno<std::shared_ptr<XattrBuffer>> XattrBuffer::create() {
    std::shared_ptr<XattrBuffer> buffer(new XattrBuffer);
    if (xattr_buffers.fetch_add(1, std::memory_order_relaxed) >= kMostXattrBuffers) return error(ENOMEM);
    return buffer;
}

XattrBuffer::~XattrBuffer() {
    xattr_buffers.fetch_sub(1, std::memory_order_relaxed);
}

OrErrno<FidPtr> FidTable::get(u32 number) const {
    LockGuard lock(mutex_);
    const auto found = fids_.find(number);
    if (found == fids_.end()) return error(EBADF);
    return found->second;
}

OrErrno<> FidTable::add(u32 number, Fid fid) {
    auto added = std::make_shared<const Fid>(std::move(fid));
    LockGuard lock(mutex_);
    if (number == kNoFid) return error(EINVAL);
    if (fids_.size() >= kMost) return error(EMFILE);
    if (!fids_.emplace(number, std::move(added)).second) return error(EINVAL);
    return {};
}

OrErrno<> FidTable::replace(u32 number, const FidPtr& old, Fid fid) {
    auto next = std::make_shared<const Fid>(std::move(fid));
    LockGuard lock(mutex_);
    const auto found = fids_.find(number);
    if (found == fids_.end() || found->second != old) return error(EINVAL);
    found->second = std::move(next);
    return {};
}

OrErrno<FidPtr> FidTable::remove(u32 number) {
    LockGuard lock(mutex_);
    const auto found = fids_.find(number);
    if (found == fids_.end()) return error(EBADF);
    FidPtr removed = std::move(found->second);
    fids_.erase(found);
    return removed;
}

void FidTable::clear() {
    std::unordered_map<u32, FidPtr> closed;
    LockGuard lock(mutex_);
    closed.swap(fids_);
}

void FidTable::for_each_node(const std::function<void(Node&)>& visit) const {
    LockGuard lock(mutex_);
    for (const auto& [number, fid] : fids_) visit(*fid->node);
}

}  // namespace trapeze::p9

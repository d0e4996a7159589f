// Fids: the numbers by which the guest knows files.
#pragma once

#include <functional>
#include <set>
#include <unordered_map>

#include "tree.h"

namespace trapeze::p9 {

// locks.h
struct LockOwner;

struct OpenFile {
    explicit OpenFile(Held open) : fd(std::move(open)) {}
    const Held fd;
    Mutex owners_mutex;  // leaf
    // Of locks that were made through it: when the last file of an owner is closed, its locks are gone.
    std::set<std::shared_ptr<const LockOwner>> owners GUARDED_BY(owners_mutex);

    Mutex position;  // a directory's, while it is read; before DeviceNumbers'
};

// An extended attribute, or a list of them, that is read or written through a fid of its own.
class XattrBuffer {
public:
    // Process-wide, as the memory is.
    static OrErrno<std::shared_ptr<XattrBuffer>> create();
    ~XattrBuffer();

    bool writing = false;
    std::string name;  // written: to what
    u32 size = 0;      // written: as announced
    int flags = 0;

    Mutex mutex;  // leaf
    std::vector<u8> bytes GUARDED_BY(mutex);

private:
    XattrBuffer() = default;
};

// Does not change: a fid that is opened, for example, becomes another one. So requests that are answered at
// the same time need not care.
struct Fid {
    u32 uid = 0;  // who attached
    NodePtr node;
    std::shared_ptr<OpenFile> file = nullptr;      // Tlopen, Tlcreate
    std::shared_ptr<XattrBuffer> xattr = nullptr;  // Txattrwalk, Txattrcreate

    bool in_use() const { return file != nullptr || xattr != nullptr; }
};
using FidPtr = std::shared_ptr<const Fid>;

// Any thread.
class FidTable {
public:
    // EBADF if there is none.
    OrErrno<FidPtr> get(u32 number) const;
    // EINVAL if there is one, EMFILE if there are too many.
    OrErrno<> add(u32 number, Fid fid);
    // EINVAL if the number is no longer `old`'s.
    OrErrno<> replace(u32 number, const FidPtr& old, Fid fid);
    OrErrno<FidPtr> remove(u32 number);
    void clear();
    void for_each_node(const std::function<void(Node&)>& visit) const;

private:
    static constexpr std::size_t kMost = 1 << 20;

    mutable Mutex mutex_;
    std::unordered_map<u32, FidPtr> fids_ GUARDED_BY(mutex_);
};

}  // namespace trapeze::p9

// What files are: attributes, extended ones, and the file system.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "handlers.h"

namespace trapeze::p9 {
namespace {

constexpr u32 kMostXattr = 64 << 10;
constexpr u64 kMostNanoseconds = 999'999'999;

struct Times {
    u64 seconds = 0;
    u64 nanoseconds = 0;
};

OrErrno<timespec> to_host(const Times& times, u32 valid, u32 set_now, u32 given) {
    if ((valid & set_now) == 0) return timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT};
    if ((valid & given) == 0) return timespec{.tv_sec = 0, .tv_nsec = UTIME_NOW};
    if (times.nanoseconds > kMostNanoseconds) return error(EINVAL);
    return timespec{.tv_sec = static_cast<time_t>(times.seconds),
                    .tv_nsec = static_cast<long>(times.nanoseconds)};
}

OrErrno<> set_times(const Node& node, const timespec (&times)[2]) {
    // Linux before 5.8 takes no descriptors with O_PATH; there, times of symbolic links stay.
    if (::utimensat(node.fd(), "", times, AT_EMPTY_PATH) == 0) return {};
    if (errno != EINVAL && errno != EBADF) return error(errno);
    if (::utimensat(AT_FDCWD, PathOf(node.fd()).c_str(), times, 0) != 0) return error(errno);
    return {};
}

OrErrno<> truncate(const Fid& fid, u64 size) {
    if (!fid.node->is_regular()) return error(fid.node->is_directory() ? EISDIR : EINVAL);
    // Whoever has it open for writing may, whatever its permissions are by now.
    if (fid.file != nullptr && ::ftruncate(fid.file->fd.get(), static_cast<off_t>(size)) == 0) return {};
    if (::truncate(PathOf(fid.node->fd()).c_str(), static_cast<off_t>(size)) != 0) return error(errno);
    return {};
}

void put(Writer& out, const timespec& time) {
    out.put(static_cast<u64>(time.tv_sec));
    out.put(static_cast<u64>(time.tv_nsec));
}

}  // namespace

OrErrno<> get_attributes(Call& call) {
    const FidPtr fid = TRY(call.fid());
    (void)call.in.take<u64>();  // what is wanted; there is always the same
    TRY(call.in.end());
    const struct stat status = TRY(call.tree().status(*fid->node));
    const Qid qid = TRY(call.tree().qid(status));
    Writer& out = call.out;
    out.put(kBasicAttributes);
    out.put(qid);
    out.put(u32{status.st_mode});
    out.put(u32{status.st_uid});
    out.put(u32{status.st_gid});
    out.put(static_cast<u64>(status.st_nlink));
    out.put(static_cast<u64>(status.st_rdev));
    out.put(static_cast<u64>(status.st_size));
    out.put(static_cast<u64>(status.st_blksize));
    out.put(static_cast<u64>(status.st_blocks));
    put(out, status.st_atim);
    put(out, status.st_mtim);
    put(out, status.st_ctim);
    put(out, timespec{});  // birth
    out.put(u64{0});       // generation
    out.put(u64{0});       // data version
    return {};
}

OrErrno<> set_attributes(Call& call) {
    const FidPtr fid = TRY(call.fid());
    const u32 valid = call.in.take<u32>();
    const u32 mode = call.in.take<u32>();
    Owner owner;
    owner.uid = call.in.take<u32>();
    owner.gid = call.in.take<u32>();
    const u64 size = call.in.take<u64>();
    Times access, modification;
    access.seconds = call.in.take<u64>();
    access.nanoseconds = call.in.take<u64>();
    modification.seconds = call.in.take<u64>();
    modification.nanoseconds = call.in.take<u64>();
    TRY(call.in.end());
    const timespec atime = TRY(to_host(access, valid, set::kAtime, set::kAtimeGiven));
    const timespec mtime = TRY(to_host(modification, valid, set::kMtime, set::kMtimeGiven));
    const Node& node = *fid->node;
    if ((valid & set::kUid) == 0) owner.uid = kNoId;
    if ((valid & set::kGid) == 0) owner.gid = kNoId;
    // An owner that does not change is a change of ctime. A new one takes S_ISUID away: modes come after it.
    if ((valid & (set::kUid | set::kGid)) != 0 || valid == set::kCtime)
        TRY(call.tree().set_owner(node, owner));
    if ((valid & set::kMode) != 0) TRY(call.tree().set_mode(node, mode));
    if ((valid & set::kSize) != 0) TRY(truncate(*fid, size));
    if ((valid & (set::kAtime | set::kMtime)) != 0) TRY(set_times(node, {atime, mtime}));
    return {};
}

OrErrno<> stat_fs(Call& call) {
    const FidPtr fid = TRY(call.fid());
    TRY(call.in.end());
    struct statfs status {};
    if (::fstatfs(fid->node->fd(), &status) != 0) return error(errno);
    Writer& out = call.out;
    u64 id = 0;
    static_assert(sizeof status.f_fsid == sizeof id);
    std::memcpy(&id, &status.f_fsid, sizeof id);
    out.put(static_cast<u32>(status.f_type));
    out.put(static_cast<u32>(status.f_bsize));
    out.put(static_cast<u64>(status.f_blocks));
    out.put(static_cast<u64>(status.f_bfree));
    out.put(static_cast<u64>(status.f_bavail));
    out.put(static_cast<u64>(status.f_files));
    out.put(static_cast<u64>(status.f_ffree));
    out.put(id);
    out.put(static_cast<u32>(status.f_namelen));
    return {};
}

OrErrno<> xattr_walk(Call& call) {
    const FidPtr fid = TRY(call.fid());
    const u32 new_number = call.in.take<u32>();
    const std::string_view name = call.in.text();
    TRY(call.in.end());
    auto xattr = TRY(XattrBuffer::create());
    // Without a name, the list of names.
    auto bytes =
        TRY(name.empty() ? call.tree().xattr_names(*fid->node) : call.tree().xattr(*fid->node, name));
    const u64 size = bytes.size();
    {
        LockGuard lock(xattr->mutex);
        xattr->bytes = std::move(bytes);
    }
    TRY(call.session.fids().add(new_number, {.uid = fid->uid, .node = fid->node, .xattr = std::move(xattr)}));
    call.out.put(size);
    return {};
}

OrErrno<> xattr_create(Call& call) {
    const u32 number = call.in.take<u32>();
    const std::string_view name = call.in.text();
    const u64 size = call.in.take<u64>();
    const u32 flags = call.in.take<u32>();
    TRY(call.in.end());
    const FidPtr fid = TRY(call.session.fids().get(number));
    if (fid->in_use()) return error(EINVAL);
    if (size > kMostXattr) return error(E2BIG);
    if ((flags & ~u32{XATTR_CREATE | XATTR_REPLACE}) != 0) return error(EINVAL);
    auto xattr = TRY(XattrBuffer::create());
    xattr->writing = true;
    xattr->name = name;
    xattr->size = static_cast<u32>(size);
    xattr->flags = static_cast<int>(flags);
    return call.session.fids().replace(number, fid,
                                       {.uid = fid->uid, .node = fid->node, .xattr = std::move(xattr)});
}

OrErrno<> store_xattr(Tree& tree, const Fid& fid) {
    if (fid.xattr == nullptr || !fid.xattr->writing) return {};
    XattrBuffer& xattr = *fid.xattr;
    std::vector<u8> bytes;
    {
        LockGuard lock(xattr.mutex);
        bytes.swap(xattr.bytes);
    }
    if (bytes.size() != xattr.size) return error(EINVAL);
    // How Linux says that it is to go; an empty one has other flags.
    if (bytes.empty() && xattr.flags == XATTR_REPLACE) return tree.remove_xattr(*fid.node, xattr.name);
    return tree.set_xattr(*fid.node, xattr.name, bytes, xattr.flags);
}

}  // namespace trapeze::p9

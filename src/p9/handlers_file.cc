// What is open: files and directories.
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "handlers.h"

namespace trapeze::p9 {
namespace {

constexpr u64 kMostOffset = std::numeric_limits<s64>::max();

struct Flag {
    u32 guest;
    int host;
};
// The others change nothing, or are not the guest's business: O_DIRECT, for one, asks for aligned memory.
constexpr Flag kFlags[] = {
    {open_flag::kExclusive, O_EXCL}, {open_flag::kTruncate, O_TRUNC},      {open_flag::kAppend, O_APPEND},
    {open_flag::kDataSync, O_DSYNC}, {open_flag::kDirectory, O_DIRECTORY}, {open_flag::kSync, O_SYNC},
};

int host_flags(u32 guest) {
    int flags = static_cast<int>(guest & open_flag::kAccess);
    for (const Flag& flag : kFlags) {
        if ((guest & flag.guest) != 0) flags |= flag.host;
    }
    return flags;
}

// Most data of a read or write: whole pages, if the guest takes that many.
u32 io_unit(const Call& call) {
    constexpr u32 kPage = 4096;
    const u32 most = call.session.message_limit() - kIoHeaderBytes;
    return most < kPage ? most : most / kPage * kPage;
}

OrErrno<std::shared_ptr<OpenFile>> opened(const FidPtr& fid) {
    if (fid->file == nullptr) return error(EBADF);
    return fid->file;
}

OrErrno<u32> read_xattr(XattrBuffer& xattr, u64 offset, std::span<u8> to) {
    if (xattr.writing) return error(EINVAL);
    LockGuard lock(xattr.mutex);
    if (offset >= xattr.bytes.size()) return 0;
    const std::size_t count = std::min<std::size_t>(to.size(), xattr.bytes.size() - offset);
    std::memcpy(to.data(), &xattr.bytes[offset], count);
    return static_cast<u32>(count);
}

OrErrno<u32> write_xattr(XattrBuffer& xattr, u64 offset, std::span<const u8> from) {
    if (!xattr.writing) return error(EINVAL);
    LockGuard lock(xattr.mutex);
    if (offset > xattr.size || from.size() > xattr.size - offset) return error(ENOSPC);
    if (xattr.bytes.size() < offset + from.size()) xattr.bytes.resize(offset + from.size());
    std::ranges::copy(from, xattr.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    return static_cast<u32>(from.size());
}

// The kernel's record of a directory entry; glibc's struct dirent is the same.
static_assert(offsetof(dirent, d_name) == 19);

// Entries from `offset` on, as many as there is room for.
OrErrno<> put_entries(Call& call, const Node& directory, OpenFile& file, u64 offset, std::size_t room) {
    alignas(dirent) std::array<u8, 32 << 10> buffer;
    const std::size_t start = call.out.used();
    LockGuard lock(file.position);
    if (::lseek(file.fd.get(), static_cast<off_t>(offset), SEEK_SET) < 0) return error(errno);
    for (;;) {
        const long bytes = ::syscall(SYS_getdents64, file.fd.get(), buffer.data(), buffer.size());
        if (bytes < 0) return error(errno);
        if (bytes == 0) return {};
        for (std::size_t at = 0; at < static_cast<std::size_t>(bytes);) {
            const auto* entry = reinterpret_cast<const dirent*>(&buffer[at]);
            const std::string_view name = entry->d_name;
            const std::size_t needed = 13 + 8 + 1 + 2 + name.size();
            if (call.out.used() - start + needed > room)
                return call.out.used() == start ? OrErrno<>(error(EINVAL)) : OrErrno<>();
            // Nobody is told what is above the root.
            const bool above = name == ".." && directory.is(*call.tree().root());
            const Qid qid =
                TRY(call.tree().qid(directory, above ? directory.inode() : entry->d_ino, entry->d_type));
            call.out.put(qid);
            call.out.put(static_cast<u64>(entry->d_off));
            call.out.put(call.tree().hides_type(entry->d_type) ? u8{DT_UNKNOWN} : u8{entry->d_type});
            call.out.put(name);
            at += entry->d_reclen;
        }
    }
}

}  // namespace

OrErrno<> open(Call& call) {
    const u32 number = call.in.take<u32>();
    const u32 flags = call.in.take<u32>();
    TRY(call.in.end());
    const FidPtr fid = TRY(call.session.fids().get(number));
    if (fid->in_use()) return error(EINVAL);
    const bool changes = (flags & (open_flag::kAccess | open_flag::kTruncate)) != 0;
    if (changes && call.tree().read_only()) return error(EROFS);
    const Qid qid = TRY(call.tree().qid(*fid->node));
    Held file = TRY(call.tree().open(*fid->node, host_flags(flags & ~open_flag::kExclusive)));
    auto open = std::make_shared<OpenFile>(std::move(file));
    TRY(call.session.fids().replace(number, fid,
                                    {.uid = fid->uid, .node = fid->node, .file = std::move(open)}));
    call.out.put(qid);
    call.out.put(io_unit(call));
    return {};
}

OrErrno<> create(Call& call) {
    const u32 number = call.in.take<u32>();
    const std::string_view name = call.in.text();
    const u32 flags = call.in.take<u32>();
    const u32 mode = call.in.take<u32>();
    const u32 gid = call.in.take<u32>();
    TRY(call.in.end());
    const FidPtr fid = TRY(call.session.fids().get(number));
    if (fid->in_use()) return error(EINVAL);
    if (!fid->node->is_directory()) return error(ENOTDIR);
    Tree::Created made = TRY(call.tree().create_file(
        fid->node, name, host_flags(flags & ~open_flag::kDirectory), mode, {.uid = fid->uid, .gid = gid}));
    const Qid qid = TRY(call.tree().qid(*made.node));
    auto open = std::make_shared<OpenFile>(std::move(made.file));
    TRY(call.session.fids().replace(
        number, fid, {.uid = fid->uid, .node = std::move(made.node), .file = std::move(open)}));
    call.out.put(qid);
    call.out.put(io_unit(call));
    return {};
}

OrErrno<> read(Call& call) {
    const FidPtr fid = TRY(call.fid());
    const u64 offset = call.in.take<u64>();
    const u32 count = call.in.take<u32>();
    TRY(call.in.end());
    if (offset > kMostOffset) return error(EINVAL);
    const std::size_t at = call.out.used();
    call.out.put(u32{0});
    const std::span<u8> to = call.out.grow(std::min<std::size_t>(count, call.out.room()));
    u32 bytes = 0;
    if (fid->xattr != nullptr) {
        bytes = TRY(read_xattr(*fid->xattr, offset, to));
    } else {
        const auto file = TRY(opened(fid));
        const ssize_t result = ::pread(file->fd.get(), to.data(), to.size(), static_cast<off_t>(offset));
        if (result < 0) return error(errno);
        bytes = static_cast<u32>(result);
    }
    call.out.put_at(at, bytes);
    call.out.shrink_to(at + sizeof bytes + bytes);
    return {};
}

OrErrno<> write(Call& call) {
    const FidPtr fid = TRY(call.fid());
    const u64 offset = call.in.take<u64>();
    const std::span<const u8> from = call.in.bytes(call.in.take<u32>());
    TRY(call.in.end());
    if (offset > kMostOffset) return error(EFBIG);
    if (fid->xattr != nullptr) {
        const u32 bytes = TRY(write_xattr(*fid->xattr, offset, from));
        call.out.put(bytes);
        return {};
    }
    const auto file = TRY(opened(fid));
    const ssize_t bytes = ::pwrite(file->fd.get(), from.data(), from.size(), static_cast<off_t>(offset));
    if (bytes < 0) return error(errno);
    call.out.put(static_cast<u32>(bytes));
    return {};
}

OrErrno<> sync(Call& call) {
    const FidPtr fid = TRY(call.fid());
    const bool data_only = call.in.take<u32>() != 0;
    TRY(call.in.end());
    const auto file = TRY(opened(fid));
    if ((data_only ? ::fdatasync(file->fd.get()) : ::fsync(file->fd.get())) != 0) return error(errno);
    return {};
}

OrErrno<> read_directory(Call& call) {
    const FidPtr fid = TRY(call.fid());
    const u64 offset = call.in.take<u64>();
    const u32 count = call.in.take<u32>();
    TRY(call.in.end());
    const auto file = TRY(opened(fid));
    if (!fid->node->is_directory()) return error(ENOTDIR);
    const std::size_t at = call.out.used();
    call.out.put(u32{0});
    TRY(put_entries(call, *fid->node, *file, offset, std::min<std::size_t>(count, call.out.room())));
    call.out.put_at(at, static_cast<u32>(call.out.used() - at - sizeof(u32)));
    return {};
}

OrErrno<> lock(Call& call) {
    const FidPtr fid = TRY(call.fid());
    LockRequest request;
    request.type = call.in.take<u8>();
    (void)call.in.take<u32>();  // whether to wait, which is the client's business
    request.start = call.in.take<u64>();
    request.length = call.in.take<u64>();
    request.process = call.in.take<u32>();
    request.client = call.in.text();
    TRY(call.in.end());
    const auto file = TRY(opened(fid));
    const LockStatus status = TRY(call.session.locks().set(*fid->node, *file, request));
    call.out.put(static_cast<u8>(status));
    return {};
}

OrErrno<> get_lock(Call& call) {
    const FidPtr fid = TRY(call.fid());
    LockRequest request;
    request.type = call.in.take<u8>();
    request.start = call.in.take<u64>();
    request.length = call.in.take<u64>();
    request.process = call.in.take<u32>();
    request.client = call.in.text();
    TRY(call.in.end());
    TRY(opened(fid));
    const LockRequest found = TRY(call.session.locks().test(*fid->node, request));
    call.out.put(found.type);
    call.out.put(found.start);
    call.out.put(found.length);
    call.out.put(found.process);
    call.out.put(std::string_view(found.client));
    return {};
}

}  // namespace trapeze::p9

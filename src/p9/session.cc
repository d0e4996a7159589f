#include "session.h"

#include <algorithm>
#include <array>

#include "handlers.h"

namespace trapeze::p9 {
namespace {

struct Row {
    Type type;
    Handler handler;
    u32 reply_bytes;       // at least, without the header
    bool changes = false;  // refused by a share that is read-only
};

constexpr u32 kQidBytes = 13;

constexpr Row kRows[] = {
    {Type::StatFs, stat_fs, 60},
    {Type::Open, open, kQidBytes + 4},
    {Type::Create, create, kQidBytes + 4, true},
    {Type::SymLink, make_symlink, kQidBytes, true},
    {Type::MakeNode, make_node, kQidBytes, true},
    {Type::Rename, rename, 0, true},
    {Type::ReadLink, read_link, 2},
    {Type::GetAttributes, get_attributes, 153},
    {Type::SetAttributes, set_attributes, 0, true},
    {Type::XattrWalk, xattr_walk, 8},
    {Type::XattrCreate, xattr_create, 0, true},
    {Type::ReadDirectory, read_directory, 4},
    {Type::Sync, sync, 0},
    {Type::Lock, lock, 1},
    {Type::GetLock, get_lock, 23},
    {Type::Link, link, 0, true},
    {Type::MakeDirectory, make_directory, kQidBytes, true},
    {Type::RenameAt, rename_at, 0, true},
    {Type::UnlinkAt, unlink_at, 0, true},
    {Type::Version, version, 14},
    {Type::Authenticate, authenticate, 0},
    {Type::Attach, attach, kQidBytes},
    {Type::Flush, flush, 0},
    {Type::Walk, walk, 2},
    {Type::Read, read, 4},
    {Type::Write, write, 4, true},
    {Type::Clunk, clunk, 0},
    {Type::Remove, remove, 0, true},
};

// By number: nullptr where there is no such request.
constexpr auto kByType = [] {
    std::array<const Row*, 256> rows{};
    for (const Row& row : kRows) rows[static_cast<u8>(row.type)] = &row;
    return rows;
}();

OrErrno<> perform(const Row* row, Call& call, u32 size) {
    if (row == nullptr) return error(EOPNOTSUPP);
    const u32 limit = call.session.message_limit();
    if (row->type != Type::Version && limit == 0) return error(EPROTO);
    if (limit != 0 && size > limit) return error(EMSGSIZE);
    if (row->changes && call.tree().read_only()) {
        // Its fid goes, whatever happens.
        if (row->type == Type::Remove) (void)call.session.fids().remove(call.in.take<u32>());
        return error(EROFS);
    }
    return row->handler(call);
}

}  // namespace

std::optional<std::size_t> Session::answer(std::span<const u8> message, std::span<u8> reply) {
    Reader in(message);
    const u32 size = in.take<u32>();
    const u8 type = in.take<u8>();
    const u16 tag = in.take<u16>();
    // Drivers before Linux 5.11 do not count what follows the fields of a Twrite, so a message may be longer
    // than it says.
    if (size < kHeaderBytes || size > message.size()) return std::nullopt;
    const Row* row = kByType[type];
    if (reply.size() < std::max(kErrorBytes, kHeaderBytes + (row == nullptr ? 0 : row->reply_bytes)))
        return std::nullopt;
    const u32 limit = message_limit_.load();
    Call call{*this, in,
              Writer(reply.first(std::min<std::size_t>(reply.size(), limit == 0 ? kLeastMessage : limit)))};
    call.out.put(u32{0});
    call.out.put(static_cast<u8>(type + 1));
    call.out.put(tag);
    OrErrno<> done = perform(row, call, size);
    if (done && call.out.overflowed()) done = error(EMSGSIZE);
    if (!done) {
        call.out.shrink_to(0);
        call.out.put(u32{0});
        call.out.put(static_cast<u8>(static_cast<u8>(Type::Error) + 1));
        call.out.put(tag);
        call.out.put(static_cast<u32>(done.error()));
    }
    call.out.put_at(0, static_cast<u32>(call.out.used()));
    return call.out.used();
}

void Session::reset() {
    message_limit_.store(0);
    fids_.clear();
}

}  // namespace trapeze::p9

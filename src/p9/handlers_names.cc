// What is made, moved and removed in directories.
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "handlers.h"

namespace trapeze::p9 {
namespace {

// A directory's fid is what it is made in; the reply says what was made.
OrErrno<> put_made(Call& call, OrErrno<NodePtr> made) {
    if (!made) return error(made.error());
    const Qid qid = TRY(call.tree().qid(**made));
    call.out.put(qid);
    return {};
}

void note_rename(Call& call, const Node& from, std::string_view old_name, const NodePtr& to,
                 std::string_view new_name) {
    call.session.fids().for_each_node(
        [&](Node& node) { call.tree().moved(node, from, old_name, to, new_name); });
}

}  // namespace

OrErrno<> make_directory(Call& call) {
    const FidPtr directory = TRY(call.fid());
    const std::string_view name = call.in.text();
    const u32 mode = call.in.take<u32>();
    const u32 gid = call.in.take<u32>();
    TRY(call.in.end());
    return put_made(
        call, call.tree().make_directory(directory->node, name, mode, {.uid = directory->uid, .gid = gid}));
}

OrErrno<> make_node(Call& call) {
    const FidPtr directory = TRY(call.fid());
    const std::string_view name = call.in.text();
    const u32 mode = call.in.take<u32>();
    const u32 major = call.in.take<u32>();
    const u32 minor = call.in.take<u32>();
    const u32 gid = call.in.take<u32>();
    TRY(call.in.end());
    return put_made(call, call.tree().make_node(directory->node, name, mode, makedev(major, minor),
                                                {.uid = directory->uid, .gid = gid}));
}

OrErrno<> make_symlink(Call& call) {
    const FidPtr directory = TRY(call.fid());
    const std::string_view name = call.in.text();
    const std::string_view target = call.in.text();
    const u32 gid = call.in.take<u32>();
    TRY(call.in.end());
    return put_made(
        call, call.tree().make_symlink(directory->node, name, target, {.uid = directory->uid, .gid = gid}));
}

OrErrno<> read_link(Call& call) {
    const FidPtr fid = TRY(call.fid());
    TRY(call.in.end());
    const std::string target = TRY(call.tree().read_link(*fid->node));
    call.out.put(std::string_view(target));
    return {};
}

OrErrno<> link(Call& call) {
    const FidPtr directory = TRY(call.fid());
    const FidPtr file = TRY(call.fid());
    const std::string_view name = call.in.text();
    TRY(call.in.end());
    return call.tree().link(*file->node, *directory->node, name);
}

OrErrno<> rename(Call& call) {
    const FidPtr fid = TRY(call.fid());
    const FidPtr directory = TRY(call.fid());
    const std::string_view name = call.in.text();
    TRY(call.in.end());
    const Tree::Place old = TRY(call.tree().rename(*fid->node, *directory->node, name));
    note_rename(call, *old.parent, old.name, directory->node, name);
    return {};
}

OrErrno<> rename_at(Call& call) {
    const FidPtr from = TRY(call.fid());
    const std::string_view old_name = call.in.text();
    const FidPtr to = TRY(call.fid());
    const std::string_view new_name = call.in.text();
    TRY(call.in.end());
    TRY(call.tree().rename(*from->node, old_name, *to->node, new_name));
    note_rename(call, *from->node, old_name, to->node, new_name);
    return {};
}

OrErrno<> unlink_at(Call& call) {
    const FidPtr directory = TRY(call.fid());
    const std::string_view name = call.in.text();
    const u32 flags = call.in.take<u32>();
    TRY(call.in.end());
    if ((flags & ~u32{AT_REMOVEDIR}) != 0) return error(EINVAL);
    return call.tree().unlink(*directory->node, name, static_cast<int>(flags));
}

// The fid goes, whatever happens.
OrErrno<> remove(Call& call) {
    const u32 number = call.in.take<u32>();
    TRY(call.in.end());
    const FidPtr fid = TRY(call.session.fids().remove(number));
    return call.tree().remove(*fid->node);
}

}  // namespace trapeze::p9

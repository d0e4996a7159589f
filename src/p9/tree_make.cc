// New files, and what is changed of old ones: where the security models differ.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapped.h"
#include "tree.h"

namespace trapeze::p9 {
namespace {

constexpr mode_t kPermissions = 07777;

// What a new thing has until it gets what the guest wants, which cannot be done at once: nobody else's.
constexpr mode_t kPrivateFile = 0600, kPrivateDirectory = 0700;

}  // namespace

// --- What a file is given ----------------------------------------------------------------------------------

OrErrno<> Tree::set_mode(const Node& node, mode_t mode) const {
    mode &= kPermissions;
    if (mapped()) {
        const struct stat status = TRY(this->status(node));
        return store_mapped(node.fd(), {.mode = (status.st_mode & S_IFMT) | mode});
    }
    if (::chmod(PathOf(node.fd()).c_str(), mode) != 0) return error(errno);
    return {};
}

OrErrno<> Tree::set_owner(const Node& node, Owner owner) const {
    if (mapped()) {
        MappedAttributes attributes;
        if (owner.uid != kNoId) attributes.uid = owner.uid;
        if (owner.gid != kNoId) attributes.gid = owner.gid;
        return store_mapped(node.fd(), attributes);
    }
    if (::fchownat(node.fd(), "", owner.uid, owner.gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0) return {};
    if (config_.model == SecurityModel::None && errno == EPERM) return {};
    return error(errno);
}

OrErrno<> Tree::give(const Node& node, mode_t mode, dev_t device, Owner owner) const {
    if (mapped()) {
        MappedAttributes attributes{.uid = owner.uid, .gid = owner.gid, .mode = mode};
        if (S_ISCHR(mode) || S_ISBLK(mode)) attributes.device = device;
        return store_mapped(node.fd(), attributes);
    }
    TRY(set_owner(node, owner));  // first, for it takes S_ISUID away
    if (node.is_symlink()) return {};
    return set_mode(node, mode);
}

// `name` has just been made in `directory`, as `type`. What becomes of it in between is up to who else uses
// the directory, but stays in the share, and has the right type.
OrErrno<NodePtr> Tree::finish(const NodePtr& directory, std::string_view name, mode_t type, mode_t mode,
                              dev_t device, Owner owner) {
    auto node = walk(directory, name);
    if (node && (*node)->type() != type) return error(EEXIST);
    OrErrno<> done = node ? give(**node, mode, device, owner) : error(node.error());
    if (done) return node;
    (void)unlink(*directory, name, type == S_IFDIR ? AT_REMOVEDIR : 0);
    return error(done.error());
}

// --- New files ---------------------------------------------------------------------------------------------

OrErrno<Tree::Created> Tree::create_file(const NodePtr& directory, std::string_view name, int flags,
                                         mode_t mode, Owner owner) {
    TRY(check_new_name(name));
    // Exclusively, whatever the guest says: what exists may be a FIFO, and is opened like all that exists.
    const int fd = open_in(directory->fd(), name, flags | O_CREAT | O_EXCL | O_NONBLOCK | O_NOCTTY,
                           mapped() ? config_.file_mode & 0777 : kPrivateFile);
    if (fd < 0 && errno == EEXIST && (flags & O_EXCL) == 0) {
        NodePtr node = TRY(walk(directory, name));
        Held file = TRY(open(*node, flags));
        return Created{std::move(node), std::move(file)};
    }
    auto file = Held::take(fd);
    if (!file && fd < 0) return error(file.error());
    auto node = file ? node_of(::open(PathOf(fd).c_str(), O_PATH | O_CLOEXEC), directory, name)
                     : OrErrno<NodePtr>(error(file.error()));
    OrErrno<> done = node ? give(**node, S_IFREG | (mode & kPermissions), 0, owner) : error(node.error());
    if (!done) {
        (void)unlink(*directory, name, 0);
        return error(done.error());
    }
    return Created{std::move(*node), std::move(*file)};
}

OrErrno<NodePtr> Tree::make_directory(const NodePtr& directory, std::string_view name, mode_t mode,
                                      Owner owner) {
    TRY(check_new_name(name));
    const mode_t at_first = mapped() ? config_.directory_mode & 0777 : kPrivateDirectory;
    if (::mkdirat(directory->fd(), std::string(name).c_str(), at_first) != 0) return error(errno);
    return finish(directory, name, S_IFDIR, S_IFDIR | (mode & kPermissions), 0, owner);
}

OrErrno<NodePtr> Tree::make_node(const NodePtr& directory, std::string_view name, mode_t mode, dev_t device,
                                 Owner owner) {
    TRY(check_new_name(name));
    const mode_t asked = mode & S_IFMT;
    if (asked == S_IFDIR || asked == S_IFLNK) return error(EINVAL);
    const mode_t type = mapped() || asked == 0 ? S_IFREG : asked;
    const mode_t at_first = mapped() ? config_.file_mode & 0777 : kPrivateFile;
    if (::mknodat(directory->fd(), std::string(name).c_str(), type | at_first, mapped() ? 0 : device) != 0)
        return error(errno);
    const mode_t guest_mode = (asked == 0 ? S_IFREG : asked) | (mode & kPermissions);
    return finish(directory, name, type, guest_mode, device, owner);
}

OrErrno<NodePtr> Tree::make_symlink(const NodePtr& directory, std::string_view name, std::string_view target,
                                    Owner owner) {
    TRY(check_new_name(name));
    if (target.empty() || target.find('\0') != target.npos) return error(EINVAL);
    const mode_t guest_mode = S_IFLNK | 0777;
    if (!mapped()) {
        if (::symlinkat(std::string(target).c_str(), directory->fd(), std::string(name).c_str()) != 0)
            return error(errno);
        return finish(directory, name, S_IFLNK, guest_mode, 0, owner);
    }
    Created made = TRY(create_file(directory, name, O_WRONLY | O_EXCL, 0600, owner));
    const ssize_t written = ::pwrite(made.file.get(), target.data(), target.size(), 0);
    OrErrno<> done;
    if (written != static_cast<ssize_t>(target.size())) done = error(written < 0 ? errno : ENOSPC);
    if (done) done = give(*made.node, guest_mode, 0, owner);
    if (done) return std::move(made.node);
    (void)unlink(*directory, name, 0);
    return error(done.error());
}

}  // namespace trapeze::p9

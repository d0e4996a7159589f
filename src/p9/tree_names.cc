// Names: links, renames, removals.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tree.h"

namespace trapeze::p9 {

OrErrno<> Tree::link(const Node& file, const Node& directory, std::string_view name) const {
    TRY(check_new_name(name));
    const int linked = ::linkat(AT_FDCWD, PathOf(file.fd()).c_str(), directory.fd(),
                                std::string(name).c_str(), AT_SYMLINK_FOLLOW);
    if (linked != 0) return error(errno);
    return {};
}

OrErrno<> Tree::rename(const Node& from, std::string_view old_name, const Node& to,
                       std::string_view new_name) const {
    if (!check_new_name(old_name) || !check_new_name(new_name)) return error(EINVAL);
    const int renamed =
        ::renameat(from.fd(), std::string(old_name).c_str(), to.fd(), std::string(new_name).c_str());
    if (renamed != 0) return error(errno);
    return {};
}

OrErrno<> Tree::unlink(const Node& directory, std::string_view name, int flags) const {
    if (name == "..") return error(ENOTEMPTY);
    if (!check_new_name(name)) return error(EINVAL);
    if (::unlinkat(directory.fd(), std::string(name).c_str(), flags) != 0) return error(errno);
    return {};
}

OrErrno<Tree::Place> Tree::place_of(const Node& node) {
    Place place;
    {
        LockGuard lock(places_);
        place = {node.parent_, node.name_};
    }
    if (place.parent == nullptr) return error(EBUSY);  // the root
    struct stat status {};
    if (::fstatat(place.parent->fd(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return error(errno);
    if (!node.is(status)) return error(ENOENT);
    return place;
}

OrErrno<Tree::Place> Tree::rename(const Node& node, const Node& to, std::string_view new_name) {
    Place place = TRY(place_of(node));
    TRY(rename(*place.parent, place.name, to, new_name));
    return place;
}

OrErrno<> Tree::remove(const Node& node) {
    const Place place = TRY(place_of(node));
    return unlink(*place.parent, place.name, node.is_directory() ? AT_REMOVEDIR : 0);
}

void Tree::moved(Node& node, const Node& from, std::string_view old_name, const NodePtr& to,
                 std::string_view new_name) {
    LockGuard lock(places_);
    if (node.parent_ == nullptr || node.name_ != old_name || !node.parent_->is(from)) return;
    // A circle would never be let go; it needs somebody else who moves directories, too.
    for (const Node* above = to.get(); above != nullptr; above = above->parent_.get()) {
        if (above == &node) return;
    }
    node.name_ = new_name;
    node.parent_ = to;
}

}  // namespace trapeze::p9

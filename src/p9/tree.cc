#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "mapped.h"

namespace trapeze::p9 {
namespace {

constexpr std::size_t kMostLinkBytes = 4096;

// A node lets go of its directory's, and so on. The guest decides how deep that is, so it is no recursion.
void release(Node* node) {
    thread_local std::vector<Node*> waiting;
    thread_local bool releasing = false;
    waiting.push_back(node);
    if (std::exchange(releasing, true)) return;
    while (!waiting.empty()) {
        Node* next = waiting.back();
        waiting.pop_back();
        delete next;
    }
    releasing = false;
}

}  // namespace

OrErrno<> check_new_name(std::string_view name) {
    if (name == "." || name == "..") return error(EEXIST);
    if (name.empty() || name.find('/') != name.npos || name.find('\0') != name.npos) return error(EINVAL);
    return {};
}

Node::Node(Held path, const struct stat& status, NodePtr parent, std::string_view name)
    : path_(std::move(path)),
      type_(status.st_mode & S_IFMT),
      device_(status.st_dev),
      inode_(status.st_ino),
      parent_(std::move(parent)),
      name_(name) {}

Tree::Tree(const ShareConfig& config, NodePtr root, dev_t device)
    : config_(config), root_(std::move(root)), devices_(config.devices, device) {}

OrErrno<std::unique_ptr<Tree>> Tree::create(const ShareConfig& config, int directory) {
    auto root = TRY(node_of(::openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), nullptr, {}));
    const dev_t device = root->device_;
    return std::unique_ptr<Tree>(new Tree(config, std::move(root), device));
}

OrErrno<NodePtr> Tree::node_of(int fd, NodePtr parent, std::string_view name) {
    Held held = TRY(Held::take(fd));
    struct stat status {};
    if (::fstatat(fd, "", &status, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) return error(errno);
    return NodePtr(new Node(std::move(held), status, std::move(parent), name), release);
}

OrErrno<NodePtr> Tree::walk(const NodePtr& from, std::string_view name) {
    if (!from->is_directory()) return error(ENOTDIR);
    if (name == ".") return from;
    if (name == "..") return parent_of(from);
    if (!check_new_name(name)) return error(ENOENT);
    return node_of(open_in(from->fd(), name, O_PATH), from, name);
}

// The host is not asked: its ".." of a directory that was moved out of the share is somewhere else.
NodePtr Tree::parent_of(const NodePtr& node) {
    LockGuard lock(places_);
    return node->parent_ == nullptr ? node : node->parent_;
}

OrErrno<struct stat> Tree::status(const Node& node) const {
    struct stat status {};
    if (::fstatat(node.fd(), "", &status, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) return error(errno);
    if (mapped()) apply_mapped(node.fd(), status);
    return status;
}

OrErrno<Qid> Tree::qid(const struct stat& status) {
    const u64 path = TRY(devices_.path_of(status.st_dev, status.st_ino));
    const u8 type = S_ISDIR(status.st_mode)   ? kQidDirectory
                    : S_ISLNK(status.st_mode) ? kQidSymLink
                                              : kQidFile;
    const auto version =
        static_cast<u32>(static_cast<u64>(status.st_mtime) ^ static_cast<u64>(status.st_mtim.tv_nsec) ^
                         static_cast<u64>(status.st_size) << 8);
    return Qid{.type = type, .version = version, .path = path};
}

OrErrno<Qid> Tree::qid(const Node& node) {
    const struct stat status = TRY(this->status(node));
    return qid(status);
}

OrErrno<Qid> Tree::qid(const Node& directory, ino_t inode, u8 entry_type) {
    const u64 path = TRY(devices_.path_of(directory.device(), inode));
    const u8 type = entry_type == DT_DIR ? kQidDirectory : entry_type == DT_LNK ? kQidSymLink : kQidFile;
    return Qid{.type = type, .version = 0, .path = path};
}

bool Tree::hides_type(u8 entry_type) const {
    return mapped() && entry_type == DT_REG;
}

OrErrno<Held> Tree::open(const Node& node, int flags) const {
    if (node.is_symlink()) return error(ELOOP);
    if (!node.is_directory() && !node.is_regular()) return error(ENXIO);
    Held file = TRY(Held::take(::open(PathOf(node.fd()).c_str(), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return error(errno);
    if (!node.is(status) || (status.st_mode & S_IFMT) != node.type()) return error(ENXIO);
    return file;
}

OrErrno<std::string> Tree::read_link(const Node& node) const {
    std::array<char, kMostLinkBytes> target{};
    ssize_t bytes = -1;
    if (node.is_symlink()) {
        bytes = ::readlinkat(node.fd(), "", target.data(), target.size());
    } else {
        const struct stat status = TRY(this->status(node));
        if (!S_ISLNK(status.st_mode)) return error(EINVAL);
        const Held file = TRY(open(node, O_RDONLY));
        bytes = ::pread(file.get(), target.data(), target.size(), 0);
    }
    if (bytes < 0) return error(errno);
    return std::string(target.data(), static_cast<std::size_t>(bytes));
}

}  // namespace trapeze::p9

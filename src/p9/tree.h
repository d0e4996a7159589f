// The shared directory: every file that the guest knows is a descriptor, and names are looked up from the
// descriptor of their directory, one at a time. So neither the guest nor anybody who changes the tree at the
// same time, with symbolic links or renames, gets us to anything outside.
//
// Any thread.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

#include "descriptors.h"
#include "device_numbers.h"
#include "trapeze/base/mutex.h"
#include "trapeze/p9/config.h"

namespace trapeze::p9 {

class Node;
using NodePtr = std::shared_ptr<Node>;

// A file or directory, for as long as somebody has it.
class Node {
public:
    Node(Held path, const struct stat& status, NodePtr parent, std::string_view name);

    int fd() const { return path_.get(); }  // O_PATH
    // On the host; with SecurityModel::Mapped the guest may take a regular file for something else.
    bool is_directory() const { return S_ISDIR(type_); }
    bool is_regular() const { return S_ISREG(type_); }
    bool is_symlink() const { return S_ISLNK(type_); }
    mode_t type() const { return type_; }
    bool is(const struct stat& status) const { return status.st_dev == device_ && status.st_ino == inode_; }
    bool is(const Node& other) const { return other.device_ == device_ && other.inode_ == inode_; }
    dev_t device() const { return device_; }
    ino_t inode() const { return inode_; }

private:
    friend class Tree;
    const Held path_;
    const mode_t type_;  // S_IFMT
    const dev_t device_;
    const ino_t inode_;

    // Where it is, as far as the guest has caused it: Tree::places_. nullptr: the root.
    NodePtr parent_;
    std::string name_;
};

struct Owner {
    u32 uid = 0;
    u32 gid = 0;
};

class Tree {
public:
    // The directory is open already.
    static OrErrno<std::unique_ptr<Tree>> create(const ShareConfig& config, int directory);

    bool read_only() const { return config_.read_only; }
    const NodePtr& root() const { return root_; }

    OrErrno<NodePtr> walk(const NodePtr& from, std::string_view name);
    OrErrno<struct stat> status(const Node& node) const;  // as the guest sees it
    OrErrno<Qid> qid(const struct stat& status);
    OrErrno<Qid> qid(const Node& node);
    // Of an entry of a directory, with a DT_* type.
    OrErrno<Qid> qid(const Node& directory, ino_t inode, u8 entry_type);
    // Whether an entry with this type may be something else to the guest.
    bool hides_type(u8 entry_type) const;
    // `flags` are the host's. Regular files and directories only: opening anything else can wait, or do
    // things.
    OrErrno<Held> open(const Node& node, int flags) const;
    OrErrno<std::string> read_link(const Node& node) const;

    // tree_make.cc
    struct Created {
        NodePtr node;
        Held file;
    };
    OrErrno<Created> create_file(const NodePtr& directory, std::string_view name, int flags, mode_t mode,
                                 Owner owner);
    OrErrno<NodePtr> make_directory(const NodePtr& directory, std::string_view name, mode_t mode,
                                    Owner owner);
    OrErrno<NodePtr> make_node(const NodePtr& directory, std::string_view name, mode_t mode, dev_t device,
                               Owner owner);
    OrErrno<NodePtr> make_symlink(const NodePtr& directory, std::string_view name, std::string_view target,
                                  Owner owner);
    OrErrno<> set_mode(const Node& node, mode_t mode) const;
    // kNoId: as it is.
    OrErrno<> set_owner(const Node& node, Owner owner) const;

    // tree_names.cc
    OrErrno<> link(const Node& file, const Node& directory, std::string_view name) const;
    OrErrno<> rename(const Node& from, std::string_view old_name, const Node& to,
                     std::string_view new_name) const;
    OrErrno<> unlink(const Node& directory, std::string_view name, int flags) const;
    struct Place {
        NodePtr parent;
        std::string name;
    };
    // By the place where the node was found, which it returns; ENOENT if something else is there now.
    OrErrno<Place> rename(const Node& node, const Node& to, std::string_view new_name);
    OrErrno<> remove(const Node& node);
    // A rename has been made: a node at the old place is at the new one.
    void moved(Node& node, const Node& from, std::string_view old_name, const NodePtr& to,
               std::string_view new_name);

    // tree_xattr.cc. The names are the guest's.
    OrErrno<std::vector<u8>> xattr(const Node& node, std::string_view name) const;
    OrErrno<std::vector<u8>> xattr_names(const Node& node) const;
    OrErrno<> set_xattr(const Node& node, std::string_view name, std::span<const u8> value, int flags) const;
    OrErrno<> remove_xattr(const Node& node, std::string_view name) const;

private:
    Tree(const ShareConfig& config, NodePtr root, dev_t device);

    bool mapped() const { return config_.model == SecurityModel::Mapped; }
    // A node for a descriptor with O_PATH.
    static OrErrno<NodePtr> node_of(int fd, NodePtr parent, std::string_view name);
    NodePtr parent_of(const NodePtr& node);
    OrErrno<Place> place_of(const Node& node);
    OrErrno<NodePtr> finish(const NodePtr& directory, std::string_view name, mode_t type, mode_t mode,
                            dev_t device, Owner owner);
    OrErrno<> give(const Node& node, mode_t mode, dev_t device, Owner owner) const;
    OrErrno<std::string> xattr_name(std::string_view name) const;

    const ShareConfig config_;
    const NodePtr root_;
    DeviceNumbers devices_;
    Mutex places_;  // leaf: Node::parent_ and name_ of all nodes
};

// EINVAL or the like for what cannot be the name of something new.
OrErrno<> check_new_name(std::string_view name);

}  // namespace trapeze::p9

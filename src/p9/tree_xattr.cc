// Extended attributes: those of users, and access control lists. Others are the host's own business.
#include <sys/xattr.h>

#include <algorithm>
#include <array>

#include "mapped.h"
#include "tree.h"

namespace trapeze::p9 {
namespace {

constexpr std::string_view kUser = "user.";
constexpr std::string_view kLists[] = {"system.posix_acl_access", "system.posix_acl_default"};

constexpr std::size_t kMostBytes = 64 << 10;  // of a value, and of a list of names: Linux's limits

}  // namespace

// The host's name for it. With Mapped, access control lists are the guest's alone, as owners are.
OrErrno<std::string> Tree::xattr_name(std::string_view name) const {
    if (name.find('\0') != name.npos) return error(EINVAL);
    if (name.starts_with(kUser)) {
        if (mapped() && name.starts_with(kMappedPrefix)) return error(EACCES);
        return std::string(name);
    }
    for (const std::string_view list : kLists) {
        if (name == list) return mapped() ? std::string(kMappedPrefix).append(name) : std::string(name);
    }
    return error(EOPNOTSUPP);
}

OrErrno<std::vector<u8>> Tree::xattr(const Node& node, std::string_view name) const {
    const auto host_name = xattr_name(name);
    if (!host_name) return error(host_name.error() == EACCES ? ENODATA : host_name.error());
    std::vector<u8> value(kMostBytes);
    const ssize_t bytes =
        ::getxattr(PathOf(node.fd()).c_str(), host_name->c_str(), value.data(), value.size());
    if (bytes < 0) return error(errno);
    value.resize(static_cast<std::size_t>(bytes));
    value.shrink_to_fit();
    return value;
}

OrErrno<std::vector<u8>> Tree::xattr_names(const Node& node) const {
    std::vector<char> host(kMostBytes);
    const ssize_t bytes = ::listxattr(PathOf(node.fd()).c_str(), host.data(), host.size());
    if (bytes < 0) return error(errno);
    std::vector<u8> names;
    std::string_view left(host.data(), static_cast<std::size_t>(bytes));
    while (!left.empty()) {
        std::string_view name = left.substr(0, left.find('\0'));
        left.remove_prefix(std::min(left.size(), name.size() + 1));
        if (mapped() && name.starts_with(kMappedPrefix)) {
            name.remove_prefix(kMappedPrefix.size());
            if (name != kLists[0] && name != kLists[1]) continue;
        } else if (!xattr_name(name) || (mapped() && !name.starts_with(kUser))) {
            continue;
        }
        names.insert(names.end(), name.begin(), name.end());
        names.push_back(0);
    }
    return names;
}

OrErrno<> Tree::set_xattr(const Node& node, std::string_view name, std::span<const u8> value,
                          int flags) const {
    const std::string host_name = TRY(xattr_name(name));
    const int set =
        ::setxattr(PathOf(node.fd()).c_str(), host_name.c_str(), value.data(), value.size(), flags);
    if (set != 0) return error(errno);
    return {};
}

OrErrno<> Tree::remove_xattr(const Node& node, std::string_view name) const {
    const std::string host_name = TRY(xattr_name(name));
    if (::removexattr(PathOf(node.fd()).c_str(), host_name.c_str()) != 0) return error(errno);
    return {};
}

}  // namespace trapeze::p9

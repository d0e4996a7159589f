#include "mapped.h"

#include <sys/xattr.h>

#include "descriptors.h"

namespace trapeze::p9 {
namespace {

constexpr const char* kUid = "user.virtfs.uid";
constexpr const char* kGid = "user.virtfs.gid";
constexpr const char* kMode = "user.virtfs.mode";
constexpr const char* kDevice = "user.virtfs.rdev";

// Little-endian; an attribute of another size is somebody else's.
template <typename T>
std::optional<T> load(const PathOf& path, const char* name) {
    T value{};
    if (::getxattr(path.c_str(), name, &value, sizeof value) != sizeof value) return std::nullopt;
    return value;
}

template <typename T>
OrErrno<> store(const PathOf& path, const char* name, std::optional<T> value) {
    if (value && ::setxattr(path.c_str(), name, &*value, sizeof *value, 0) != 0) return error(errno);
    return {};
}

}  // namespace

void apply_mapped(int fd, struct stat& status) {
    const PathOf path(fd);
    if (const auto uid = load<u32>(path, kUid)) status.st_uid = *uid;
    if (const auto gid = load<u32>(path, kGid)) status.st_gid = *gid;
    if (const auto mode = load<u32>(path, kMode))
        status.st_mode = *mode | ((*mode & S_IFMT) == 0 ? status.st_mode & S_IFMT : 0);
    if (const auto device = load<u64>(path, kDevice)) status.st_rdev = *device;
}

OrErrno<> store_mapped(int fd, const MappedAttributes& attributes) {
    const PathOf path(fd);
    TRY(store(path, kUid, attributes.uid));
    TRY(store(path, kGid, attributes.gid));
    TRY(store(path, kMode, attributes.mode));
    return store(path, kDevice, attributes.device);
}

}  // namespace trapeze::p9

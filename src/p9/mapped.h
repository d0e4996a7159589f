// SecurityModel::Mapped: owner, mode and device number of a file in extended attributes, which are those of
// QEMU's security_model=mapped-xattr, so that directories can be used with either.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string_view>

#include "wire.h"

namespace trapeze::p9 {

// What begins so is not the guest's to see.
inline constexpr std::string_view kMappedPrefix = "user.virtfs.";

struct MappedAttributes {
    std::optional<u32> uid = {};
    std::optional<u32> gid = {};
    std::optional<u32> mode = {};  // with the kind of file
    std::optional<u64> device = {};
};

// `fd` with O_PATH. Replaces what the attributes have.
void apply_mapped(int fd, struct stat& status);
OrErrno<> store_mapped(int fd, const MappedAttributes& attributes);

}  // namespace trapeze::p9

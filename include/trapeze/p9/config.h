// What a share of a host directory can be told.
#pragma once

#include <string>

#include "trapeze/base/types.h"

namespace trapeze::p9 {

// Whose files are: what becomes of the owners, modes and kinds of files that the guest asks for.
enum class SecurityModel : u8 {
    None,         // as Passthrough; that the host refuses an owner is no error
    Passthrough,  // they are the files' own
    Mapped,       // they are extended attributes, and the files belong to who runs the program
};

// Inode numbers are unique on one file system only.
enum class MultiDevices : u8 {
    Warn,    // say so, once
    Remap,   // give the guest other numbers
    Forbid,  // other file systems cannot be reached
};

struct ShareConfig {
    std::string path = {};
    SecurityModel model = SecurityModel::None;
    bool read_only = false;
    u32 file_mode = 0600;  // of the files themselves, with Mapped
    u32 directory_mode = 0700;
    MultiDevices devices = MultiDevices::Warn;
};

}  // namespace trapeze::p9

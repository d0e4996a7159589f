// Where the guest's RAM comes from.
#pragma once

#include <string>

#include "trapeze/base/types.h"

namespace trapeze::mem {

struct RamConfig {
    enum class Kind : u8 {
        Anonymous,  // memory of this process
        Memfd,      // memory with a descriptor, which others can map
        File,
    };
    Kind kind = Kind::Anonymous;
    // File: a file, made if it is not there, or a directory, in which it gets no name.
    std::string path = {};
    u64 file_offset = 0;      // File: bytes, a multiple of the page size
    bool shared = false;      // others who map the same see what the guest writes, and a file keeps it
    bool prealloc = false;    // all of it from the start, instead of when it is touched
    bool huge_pages = false;  // Memfd: from the host's pool of huge pages
    u64 huge_page_bytes = 0;  // with huge_pages: a power of two, or 0 for the host's default size
};

}  // namespace trapeze::mem

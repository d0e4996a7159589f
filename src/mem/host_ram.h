// Maps what becomes the guest's RAM.
#pragma once

#include "trapeze/base/result.h"
#include "trapeze/mem/ram_config.h"

namespace trapeze::mem {

// A mapping of `bytes` bytes (a multiple of the page size) that reads as zeros, unless it is of a file that
// has other contents. To be given to munmap. Errors name the size and, with a file, its path.
Result<u8*> map_host_ram(u64 bytes, const RamConfig& config);

}  // namespace trapeze::mem

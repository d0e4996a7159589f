// Sizes as people read them, for error messages.
#pragma once

#include <string>

#include "trapeze/base/types.h"

namespace trapeze::boot {

// Rounded up to whole units, in the largest unit that loses little: "64 KiB", "1536 MiB", "37 MiB", "100
// bytes".
std::string format_bytes(u64 bytes);

}  // namespace trapeze::boot

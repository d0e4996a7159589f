#include "format_bytes.h"

#include <fmt/core.h>

#include "trapeze/base/bits.h"

namespace trapeze::boot {

std::string format_bytes(u64 bytes) {
    static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    for (unsigned i = 5; i > 0; --i) {
        const unsigned shift = 10 * i;
        const u64 whole = bytes >> shift;
        const bool exact = (bytes & low_mask(shift)) == 0;
        if (whole >= 10 || (whole > 0 && exact)) {
            return fmt::format("{} {}", whole + (exact ? 0 : 1), kUnits[i - 1]);
        }
    }
    return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
}

}  // namespace trapeze::boot

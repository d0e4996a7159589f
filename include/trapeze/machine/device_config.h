// Devices that the command line adds.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "trapeze/base/types.h"

namespace trapeze::machine {

// virtio-rng.
struct RngConfig {
    std::string file;            // where the randomness comes from; empty: the host's kernel
    u64 max_bytes = ~u64{0};     // the guest gets that many
    u32 period_ms = 1 << 16;     // in this time
};

struct VirtioConfig {
    std::string id;                // of -device; may be empty
    std::optional<unsigned> slot;  // of the 32; otherwise the highest that is free, as QEMU does
    std::variant<RngConfig> device;
};

}  // namespace trapeze::machine

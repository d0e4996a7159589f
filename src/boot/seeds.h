// Random seeds of /chosen. Linux "Documentation/devicetree/bindings/chosen.txt" and dt-schema "chosen.yaml".
#pragma once

#include <array>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::boot {

struct Seeds {
    u64 kaslr = 0;
    std::array<u8, 32> rng{};
};

// From the host's random number generator.
Result<Seeds> random_seeds();

}  // namespace trapeze::boot

// True Random Number Generator firmware interface 1.0 (DEN0098).
#pragma once

#include <functional>
#include <span>
#include <utility>

#include "trapeze/trap/hypercall_table.h"

namespace trapeze::firmware {

// Fills the buffer (at most 24 bytes) with conditioned entropy, or returns false if there is none at the
// moment. Must not block. Called on vCPU threads, concurrently.
using EntropySource = std::function<bool(std::span<u8>)>;

// The host kernel's generator, once it is initialised.
bool host_entropy(std::span<u8> buffer);

// One per machine, without mutable state: safe on all vCPU threads. `calls` is the space that the table is
// added to, and outlives it.
class Trng {
public:
    explicit Trng(const trap::HypercallSpace& calls, EntropySource entropy = host_entropy)
        : calls_(calls), entropy_(std::move(entropy)) {}
    static std::span<const trap::HypercallRow<Trng>> table();

    using Args = trap::HypercallArgs;
    trap::Outcome version(trap::CpuPort&, const Args&);
    trap::Outcome features(trap::CpuPort&, const Args& args);
    trap::Outcome get_uuid(trap::CpuPort&, const Args&);
    trap::Outcome rnd(trap::CpuPort&, const Args& args);

private:
    const trap::HypercallSpace& calls_;
    const EntropySource entropy_;
};

}  // namespace trapeze::firmware

// All that there is to save of SDEI, one structure per vCPU and one per machine. Registers are not in it:
// those of a vCPU in a handler are those of the handler.
#pragma once

#include <array>
#include <vector>

#include "trapeze/arch/sdei.h"
#include "trapeze/base/types.h"

namespace trapeze::firmware {

// What an event interrupted.
struct SdeiContext {
    std::array<u64, arch::sdei::kContextRegisters> x{};
    u64 pc = 0;
    u64 pstate = 0;
    bool operator==(const SdeiContext&) const = default;
};

// An event as one PE (private) or the machine (shared) has registered it.
struct SdeiEventSnapshot {
    u32 event = 0;
    u64 status = 0;  // as SDEI_EVENT_STATUS returns it
    bool raised = false;
    u64 entry = 0;
    u64 argument = 0;
    u64 flags = 0;     // of SDEI_EVENT_REGISTER
    u64 affinity = 0;  // with RM_PE: MPIDR_EL1 layout
    bool operator==(const SdeiEventSnapshot&) const = default;
};

struct SdeiPeSnapshot {
    static constexpr u32 kVersion = 1;
    struct Running {
        u32 event = 0;
        SdeiContext interrupted;
        bool operator==(const Running&) const = default;
    };

    u32 version = kVersion;
    bool masked = true;
    std::vector<SdeiEventSnapshot> events;  // private ones that are not in their initial state
    std::vector<Running> running;           // outermost first; at most two
    u32 private_wires = 0;                  // levels of INTIDs 0 to 31
    bool operator==(const SdeiPeSnapshot&) const = default;
};

struct SdeiSnapshot {
    static constexpr u32 kVersion = 1;
    struct Binding {
        u32 event = 0;
        u32 intid = 0;
        bool operator==(const Binding&) const = default;
    };

    u32 version = kVersion;
    std::vector<SdeiEventSnapshot> events;  // shared ones that are not in their initial state
    std::vector<Binding> bindings;
    std::vector<u32> shared_wires;  // INTIDs of those that are high
    std::vector<SdeiPeSnapshot> pes;
    bool operator==(const SdeiSnapshot&) const = default;
};

}  // namespace trapeze::firmware

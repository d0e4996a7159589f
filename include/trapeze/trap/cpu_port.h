// The vCPU as a handler sees it: reads of the state that the trapped instruction can depend on. All calls are
// made on the vCPU's own thread, between exit and completion.
#pragma once

#include <array>
#include <optional>

#include "trapeze/arch/pstate.h"
#include "trapeze/arch/sysreg.h"
#include "trapeze/bus/irq.h"
#include "trapeze/mem/gpa.h"
#include "trapeze/mem/mmu_features.h"

namespace trapeze::trap {

// A SIMD&FP register, least significant byte first.
using VectorValue = std::array<u8, 16>;

// What a Load-Exclusive that was emulated has marked for the Store-Exclusive that follows (DDI0487 "Exclusive
// access instructions and Non-shareable memory locations": the local monitor).
struct ExclusiveMonitor {
    mem::Gpa address;
    unsigned bytes = 0;

    constexpr bool operator==(const ExclusiveMonitor&) const = default;
};

class CpuPort {
public:
    virtual ~CpuPort() = default;

    virtual bus::VcpuIndex index() const = 0;
    // Address of the trapped instruction, or of the one after it for HVC.
    virtual u64 pc() const = 0;
    // Xn; n = 31 reads as zero. Fetched on first use, once per exit.
    virtual u64 x(unsigned n) = 0;
    virtual arch::Pstate pstate() = 0;
    // System register state that the accelerator keeps for the vCPU (what a save would contain). One that this
    // host's accelerator does not have, or a value it refuses, reads as zero or is ignored, with a diagnostic:
    // which it is can depend on what the guest writes.
    virtual u64 sysreg(arch::SysReg reg) = 0;
    virtual void set_sysreg(arch::SysReg reg, u64 value) = 0;

    // --- For the loads and stores that are emulated, of a vCPU that can be asked for them ---
    // The stack pointer that PSTATE selects.
    virtual u64 sp() { return 0; }
    virtual VectorValue vector(unsigned /*n*/) { return {}; }
    // By the ID registers as the guest reads them.
    virtual mem::MmuFeatures mmu_features() { return {}; }
    // What the latest Load-Exclusive marked, if nothing has cleared it; see RegisterWrites::marked.
    virtual std::optional<ExclusiveMonitor> monitor() { return std::nullopt; }
    // A Load-Exclusive is about to be emulated. False: no Store-Exclusive would find its mark.
    virtual bool start_monitor() { return false; }
};

}  // namespace trapeze::trap

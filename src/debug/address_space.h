// Guest memory as a vCPU's translation has it: for the monitors and for gdb, by the walker alone. While no
// vCPU runs.
#pragma once

#include <span>

#include "trapeze/debug/machine_control.h"
#include "trapeze/mem/address_translate.h"
#include "trapeze/mem/walker.h"

namespace trapeze::debug {

// The EL1&0 regime of one vCPU, which guest software lives in, permissions aside. Holds the MMU's registers
// of the moment it was made.
class AddressSpace {
public:
    AddressSpace(MachineControl& machine, std::size_t cpu);

    mem::WalkResult translate(mem::Gva va) const;
    // False when a byte is not mapped, or is not RAM; `to` may then be written in part.
    bool read(mem::Gva va, std::span<u8> to) const;
    // The addresses that may be mapped.
    std::vector<mem::GvaRange> ranges() const;

    // What an AT instruction finds, in whatever regime it is about. `pan` is PSTATE.PAN.
    bool implements(mem::AtOperation operation) const { return mem::at_implemented(operation, features_); }
    mem::WalkResult translate_at(mem::AtOperation operation, bool pan, mem::Gva va) const;

    // Pages may end at each multiple of it: the smallest granule.
    static constexpr u64 kGranule = 4096;

private:
    const mem::GuestMemory& memory_;
    const mem::MmuFeatures features_;
    const mem::MmuRegisters registers_;  // those that features_ says exist
    const mem::DescriptorReader reader_;
};

}  // namespace trapeze::debug

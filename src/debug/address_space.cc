#include "address_space.h"

#include <algorithm>

#include "trapeze/mem/walker_registers.h"

namespace trapeze::debug {
namespace {

// By the guest's ID registers, which are not the accelerator's. For KVM they have an EL2 even if the vCPU has
// none; then there is no HCR_EL2 either.
mem::MmuFeatures features_of(vcpu::Vcpu& cpu) {
    mem::MmuFeatures features =
        mem::read_mmu_features([&cpu](arch::SysReg reg) { return cpu.read_sysreg(reg).value_or(0); });
    features.el2 = features.el2 && cpu.accel().get(arch::reg::HCR_EL2).has_value();
    return features;
}

}  // namespace

AddressSpace::AddressSpace(MachineControl& machine, std::size_t cpu)
    : memory_(machine.memory()),
      features_(features_of(machine.cpu(cpu))),
      registers_(mem::read_mmu_registers(
          features_, [&](arch::SysReg reg) { return machine.cpu(cpu).accel().get(reg).value_or(0); })),
      reader_(mem::guest_memory_reader(machine.memory())) {}

mem::WalkResult AddressSpace::translate(mem::Gva va) const {
    return mem::translate_for_debug(registers_, features_, mem::Regime::El10, va, reader_);
}

bool AddressSpace::read(mem::Gva va, std::span<u8> to) const {
    while (!to.empty()) {
        const mem::WalkResult page = translate(va);
        if (!page) return false;
        const u64 chunk = std::min<u64>(to.size(), kGranule - va.value % kGranule);
        if (!memory_.read(page->pa, to.first(chunk))) return false;
        to = to.subspan(chunk);
        va = va + chunk;
    }
    return true;
}

std::vector<mem::GvaRange> AddressSpace::ranges() const {
    return mem::address_ranges(registers_, features_, mem::Regime::El10);
}

mem::WalkResult AddressSpace::translate_at(mem::AtOperation operation, bool pan, mem::Gva va) const {
    return mem::walk_at(operation, registers_, features_, pan, va, reader_);
}

}  // namespace trapeze::debug

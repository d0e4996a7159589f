// A vCPU for loads and stores that are emulated: all its state is open.
#pragma once

#include <map>

#include "trapeze/trap/cpu_port.h"

namespace trapeze::trap {

class LoadStoreCpu final : public CpuPort {
public:
    static constexpr u64 kPc = 0x4000'0100;

    bus::VcpuIndex index() const override { return 0; }
    u64 pc() const override { return kPc; }
    u64 x(unsigned n) override { return n == 31 ? 0 : general[n]; }
    arch::Pstate pstate() override { return {pstate_value}; }
    u64 sysreg(arch::SysReg reg) override { return registers[reg]; }
    void set_sysreg(arch::SysReg reg, u64 value) override { registers[reg] = value; }
    u64 sp() override { return stack; }
    VectorValue vector(unsigned n) override { return vectors[n]; }
    mem::MmuFeatures mmu_features() override { return features; }
    std::optional<ExclusiveMonitor> monitor() override { return mark; }
    bool start_monitor() override { return monitors; }

    u64 general[31] = {};
    u64 stack = 0;
    u64 pstate_value = arch::Pstate::kModeEl1h;
    VectorValue vectors[32] = {};
    std::map<arch::SysReg, u64> registers;
    mem::MmuFeatures features = {.mixed_endian = true};
    std::optional<ExclusiveMonitor> mark;
    bool monitors = true;
};

}  // namespace trapeze::trap

// A vCPU for handler tests: registers in maps, Exception level at will.
#pragma once

#include <map>
#include <stdexcept>

#include "trapeze/trap/cpu_port.h"

namespace trapeze::trap {

class FakeCpu final : public CpuPort {
public:
    bus::VcpuIndex index() const override { return index_; }
    u64 pc() const override { return 0x4008'0000; }
    u64 x(unsigned n) override { return n == 31 ? 0 : x_[n]; }
    arch::Pstate pstate() override {
        const u64 mode = el_ == 0 ? arch::Pstate::kModeEl0t : arch::Pstate::kModeEl1h;
        return {mode | arch::Pstate::Pan::make(pan_ ? 1 : 0)};
    }
    // As the contract says, asking for a register that the accelerator lacks is an error of the program.
    u64 sysreg(arch::SysReg reg) override {
        const auto found = sysregs_.find(reg);
        if (found == sysregs_.end()) throw std::logic_error("no register " + arch::sysreg_to_string(reg));
        return found->second;
    }
    void set_sysreg(arch::SysReg reg, u64 value) override { sysregs_[reg] = value; }

    void set_el(unsigned el) { el_ = el; }
    void set_pan(bool pan) { pan_ = pan; }
    void set_index(bus::VcpuIndex index) { index_ = index; }
    void set_x(unsigned n, u64 value) { x_[n] = value; }

private:
    bus::VcpuIndex index_ = 0;
    unsigned el_ = 1;
    bool pan_ = false;
    u64 x_[31] = {};
    std::map<arch::SysReg, u64> sysregs_;
};

}  // namespace trapeze::trap

// Catch points: kinds of traps that stop the vCPU, set with `catch` in the monitor.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/vcpu/debug.h"

namespace trapeze::debug::gdb {

struct CatchPoint {
    enum class Kind : u8 { Hypercall, Sysreg, Wfx, Mmio, Unexpected };
    Kind kind = Kind::Hypercall;
    unsigned number = 0;
    std::string text;  // as the user wrote it
    // Hypercall: function ids, both ends included. Mmio: addresses.
    u64 first = 0;
    u64 last = ~u64{0};
    std::optional<arch::SysReg> reg = {};  // Sysreg; none: all

    bool matches(const trap::Trap& trap, trap::CpuPort& cpu) const;
};

// One line without its end: what the trap attempts, with its operands.
std::string describe_trap(const trap::Trap& trap, trap::CpuPort& cpu);

// Loop thread only.
class CatchPoints {
public:
    // The arguments of `catch`; returns what to print. `changed` tells whether filter() has to be taken anew.
    std::string command(std::string_view arguments, bool& changed);
    // For vCPU threads; holds a copy of the points. Empty if there are none.
    vcpu::TrapFilter filter() const;

private:
    static constexpr std::size_t kMost = 64;

    std::string list() const;
    std::string remove(std::string_view which, bool& changed);

    std::vector<CatchPoint> points_;
    unsigned next_ = 1;
};

}  // namespace trapeze::debug::gdb

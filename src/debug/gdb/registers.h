// The registers of a vCPU as gdb numbers and describes them ("Target Descriptions", "AArch64 Features" in the
// GDB manual).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "trapeze/arch/sysreg.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::debug::gdb {

enum class RegisterClass : u8 { Core, V, Fpsr, Fpcr, Z, P, Ffr, Vg, PauthMask, System };

struct RegisterInfo {
    RegisterClass cls;
    unsigned index;    // within its class; Core: 0 to 30 are X, then SP, PC and CPSR
    arch::SysReg reg;  // System
    std::size_t bytes;
};

struct RegisterInputs {
    unsigned vector_length = 0;  // bytes of an SVE register; 0 without SVE
    bool pauth = false;
    std::vector<arch::SysReg> system;
};

struct RegisterLayout {
    std::vector<RegisterInfo> registers;  // by gdb's number
    std::string xml;
};

inline constexpr unsigned kCoreRegisters = 34;
inline constexpr unsigned kSpNumber = 31;
inline constexpr unsigned kPcNumber = 32;
inline constexpr unsigned kCpsrNumber = 33;

RegisterLayout make_register_layout(const RegisterInputs& inputs);

// Every system register of EL1 and EL0 that has a name and can be read without changing anything. Whether a
// vCPU has it is another question.
std::vector<arch::SysReg> readable_system_registers();

// On a paused vCPU; `value` has RegisterInfo::bytes. False: not available, or refused.
bool read_cpu_register(vcpu::Vcpu& cpu, const RegisterInfo& info, std::span<u8> value);
bool write_cpu_register(vcpu::Vcpu& cpu, const RegisterInfo& info, std::span<const u8> value);
std::optional<u64> read_system_register(vcpu::Vcpu& cpu, arch::SysReg reg);

}  // namespace trapeze::debug::gdb

// Values of gdb's registers on a vCPU.
#include <algorithm>
#include <cstring>

#include "gdb/registers.h"
#include "trapeze/base/bits.h"

namespace trapeze::debug::gdb {
namespace {

using accel::CoreReg;
using accel::VectorReg;
namespace r = arch::reg;

u64 load(std::span<const u8> bytes) {
    u64 value = 0;
    std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(value)));
    return value;
}

void store(std::span<u8> bytes, u64 value) {
    std::memcpy(bytes.data(), &value, std::min(bytes.size(), sizeof(value)));
}

CoreReg core_register(accel::Vcpu& accel, unsigned index) {
    switch (index) {
        case kSpNumber: return accel::sp_reg({accel.get(CoreReg::Pstate)});
        case kPcNumber: return CoreReg::Pc;
        case kCpsrNumber: return CoreReg::Pstate;
        default: return accel::x_reg(index);
    }
}

// EL0t, EL1t and EL1h in AArch64 state: the rest no guest of ours can be in.
bool is_possible_mode(u64 pstate) {
    const u64 mode = extract(pstate, 4, 0);
    return mode == 0b00000 || mode == 0b00100 || mode == 0b00101;
}

// System registers that the accelerator counts among the core registers.
std::optional<CoreReg> as_core(arch::SysReg reg) {
    if (reg == r::SPSR_EL1) return CoreReg::SpsrEl1;
    if (reg == r::ELR_EL1) return CoreReg::ElrEl1;
    if (reg == r::SP_EL0) return CoreReg::Sp;
    if (reg == r::SP_EL1) return CoreReg::SpEl1;
    return std::nullopt;
}

// What the guest can only read, KVM may let its user change; that is for the machine's builder, not for gdb.
bool is_identification(arch::SysReg reg) {
    return reg.op0() == 3 && reg.crn() == 0 && reg.op1() != 2;
}

VectorReg vector_register(RegisterClass cls) {
    switch (cls) {
        case RegisterClass::Fpsr: return VectorReg::Fpsr;
        case RegisterClass::Fpcr: return VectorReg::Fpcr;
        case RegisterClass::Z: return VectorReg::Z;
        case RegisterClass::P: return VectorReg::P;
        case RegisterClass::Ffr: return VectorReg::Ffr;
        default: return VectorReg::V;
    }
}

// The bits of a pointer that hold its authentication code (DDI0487 "Pointer authentication"): from the top of
// the address to bit 54 if the top byte is ignored, else to bit 63.
u64 pauth_mask(u64 tcr, bool data, bool high) {
    const unsigned tsz = static_cast<unsigned>(high ? extract(tcr, 21, 16) : extract(tcr, 5, 0));
    const bool tbi = extract(tcr, high ? 38 : 37, high ? 38 : 37) != 0;
    const bool data_only = extract(tcr, high ? 52 : 51, high ? 52 : 51) != 0;  // TCR_EL1.TBID
    const unsigned top = tbi && (data || !data_only) ? 56 : 64;
    const unsigned bottom = std::min(64 - tsz, top);
    return low_mask(top) & ~low_mask(bottom);
}

}  // namespace

std::optional<u64> read_system_register(vcpu::Vcpu& cpu, arch::SysReg reg) {
    if (const auto core = as_core(reg)) return cpu.accel().get(*core);
    return cpu.read_sysreg(reg);
}

bool read_cpu_register(vcpu::Vcpu& cpu, const RegisterInfo& info, std::span<u8> value) {
    accel::Vcpu& accel = cpu.accel();
    switch (info.cls) {
        case RegisterClass::Core: store(value, accel.get(core_register(accel, info.index))); return true;
        case RegisterClass::Vg: store(value, accel.vector_length() / 8); return true;
        case RegisterClass::PauthMask: {
            const u64 tcr = cpu.read_sysreg(r::TCR_EL1).value_or(0);
            store(value, pauth_mask(tcr, info.index % 2 == 0, info.index >= 2));
            return true;
        }
        case RegisterClass::System: {
            const auto contents = read_system_register(cpu, info.reg);
            if (contents) store(value, *contents);
            return contents.has_value();
        }
        default: return accel.get_vector(vector_register(info.cls), info.index, value);
    }
}

bool write_cpu_register(vcpu::Vcpu& cpu, const RegisterInfo& info, std::span<const u8> value) {
    accel::Vcpu& accel = cpu.accel();
    switch (info.cls) {
        case RegisterClass::Core: {
            const CoreReg reg = core_register(accel, info.index);
            u64 contents = load(value);
            if (reg == CoreReg::Pstate) {
                if (!is_possible_mode(contents)) return false;
                contents |= accel.get(reg) & ~low_mask(32);
            }
            accel.set(reg, contents);
            return true;
        }
        case RegisterClass::Vg:
        case RegisterClass::PauthMask: return false;
        case RegisterClass::System: {
            if (const auto core = as_core(info.reg)) {
                accel.set(*core, load(value));
                return true;
            }
            return !is_identification(info.reg) && cpu.write_sysreg(info.reg, load(value));
        }
        default: return accel.set_vector(vector_register(info.cls), info.index, value);
    }
}

}  // namespace trapeze::debug::gdb

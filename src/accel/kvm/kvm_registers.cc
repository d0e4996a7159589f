// Register access of a KVM vCPU through KVM_GET_ONE_REG and KVM_SET_ONE_REG.
#include "kvm/kvm_vcpu.h"
#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"

namespace trapeze::accel {
namespace {

// CoreReg counts what Vcpu::core_ has as the kernel does.
static_assert(static_cast<unsigned>(CoreReg::Pc) * sizeof(u64) == offsetof(kvm::CoreRegs, pc));
static_assert(static_cast<unsigned>(CoreReg::Pstate) * sizeof(u64) == offsetof(kvm::CoreRegs, pstate));

u64 core_id(CoreReg reg) {
    const auto n = static_cast<unsigned>(reg);
    if (n < 31) return kvm::core_reg(offsetof(kvm::CoreRegs, x) + n * sizeof(u64));
    switch (reg) {
        case CoreReg::Sp: return kvm::core_reg(offsetof(kvm::CoreRegs, sp));
        case CoreReg::Pc: return kvm::core_reg(offsetof(kvm::CoreRegs, pc));
        case CoreReg::Pstate: return kvm::core_reg(offsetof(kvm::CoreRegs, pstate));
        case CoreReg::SpEl1: return kvm::core_reg(offsetof(kvm::CoreRegs, sp_el1));
        case CoreReg::ElrEl1: return kvm::core_reg(offsetof(kvm::CoreRegs, elr_el1));
        case CoreReg::SpsrEl1: return kvm::core_reg(offsetof(kvm::CoreRegs, spsr));
        default: break;
    }
    CHECK(false);
    return 0;
}

u64 sysreg_id(arch::SysReg reg) {
    using namespace arch::reg;
    if (reg == CNTV_CTL_EL0) return kvm::kRegTimerCtl;
    if (reg == CNTV_CVAL_EL0) return kvm::kRegTimerCval;
    if (reg == CNTVCT_EL0) return kvm::kRegTimerCnt;
    if (reg == CNTP_CTL_EL0) return kvm::kRegPtimerCtl;
    if (reg == CNTP_CVAL_EL0) return kvm::kRegPtimerCval;
    if (reg == CNTPCT_EL0) return kvm::kRegPtimerCnt;
    return kvm::sysreg(reg.encoding());
}

}  // namespace

std::optional<u64> KvmVcpu::get_one(u64 id) {
    CHECK(!exit_pending_);
    u64 value = 0;
    kvm::OneReg argument{id, reinterpret_cast<u64>(&value)};
    if (kvm_ioctl(fd_, kvm::kGetOneReg, &argument) != 0) return std::nullopt;
    return value;
}

bool KvmVcpu::set_one(u64 id, u64 value) {
    CHECK(!exit_pending_);
    kvm::OneReg argument{id, reinterpret_cast<u64>(&value)};
    return kvm_ioctl(fd_, kvm::kSetOneReg, &argument) == 0;
}

u64 KvmVcpu::must_get(u64 id) {
    const auto value = get_one(id);
    CHECK_MSG(value.has_value(), fmt::format("KVM register {:#x}", id));
    return *value;
}

u64 KvmVcpu::get_core(CoreReg reg) {
    return must_get(core_id(reg));
}

void KvmVcpu::set_core(CoreReg reg, u64 value) {
    CHECK_MSG(set_one(core_id(reg), value), fmt::format("core register {}", static_cast<unsigned>(reg)));
}

std::optional<u64> KvmVcpu::get(arch::SysReg reg) {
    return get_one(sysreg_id(reg));
}

bool KvmVcpu::set(arch::SysReg reg, u64 value) {
    return set_one(sysreg_id(reg), value);
}

std::optional<u64> KvmVcpu::ccsidr(u64 csselr) {
    u32 value = 0;
    kvm::OneReg argument{kvm::ccsidr_reg(csselr), reinterpret_cast<u64>(&value)};
    if (kvm_ioctl(fd_, kvm::kGetOneReg, &argument) != 0) return std::nullopt;
    return value;
}

std::optional<u64> KvmVcpu::smccc_workaround(unsigned n) {
    CHECK(n >= 1 && n <= 3);
    return get_one(kvm::firmware_reg(n));
}

std::optional<ArmedTimer> KvmVcpu::timer(u64 ctl_id, u64 cval_id, u64 count_id) {
    constexpr u64 kEnable = bit(0);
    constexpr u64 kImask = bit(1);
    if ((must_get(ctl_id) & (kEnable | kImask)) != kEnable) return std::nullopt;
    return ArmedTimer{must_get(cval_id), must_get(count_id)};
}

std::optional<ArmedTimer> KvmVcpu::virtual_timer() {
    return timer(kvm::kRegTimerCtl, kvm::kRegTimerCval, kvm::kRegTimerCnt);
}

std::optional<ArmedTimer> KvmVcpu::physical_timer() {
    return timer(kvm::kRegPtimerCtl, kvm::kRegPtimerCval, kvm::kRegPtimerCnt);
}

u64 KvmVcpu::virtual_count() {
    return must_get(kvm::kRegTimerCnt);
}

u64 KvmVcpu::counter_frequency() const {
#if defined(__aarch64__)
    u64 frequency = 0;
    asm("mrs %0, cntfrq_el0" : "=r"(frequency));
    // Firmware that left the register zero would make every conversion divide by it.
    return frequency != 0 ? frequency : 1'000'000;
#else
    return 1'000'000;
#endif
}

}  // namespace trapeze::accel

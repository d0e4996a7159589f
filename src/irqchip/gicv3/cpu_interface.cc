#include "gicv3/cpu_interface.h"

#include <algorithm>

#include "gicv3/trace.h"

namespace trapeze::irqchip::gicv3 {
namespace {

// ICC_CTLR_EL1. PMHE, SEIS and ExtRange are zero: no hint, no SErrors, no extended INTIDs. IDbits 0 is 16
// bits.
constexpr u64 kCtlrCbpr = bit(0);
constexpr u64 kCtlrEoiMode = bit(1);
using CtlrPriBits = Field<10, 8>;
constexpr u64 kCtlrA3v = bit(15);
constexpr u64 kCtlrRss = bit(18);
constexpr u64 kCtlrFixed = CtlrPriBits::make(kPriorityBits - 1) | kCtlrA3v | kCtlrRss;

using BinaryPoint = Field<2, 0>;
using IntidField = Field<23, 0>;

}  // namespace

u64 CpuInterface::pmr() {
    auto core = shared_.begin();
    const u8 value = core->vcpu(index_).regs.pmr;
    TRACE(trace::gicv3_icc_pmr_read, "vCPU {}: {:#x}", index_, value);
    return value;
}

void CpuInterface::set_pmr(u64 value) {
    auto core = shared_.begin();
    TRACE(trace::gicv3_icc_pmr_write, "vCPU {}: {:#x}", index_, value);
    core->vcpu(index_).regs.pmr = static_cast<u8>(value & kPriorityMask);
    core->cpu_changed(index_);
}

// With CBPR set, BPR1 reads as BPR0 plus one and ignores writes (IHI0069 "ICC_BPR1_EL1", EL3 not
// implemented).
template <Group G>
u64 CpuInterface::bpr() {
    auto core = shared_.begin();
    const CpuRegs& regs = core->vcpu(index_).regs;
    u64 value = regs.bpr[index_of(G)];
    if (G == Group::G1 && regs.common_bpr) value = std::min<u64>(regs.bpr[0] + 1u, kMaxBpr);
    TRACE(trace::gicv3_icc_bpr_read, "vCPU {}: group {} {:#x}", index_, index_of(G), value);
    return value;
}

template <Group G>
void CpuInterface::set_bpr(u64 value) {
    auto core = shared_.begin();
    TRACE(trace::gicv3_icc_bpr_write, "vCPU {}: group {} {:#x}", index_, index_of(G), value);
    CpuRegs& regs = core->vcpu(index_).regs;
    if (G == Group::G1 && regs.common_bpr) return;
    // The reserved bits go before the value is judged: anything below the minimum means the minimum.
    constexpr u64 kMin = G == Group::G0 ? kMinBpr0 : kMinBpr1;
    regs.bpr[index_of(G)] = static_cast<u8>(std::max(BinaryPoint::get(value), kMin));
    core->cpu_changed(index_);
}

template <Group G>
u64 CpuInterface::active_priorities() {
    auto core = shared_.begin();
    const u32 value = core->vcpu(index_).regs.active_priorities[index_of(G)];
    TRACE(trace::gicv3_icc_ap_read, "vCPU {}: group {} {:#x}", index_, index_of(G), value);
    return value;
}

template <Group G>
void CpuInterface::set_active_priorities(u64 value) {
    auto core = shared_.begin();
    TRACE(trace::gicv3_icc_ap_write, "vCPU {}: group {} {:#x}", index_, index_of(G), value);
    core->vcpu(index_).regs.active_priorities[index_of(G)] = static_cast<u32>(value);
    core->cpu_changed(index_);
}

template <Group G>
u64 CpuInterface::group_enable() {
    auto core = shared_.begin();
    const bool value = core->vcpu(index_).regs.group_enable[index_of(G)];
    TRACE(trace::gicv3_icc_igrpen_read, "vCPU {}: group {} {}", index_, index_of(G), value);
    return value ? 1 : 0;
}

template <Group G>
void CpuInterface::set_group_enable(u64 value) {
    auto core = shared_.begin();
    TRACE(trace::gicv3_icc_igrpen_write, "vCPU {}: group {} {:#x}", index_, index_of(G), value);
    core->vcpu(index_).regs.group_enable[index_of(G)] = (value & 1) != 0;
    core->cpu_changed(index_);
}

u64 CpuInterface::ctlr() {
    auto core = shared_.begin();
    const CpuRegs& regs = core->vcpu(index_).regs;
    const u64 value = kCtlrFixed | (regs.common_bpr ? kCtlrCbpr : 0) | (regs.split_eoi ? kCtlrEoiMode : 0);
    TRACE(trace::gicv3_icc_ctlr_read, "vCPU {}: {:#x}", index_, value);
    return value;
}

void CpuInterface::set_ctlr(u64 value) {
    auto core = shared_.begin();
    TRACE(trace::gicv3_icc_ctlr_write, "vCPU {}: {:#x}", index_, value);
    CpuRegs& regs = core->vcpu(index_).regs;
    regs.common_bpr = (value & kCtlrCbpr) != 0;
    regs.split_eoi = (value & kCtlrEoiMode) != 0;
    core->cpu_changed(index_);
}

template <Group G>
u64 CpuInterface::hppir() {
    auto core = shared_.begin();
    const HighestPending best = core->highest_pending(core->vcpu(index_));
    const u32 intid = best.group == G ? best.intid : kSpurious;
    TRACE(G == Group::G0 ? trace::gicv3_icc_hppir0_read : trace::gicv3_icc_hppir1_read, "vCPU {}: {}", index_,
          intid);
    return intid;
}

// Acknowledge. The line may have been taken away between the vCPU's exception and now, so everything is
// judged again: 1023 when nothing of this group would be signalled.
template <Group G>
u64 CpuInterface::iar() {
    auto core = shared_.begin();
    Vcpu& v = core->vcpu(index_);
    const HighestPending best = core->highest_pending(v);
    u32 intid = kSpurious;
    if (!best.none() && best.group == G && has_sufficient_priority(v.regs, G, best.priority)) {
        intid = best.intid;
        IrqBank& bank = *core->bank_of(intid, index_);
        const u32 mask = 1u << intid % kBankSize;
        bank.active |= mask;
        bank.latched &= ~mask;  // a high level keeps it pending as well as active
        core->bank_changed(bank);
        raise_running_priority(v.regs, G, best.priority);
        core->cpu_changed(index_);
    }
    TRACE(G == Group::G0 ? trace::gicv3_icc_iar0_read : trace::gicv3_icc_iar1_read, "vCPU {}: {}", index_,
          intid);
    return intid;
}

u64 CpuInterface::rpr() {
    auto core = shared_.begin();
    const u8 value = running_priority(core->vcpu(index_).regs);
    TRACE(trace::gicv3_icc_rpr_read, "vCPU {}: {:#x}", index_, value);
    return value;
}

// End of interrupt. What IHI0069 "ICC_EOIR1_EL1" calls UNPREDICTABLE is a guest error with a harmless result:
// a write through the register of the group that is not running does nothing; an INTID other than the last
// acknowledged one drops the running priority all the same, because software pairs acknowledge and EOI.
template <Group G>
void CpuInterface::set_eoir(u64 value) {
    auto core = shared_.begin();
    const u32 intid = static_cast<u32>(IntidField::get(value));
    TRACE(trace::gicv3_icc_eoir_write, "vCPU {}: group {} INTID {}", index_, index_of(G), intid);
    if (intid >= kFirstSpecial && intid <= kSpurious) return;
    Vcpu& v = core->vcpu(index_);
    const IrqBank* bank = core->bank_of(intid, index_);
    if (bank == nullptr || running_group(v.regs) != G) {
        GUEST_ERROR("vCPU {}: EOI of INTID {} in group {}, which is not running", index_, intid, index_of(G));
        return;
    }
    if ((bank->active >> intid % kBankSize & 1u) == 0) {
        GUEST_ERROR("vCPU {}: EOI of INTID {}, which is not active", index_, intid);
    }
    drop_running_priority(v.regs, G);
    core->cpu_changed(index_);
    if (!v.regs.split_eoi) deactivate(*core, intid);
}

void CpuInterface::set_dir(u64 value) {
    auto core = shared_.begin();
    const u32 intid = static_cast<u32>(IntidField::get(value));
    TRACE(trace::gicv3_icc_dir_write, "vCPU {}: INTID {}", index_, intid);
    if (intid >= kFirstSpecial && intid <= kSpurious) return;
    if (!core->vcpu(index_).regs.split_eoi) {
        GUEST_ERROR("vCPU {}: write of {} to ICC_DIR_EL1 with EOImode 0", index_, intid);
        return;
    }
    deactivate(*core, intid);
}

void CpuInterface::deactivate(Core& core, u32 intid) {
    IrqBank* bank = core.bank_of(intid, index_);
    if (bank == nullptr) {
        GUEST_ERROR("vCPU {}: deactivation of INTID {}, which does not exist", index_, intid);
        return;
    }
    bank->active &= ~(1u << intid % kBankSize);
    core.bank_changed(*bank);
}

template <Group G, bool AnyGroup>
void CpuInterface::set_sgir(u64 value) {
    auto core = shared_.begin();
    TRACE(trace::gicv3_icc_sgi_write, "vCPU {}: group {}{} {:#x}", index_, index_of(G),
          AnyGroup ? " or 0" : "", value);
    const SgiRequest request = SgiRequest::decode(value);
    const auto send = [&](VcpuIndex target) {
        IrqBank& bank = core->vcpu(target).bank;
        if (!AnyGroup && bank.group_of(request.intid) != G) return;
        TRACE(trace::gicv3_redist_send_sgi, "vCPU {}: SGI {}", target, request.intid);
        bank.latched |= 1u << request.intid;
        core->bank_changed(bank);
    };
    if (!request.all_others) {
        core->affinities().for_each_in(request.first, request.targets, send);
        return;
    }
    for (VcpuIndex i = 0; i < core->vcpu_count(); ++i) {
        if (i != index_) send(i);
    }
}

namespace {

using Cpu = CpuInterface;
namespace reg = arch::reg;
namespace rows = trap::rows;
using enum Group;

// The higher active priorities registers exist only with more than five bits of group priority.
//
// With one Security state, ICC_SGI1R_EL1 makes an SGI of either group pending as the target has configured
// it, the other two only one of group 0 (IHI0069 "Forwarding an SGI to a target PE").
constexpr trap::SysRegRow<Cpu> kRows[] = {
    rows::rw<&Cpu::pmr, &Cpu::set_pmr>(reg::ICC_PMR_EL1, "IHI0069 ICC_PMR_EL1"),
    rows::ro<&Cpu::iar<G0>>(reg::ICC_IAR0_EL1, "IHI0069 ICC_IAR0_EL1"),
    rows::wo<&Cpu::set_eoir<G0>>(reg::ICC_EOIR0_EL1, "IHI0069 ICC_EOIR0_EL1"),
    rows::ro<&Cpu::hppir<G0>>(reg::ICC_HPPIR0_EL1, "IHI0069 ICC_HPPIR0_EL1"),
    rows::rw<&Cpu::bpr<G0>, &Cpu::set_bpr<G0>>(reg::ICC_BPR0_EL1, "IHI0069 ICC_BPR0_EL1"),
    rows::rw<&Cpu::active_priorities<G0>, &Cpu::set_active_priorities<G0>>(reg::ICC_AP0R0_EL1,
                                                                           "IHI0069 ICC_AP0R<n>_EL1"),
    rows::undef<Cpu>(reg::ICC_AP0R1_EL1, "IHI0069 ICC_AP0R<n>_EL1"),
    rows::undef<Cpu>(reg::ICC_AP0R2_EL1, "IHI0069 ICC_AP0R<n>_EL1"),
    rows::undef<Cpu>(reg::ICC_AP0R3_EL1, "IHI0069 ICC_AP0R<n>_EL1"),
    rows::rw<&Cpu::active_priorities<G1>, &Cpu::set_active_priorities<G1>>(reg::ICC_AP1R0_EL1,
                                                                           "IHI0069 ICC_AP1R<n>_EL1"),
    rows::undef<Cpu>(reg::ICC_AP1R1_EL1, "IHI0069 ICC_AP1R<n>_EL1"),
    rows::undef<Cpu>(reg::ICC_AP1R2_EL1, "IHI0069 ICC_AP1R<n>_EL1"),
    rows::undef<Cpu>(reg::ICC_AP1R3_EL1, "IHI0069 ICC_AP1R<n>_EL1"),
    rows::wo<&Cpu::set_dir>(reg::ICC_DIR_EL1, "IHI0069 ICC_DIR_EL1"),
    rows::ro<&Cpu::rpr>(reg::ICC_RPR_EL1, "IHI0069 ICC_RPR_EL1"),
    rows::wo<&Cpu::set_sgir<G1, true>>(reg::ICC_SGI1R_EL1, "IHI0069 ICC_SGI1R_EL1"),
    rows::wo<&Cpu::set_sgir<G0, false>>(reg::ICC_ASGI1R_EL1, "IHI0069 ICC_ASGI1R_EL1"),
    rows::wo<&Cpu::set_sgir<G0, false>>(reg::ICC_SGI0R_EL1, "IHI0069 ICC_SGI0R_EL1"),
    rows::ro<&Cpu::iar<G1>>(reg::ICC_IAR1_EL1, "IHI0069 ICC_IAR1_EL1"),
    rows::wo<&Cpu::set_eoir<G1>>(reg::ICC_EOIR1_EL1, "IHI0069 ICC_EOIR1_EL1"),
    rows::ro<&Cpu::hppir<G1>>(reg::ICC_HPPIR1_EL1, "IHI0069 ICC_HPPIR1_EL1"),
    rows::rw<&Cpu::bpr<G1>, &Cpu::set_bpr<G1>>(reg::ICC_BPR1_EL1, "IHI0069 ICC_BPR1_EL1"),
    rows::rw<&Cpu::ctlr, &Cpu::set_ctlr>(reg::ICC_CTLR_EL1, "IHI0069 ICC_CTLR_EL1"),
    rows::rw<&Cpu::sre, &Cpu::set_sre>(reg::ICC_SRE_EL1, "IHI0069 ICC_SRE_EL1"),
    rows::rw<&Cpu::group_enable<G0>, &Cpu::set_group_enable<G0>>(reg::ICC_IGRPEN0_EL1,
                                                                 "IHI0069 ICC_IGRPEN0_EL1"),
    rows::rw<&Cpu::group_enable<G1>, &Cpu::set_group_enable<G1>>(reg::ICC_IGRPEN1_EL1,
                                                                 "IHI0069 ICC_IGRPEN1_EL1"),
};
static_assert(trap::valid_sysreg_table(kRows));

}  // namespace

std::span<const trap::SysRegRow<CpuInterface>> CpuInterface::rows() {
    return kRows;
}

}  // namespace trapeze::irqchip::gicv3

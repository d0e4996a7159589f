#include "gicv2/cpu_interface.h"

#include <algorithm>

#include "gic/bank_registers.h"
#include "gicv2/trace.h"
#include "trapeze/base/check.h"

namespace trapeze::irqchip::gicv2 {
namespace {

using Frame = CpuFrame;
using bus::RowAccess;

// GICC_CTLR as a GICv2 without the Security Extensions has it. Zero: the interrupt signal bypass bits, as
// there are no such signals.
constexpr u64 kCtlrEnableGrp0 = bit(0);
constexpr u64 kCtlrEnableGrp1 = bit(1);
constexpr u64 kCtlrAckCtl = bit(2);
constexpr u64 kCtlrFiqEn = bit(3);
constexpr u64 kCtlrCbpr = bit(4);
constexpr u64 kCtlrEoiMode = bit(9);

u64 read_ctlr(Frame& frame, const RowAccess&) {
    const CpuRegs& regs = frame.regs();
    return (regs.group_enable[0] ? kCtlrEnableGrp0 : 0) | (regs.group_enable[1] ? kCtlrEnableGrp1 : 0) |
           (regs.ack_ctl ? kCtlrAckCtl : 0) | (regs.fiq_en ? kCtlrFiqEn : 0) |
           (regs.common_bpr ? kCtlrCbpr : 0) | (regs.split_eoi ? kCtlrEoiMode : 0);
}
void write_ctlr(Frame& frame, const RowAccess&, u64 value) {
    CpuRegs& regs = frame.regs();
    regs.group_enable = {(value & kCtlrEnableGrp0) != 0, (value & kCtlrEnableGrp1) != 0};
    regs.ack_ctl = (value & kCtlrAckCtl) != 0;
    regs.fiq_en = (value & kCtlrFiqEn) != 0;
    regs.common_bpr = (value & kCtlrCbpr) != 0;
    regs.split_eoi = (value & kCtlrEoiMode) != 0;
    frame.changed();
}

void write_pmr(Frame& frame, const RowAccess&, u64 value) {
    frame.regs().pmr = static_cast<u8>(value & kPriorityMask);
    frame.changed();
}

// GICC_BPR and GICC_ABPR; a value below the minimum means the minimum.
using BinaryPoint = Field<2, 0>;

template <Group G>
u64 read_bpr(Frame& frame, const RowAccess&) {
    return frame.regs().bpr[index_of(G)];
}
template <Group G>
void write_bpr(Frame& frame, const RowAccess&, u64 value) {
    constexpr u64 kMin = G == Group::G0 ? kMinBpr0 : kMinBpr1;
    frame.regs().bpr[index_of(G)] = static_cast<u8>(std::max(BinaryPoint::get(value), kMin));
    frame.changed();
}

template <Group G>
u64 read_active_priorities(Frame& frame, const RowAccess&) {
    return frame.regs().active_priorities[index_of(G)];
}
template <Group G>
void write_active_priorities(Frame& frame, const RowAccess&, u64 value) {
    frame.regs().active_priorities[index_of(G)] = static_cast<u32>(value);
    frame.changed();
}

// What names an interrupt in GICC_IAR, GICC_EOIR, GICC_DIR and GICC_HPPIR: for an SGI, also who sent it.
using IntidField = Field<9, 0>;
using CpuIdField = Field<12, 10>;
constexpr u32 kOtherGroup = 1022;  // "of group 1, which this register does not show"

// Of several senders the one with the lowest number comes first, which IHI0048 leaves to us (SGI_CpuID).
VcpuIndex sender_of(const Vcpu& vcpu, u32 sgi) {
    return static_cast<VcpuIndex>(std::countr_zero(vcpu.bank.pending_from[sgi]));
}

// The registers come in pairs: GICC_IAR, EOIR and HPPIR for group 0, and for group 1 too with
// GICC_CTLR.AckCtl; GICC_AIAR, AEOIR and AHPPIR for group 1.
enum class Alias : bool { No, Yes };

// Whether a register shows an interrupt of the group, or kOtherGroup or kSpurious instead (IHI0048
// "GICC_IAR", "Effect of interrupt grouping").
template <Alias A>
u32 intid_seen(const CpuRegs& regs, const HighestPending& best) {
    if (best.none()) return kSpurious;
    if (A == Alias::Yes) return best.group == Group::G1 ? best.intid : kSpurious;
    return best.group == Group::G0 || regs.ack_ctl ? best.intid : kOtherGroup;
}

template <Alias A>
u64 read_hppir(Frame& frame, const RowAccess&) {
    const u32 intid = intid_seen<A>(frame.regs(), frame.core.highest_pending(frame.vcpu()));
    return intid < kSgiCount ? CpuIdField::make(sender_of(frame.vcpu(), intid)) | intid : intid;
}

// Acknowledge. The line may have been taken away between the vCPU's exception and now, or another target was
// first (the 1-N model), so everything is judged again.
template <Alias A>
u64 read_iar(Frame& frame, const RowAccess&) {
    Vcpu& v = frame.vcpu();
    const HighestPending best = frame.core.highest_pending(v);
    const u32 intid = Core::signalled(v, best) ? intid_seen<A>(v.regs, best) : kSpurious;
    if (intid >= kFirstSpecial) return intid;

    IrqBank& bank = *frame.core.bank_of(intid, frame.index);
    const u32 mask = 1u << intid % kBankSize;
    bank.active |= mask;
    VcpuIndex sender = 0;
    if (intid < kSgiCount) {
        sender = sender_of(v, intid);
        bank.active_from[intid] = sender;
        frame.core.set_pending_from(v, intid,
                                    static_cast<CpuMask>(bank.pending_from[intid] & ~mask_of(sender)));
    } else {
        bank.latched &= ~mask;  // a high level keeps it pending as well as active
        frame.core.bank_changed(bank);
    }
    raise_running_priority(v.regs, best.group, best.priority);
    frame.changed();
    TRACE(trace::gicv2_cpu_acknowledge, "vCPU {}: INTID {} from vCPU {} priority {:#x}", frame.index, intid,
          sender, best.priority);
    return CpuIdField::make(sender) | intid;
}

// An SGI is active for one sender, and only a write that names that sender ends it. Anybody may deactivate an
// SPI.
void deactivate(Frame& frame, u32 intid, VcpuIndex sender) {
    IrqBank* bank = frame.core.bank_of(intid, frame.index);
    if (bank == nullptr || (bank->active >> intid % kBankSize & 1u) == 0) {
        GUEST_ERROR("vCPU {}: deactivation of INTID {}, which is not active", frame.index, intid);
        return;
    }
    if (intid < kSgiCount && bank->active_from[intid] != IrqBank::kUnknownSource &&
        bank->active_from[intid] != sender) {
        GUEST_ERROR("vCPU {}: deactivation of SGI {} from vCPU {}, but that from {} is active", frame.index,
                    intid, sender, bank->active_from[intid]);
        return;
    }
    bank->active &= ~(1u << intid % kBankSize);
    frame.core.bank_changed(*bank);
}

// End of interrupt. What IHI0048 "GICC_EOIR" calls UNPREDICTABLE is a guest error with a harmless result: the
// running priority drops, because software pairs acknowledge and end, whichever interrupt it names, and
// GICC_EOIR ends one of group 1 as if AckCtl were set; but GICC_AEOIR does not end one of group 0.
template <Alias A>
void write_eoir(Frame& frame, const RowAccess&, u64 value) {
    const u32 intid = static_cast<u32>(IntidField::get(value));
    const auto sender = static_cast<VcpuIndex>(CpuIdField::get(value));
    TRACE(trace::gicv2_cpu_end, "vCPU {}: INTID {} from vCPU {}", frame.index, intid, sender);
    if (intid >= kFirstSpecial) return;
    CpuRegs& regs = frame.regs();
    const std::optional<Group> running = running_group(regs);
    if (!running || (A == Alias::Yes && *running == Group::G0)) {
        GUEST_ERROR("vCPU {}: end of INTID {}, but no interrupt of its group is running", frame.index, intid);
        return;
    }
    if (A == Alias::No && *running == Group::G1 && !regs.ack_ctl) {
        GUEST_ERROR("vCPU {}: end of INTID {} of group 1 by GICC_EOIR with AckCtl 0", frame.index, intid);
    }
    drop_running_priority(regs, *running);
    frame.changed();
    if (!regs.split_eoi) deactivate(frame, intid, sender);
}

void write_dir(Frame& frame, const RowAccess&, u64 value) {
    const u32 intid = static_cast<u32>(IntidField::get(value));
    const auto sender = static_cast<VcpuIndex>(CpuIdField::get(value));
    TRACE(trace::gicv2_cpu_deactivate, "vCPU {}: INTID {} from vCPU {}", frame.index, intid, sender);
    if (intid >= kFirstSpecial) return;
    if (!frame.regs().split_eoi) {
        GUEST_ERROR("vCPU {}: write of {} to GICC_DIR with EOImode 0", frame.index, intid);
        return;
    }
    deactivate(frame, intid, sender);
}

// GICC_IIDR: version 2 of the architecture.
constexpr u64 kGiccIidr = Field<19, 16>::make(2) | kIidr;

// The higher active priorities registers would hold more than five bits of group priority.
constexpr bus::RegisterRow<Frame> kRows[] = {
    {0x0000, 4, bus::k32, "GICC_CTLR", read_ctlr, write_ctlr},
    {0x0004, 4, bus::k32, "GICC_PMR", [](Frame& frame, const RowAccess&) -> u64 { return frame.regs().pmr; },
     write_pmr},
    {0x0008, 4, bus::k32, "GICC_BPR", read_bpr<Group::G0>, write_bpr<Group::G0>},
    {0x000c, 4, bus::k32, "GICC_IAR", read_iar<Alias::No>, nullptr},
    {0x0010, 4, bus::k32, "GICC_EOIR", nullptr, write_eoir<Alias::No>},
    {0x0014, 4, bus::k32, "GICC_RPR",
     [](Frame& frame, const RowAccess&) -> u64 { return running_priority(frame.regs()); }, nullptr},
    {0x0018, 4, bus::k32, "GICC_HPPIR", read_hppir<Alias::No>, nullptr},
    {0x001c, 4, bus::k32, "GICC_ABPR", read_bpr<Group::G1>, write_bpr<Group::G1>},
    {0x0020, 4, bus::k32, "GICC_AIAR", read_iar<Alias::Yes>, nullptr},
    {0x0024, 4, bus::k32, "GICC_AEOIR", nullptr, write_eoir<Alias::Yes>},
    {0x0028, 4, bus::k32, "GICC_AHPPIR", read_hppir<Alias::Yes>, nullptr},
    {0x00d0, 4, bus::k32, "GICC_APR0", read_active_priorities<Group::G0>, write_active_priorities<Group::G0>},
    raz_wi<Frame>(0x00d4, 12, bus::k32, "GICC_APR<n>"),
    {0x00e0, 4, bus::k32, "GICC_NSAPR0", read_active_priorities<Group::G1>,
     write_active_priorities<Group::G1>},
    raz_wi<Frame>(0x00e4, 12, bus::k32, "GICC_NSAPR<n>"),
    {0x00fc, 4, bus::k32, "GICC_IIDR", [](Frame&, const RowAccess&) -> u64 { return kGiccIidr; }, nullptr},
    {0x1000, 4, bus::k32, "GICC_DIR", nullptr, write_dir},
};
static_assert(bus::valid_register_map(kRows));

}  // namespace

const bus::RegisterMap<CpuFrame>& CpuFrame::registers() {
    static constexpr bus::RegisterMap<Frame> kMap("gicc", kRows);
    return kMap;
}

u64 CpuInterface::mmio_read(const bus::MmioAccess& access) {
    auto core = shared_.begin();
    CHECK(access.vcpu < core->vcpu_count());
    Frame frame{*core, access.vcpu};
    const u64 value = Frame::registers().read(frame, access);
    TRACE(trace::gicv2_cpu_read, "vCPU {}: offset {:#x} size {} value {:#x}", access.vcpu, access.offset,
          access.size, value);
    return value;
}

void CpuInterface::mmio_write(const bus::MmioAccess& access, u64 value) {
    auto core = shared_.begin();
    CHECK(access.vcpu < core->vcpu_count());
    Frame frame{*core, access.vcpu};
    TRACE(trace::gicv2_cpu_write, "vCPU {}: offset {:#x} size {} value {:#x}", access.vcpu, access.offset,
          access.size, value);
    Frame::registers().write(frame, access, value);
}

}  // namespace trapeze::irqchip::gicv2

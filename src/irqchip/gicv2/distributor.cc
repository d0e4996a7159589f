#include "gicv2/distributor.h"

#include "gic/bank_registers.h"
#include "gicv2/trace.h"
#include "trapeze/base/check.h"

namespace trapeze::irqchip::gicv2 {
namespace {

using Frame = DistributorFrame;
using bus::RowAccess;

// GICD_CTLR as a GICv2 without the Security Extensions has it.
constexpr u64 kCtlrEnableGrp0 = bit(0);
constexpr u64 kCtlrEnableGrp1 = bit(1);

u64 read_ctlr(Frame& frame, const RowAccess&) {
    return (frame.core.group_enabled(Group::G0) ? kCtlrEnableGrp0 : 0) |
           (frame.core.group_enabled(Group::G1) ? kCtlrEnableGrp1 : 0);
}
void write_ctlr(Frame& frame, const RowAccess&, u64 value) {
    frame.core.set_group_enables((value & kCtlrEnableGrp0) != 0, (value & kCtlrEnableGrp1) != 0);
}

// GICD_TYPER. Zero: SecurityExtn, and LSPI, which belongs to it.
using TyperItLinesNumber = Field<4, 0>;
using TyperCpuNumber = Field<7, 5>;

u64 read_typer(Frame& frame, const RowAccess&) {
    return TyperItLinesNumber::make(frame.core.bank_count() - 1) |
           TyperCpuNumber::make(frame.core.vcpu_count() - 1);
}

// Banks of one bit in which SGIs differ from other interrupts. They are always enabled, which is
// IMPLEMENTATION DEFINED and as GIC-400 and QEMU have it, and their pending state is that of
// GICD_SPENDSGIR<n> (IHI0048 "GICD_ISENABLERn", "GICD_ISPENDRn").
struct ClearEnable : gic::bits::ClearEnable {
    static u32 write(IrqBank& bank, u32 value) {
        return gic::bits::ClearEnable::write(bank, value & ~bank.sgis);
    }
};
struct SetPending : gic::bits::SetPending {
    static u32 write(IrqBank& bank, u32 value) {
        return gic::bits::SetPending::write(bank, value & ~bank.sgis);
    }
};
struct ClearPending : gic::bits::ClearPending {
    static u32 write(IrqBank& bank, u32 value) {
        return gic::bits::ClearPending::write(bank, value & ~bank.sgis);
    }
};
struct SetActive : gic::bits::SetActive {
    static u32 write(IrqBank& bank, u32 value) {
        for_each_bit(value & ~bank.active & bank.sgis,
                     [&](unsigned n) { bank.active_from[n] = bank.kUnknownSource; });
        return gic::bits::SetActive::write(bank, value);
    }
};

// GICD_ITARGETSR<n>: a byte per interrupt. Those of SGIs and PPIs are read-only and say which vCPU reads;
// with a single vCPU all are RAZ/WI.
u64 read_targets(Frame& frame, const RowAccess& access) {
    const IrqBank* bank = frame.bank(access.index / kBankSize);
    if (bank == nullptr || frame.core.vcpu_count() == 1) return 0;
    u64 value = 0;
    for (unsigned i = 0; i < access.size; ++i) {
        value |= u64{bank->targets[access.index % kBankSize + i]} << (8 * i);
    }
    return value;
}
void write_targets(Frame& frame, const RowAccess& access, u64 value) {
    IrqBank* bank = frame.bank(access.index / kBankSize);
    if (bank == nullptr || access.index < kFirstSpi || frame.core.vcpu_count() == 1) return;
    u32 moved = 0;
    for (unsigned i = 0; i < access.size; ++i) {
        const unsigned n = access.index % kBankSize + i;
        const auto targets = static_cast<CpuMask>(value >> (8 * i) & frame.core.all_vcpus());
        if ((bank->implemented >> n & 1u) == 0 || bank->targets[n] == targets) continue;
        bank->targets[n] = targets;
        moved |= 1u << n;
    }
    frame.changed(*bank, moved);
}

// GICD_SGIR. NSATT belongs to the Security Extensions; whether an SGI that is sent while its group is
// disabled in GICD_CTLR has an effect is IMPLEMENTATION DEFINED: it becomes pending.
using SgirTargetListFilter = Field<25, 24>;
using SgirCpuTargetList = Field<23, 16>;
using SgirIntid = Field<3, 0>;
enum TargetListFilter : u64 { kListed = 0, kAllOthers = 1, kSelf = 2 };

void write_sgir(Frame& frame, const RowAccess&, u64 value) {
    const CpuMask self = mask_of(frame.index);
    const u32 sgi = static_cast<u32>(SgirIntid::get(value));
    CpuMask targets = 0;
    switch (SgirTargetListFilter::get(value)) {
        case kListed:
            targets = static_cast<CpuMask>(SgirCpuTargetList::get(value) & frame.core.all_vcpus());
            break;
        case kAllOthers: targets = static_cast<CpuMask>(frame.core.all_vcpus() & ~self); break;
        case kSelf: targets = self; break;
        default: GUEST_ERROR("vCPU {}: reserved TargetListFilter in GICD_SGIR", frame.index);
    }
    TRACE(trace::gicv2_dist_send_sgi, "vCPU {}: SGI {} to {:#x}", frame.index, sgi, targets);
    for_each_bit(targets, [&](unsigned target) {
        Vcpu& v = frame.core.vcpu(target);
        frame.core.set_pending_from(v, sgi, v.bank.pending_from[sgi] | self);
    });
}

// GICD_CPENDSGIR<n> and GICD_SPENDSGIR<n>: a byte per SGI, in which each vCPU that has sent it has a bit.
u64 read_sgi_pending(Frame& frame, const RowAccess& access) {
    u64 value = 0;
    for (unsigned i = 0; i < access.size; ++i) {
        value |= u64{frame.vcpu().bank.pending_from[access.index + i]} << (8 * i);
    }
    return value;
}
template <bool Set>
void write_sgi_pending(Frame& frame, const RowAccess& access, u64 value) {
    for (unsigned i = 0; i < access.size; ++i) {
        const CpuMask old = frame.vcpu().bank.pending_from[access.index + i];
        const auto senders = static_cast<CpuMask>(value >> (8 * i) & frame.core.all_vcpus());
        frame.core.set_pending_from(frame.vcpu(), access.index + i,
                                    static_cast<CpuMask>(Set ? old | senders : old & ~senders));
    }
}

// PIDR4 to PIDR7, PIDR0 to PIDR3, CIDR0 to CIDR3.
constexpr u8 kIds[12] = {0x04, 0x00, 0x00, 0x00, 0x90, 0xb4, 0x2b, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

constexpr u32 kIrqs = kBankedRegisterIrqs;

constexpr bus::RegisterRow<Frame> kRows[] = {
    {0x000, 4, bus::k32, "GICD_CTLR", read_ctlr, write_ctlr},
    {0x004, 4, bus::k32, "GICD_TYPER", read_typer, nullptr},
    {0x008, 4, bus::k32, "GICD_IIDR", [](Frame&, const RowAccess&) -> u64 { return kIidr; }, nullptr},
    bit_bank<Frame, gic::bits::Group>(0x080, kIrqs, "GICD_IGROUPR<n>"),
    bit_bank<Frame, gic::bits::SetEnable>(0x100, kIrqs, "GICD_ISENABLER<n>"),
    bit_bank<Frame, ClearEnable>(0x180, kIrqs, "GICD_ICENABLER<n>"),
    bit_bank<Frame, SetPending>(0x200, kIrqs, "GICD_ISPENDR<n>"),
    bit_bank<Frame, ClearPending>(0x280, kIrqs, "GICD_ICPENDR<n>"),
    bit_bank<Frame, SetActive>(0x300, kIrqs, "GICD_ISACTIVER<n>"),
    bit_bank<Frame, gic::bits::ClearActive>(0x380, kIrqs, "GICD_ICACTIVER<n>"),
    priority_bank<Frame>(0x400, kFirstSpecial, "GICD_IPRIORITYR<n>"),
    {0x800, bus::bank_bytes(8, kFirstSpecial), bus::k8or32, "GICD_ITARGETSR<n>", read_targets, write_targets},
    config_bank<Frame>(0xc00, kIrqs, "GICD_ICFGR<n>"),
    // The Security Extensions.
    raz_wi<Frame>(0xe00, bus::bank_bytes(2, kIrqs), bus::k32, "GICD_NSACR<n>"),
    {0xf00, 4, bus::k32, "GICD_SGIR", nullptr, write_sgir},
    {0xf10, bus::bank_bytes(8, kSgiCount), bus::k8or32, "GICD_CPENDSGIR<n>", read_sgi_pending,
     write_sgi_pending<false>},
    {0xf20, bus::bank_bytes(8, kSgiCount), bus::k8or32, "GICD_SPENDSGIR<n>", read_sgi_pending,
     write_sgi_pending<true>},
    identification<Frame, kIds>(0xfd0, "GICD_PIDR<n>"),
};
static_assert(bus::valid_register_map(kRows));

}  // namespace

const bus::RegisterMap<DistributorFrame>& DistributorFrame::registers() {
    static constexpr bus::RegisterMap<Frame> kMap("gicd", kRows);
    return kMap;
}

u64 Distributor::mmio_read(const bus::MmioAccess& access) {
    auto core = shared_.begin();
    CHECK(access.vcpu < core->vcpu_count());
    Frame frame{*core, access.vcpu};
    const u64 value = Frame::registers().read(frame, access);
    TRACE(trace::gicv2_dist_read, "vCPU {}: offset {:#x} size {} value {:#x}", access.vcpu, access.offset,
          access.size, value);
    return value;
}

void Distributor::mmio_write(const bus::MmioAccess& access, u64 value) {
    auto core = shared_.begin();
    CHECK(access.vcpu < core->vcpu_count());
    Frame frame{*core, access.vcpu};
    TRACE(trace::gicv2_dist_write, "vCPU {}: offset {:#x} size {} value {:#x}", access.vcpu, access.offset,
          access.size, value);
    Frame::registers().write(frame, access, value);
}

}  // namespace trapeze::irqchip::gicv2

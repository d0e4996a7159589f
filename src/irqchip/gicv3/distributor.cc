#include "gicv3/distributor.h"

#include "gic/bank_registers.h"
#include "gicv3/trace.h"

namespace trapeze::irqchip::gicv3 {
namespace {

using Frame = DistributorFrame;
using bus::RowAccess;

// GICD_CTLR with a single Security state. RWP is always 0: a write has taken effect when it returns. ARE and
// DS are RAO/WI. E1NWF is 0: sleeping vCPUs are never selected.
constexpr u64 kCtlrEnableGrp0 = bit(0);
constexpr u64 kCtlrEnableGrp1 = bit(1);
constexpr u64 kCtlrAre = bit(4);
constexpr u64 kCtlrDs = bit(6);

u64 read_ctlr(Frame& frame, const RowAccess&) {
    return kCtlrAre | kCtlrDs | (frame.core.group_enabled(Group::G0) ? kCtlrEnableGrp0 : 0) |
           (frame.core.group_enabled(Group::G1) ? kCtlrEnableGrp1 : 0);
}
void write_ctlr(Frame& frame, const RowAccess&, u64 value) {
    frame.core.set_group_enables((value & kCtlrEnableGrp0) != 0, (value & kCtlrEnableGrp1) != 0);
}

// GICD_TYPER. Zero: CPUNumber (no legacy mode), ESPI, SecurityExtn, MBIS, LPIS, DVIS, and No1N, which is to
// say that the 1 of N model is there.
using TyperItLinesNumber = Field<4, 0>;
using TyperIdBits = Field<23, 19>;
constexpr u64 kTyperA3v = bit(24);
constexpr u64 kTyperRss = bit(26);

u64 read_typer(Frame& frame, const RowAccess&) {
    return TyperItLinesNumber::make(frame.core.bank_count() - 1) | TyperIdBits::make(10 - 1) | kTyperA3v |
           kTyperRss;
}

// GICD_IROUTER<n>: one 64-bit register per SPI, accessible in halves.
u64 read_irouter(Frame& frame, const RowAccess& access) {
    const u32 intid = kFirstSpi + access.index / 8;
    if (intid >= frame.core.intid_count()) return 0;
    return frame.core.irouter(intid) >> (access.index % 8 * 8);
}
void write_irouter(Frame& frame, const RowAccess& access, u64 value) {
    const u32 intid = kFirstSpi + access.index / 8;
    if (intid >= frame.core.intid_count()) return;
    if (access.size == 4) {
        const unsigned low = access.index % 8 * 8;
        value = deposit(frame.core.irouter(intid), low + 31, low, value);
    }
    frame.core.set_irouter(intid, value);
}

constexpr u32 kIrqs = kBankedRegisterIrqs;

constexpr bus::RegisterRow<Frame> kRows[] = {
    {0x0000, 4, bus::k32, "GICD_CTLR", read_ctlr, write_ctlr},
    {0x0004, 4, bus::k32, "GICD_TYPER", read_typer, nullptr},
    {0x0008, 4, bus::k32, "GICD_IIDR", [](Frame&, const RowAccess&) -> u64 { return kIidr; }, nullptr},
    {0x000c, 4, bus::k32, "GICD_TYPER2", [](Frame&, const RowAccess&) -> u64 { return 0; }, nullptr},
    raz_wi<Frame>(0x0010, 4, bus::k32, "GICD_STATUSR"),
    // Message-based SPIs: GICD_TYPER.MBIS is 0.
    raz_wi<Frame>(0x0040, 4, bus::k16 | bus::k32, "GICD_SETSPI_NSR"),
    raz_wi<Frame>(0x0048, 4, bus::k16 | bus::k32, "GICD_CLRSPI_NSR"),
    raz_wi<Frame>(0x0050, 4, bus::k16 | bus::k32, "GICD_SETSPI_SR"),
    raz_wi<Frame>(0x0058, 4, bus::k16 | bus::k32, "GICD_CLRSPI_SR"),
    bit_bank<Frame, bits::Group>(0x0080, kIrqs, "GICD_IGROUPR<n>"),
    bit_bank<Frame, bits::SetEnable>(0x0100, kIrqs, "GICD_ISENABLER<n>"),
    bit_bank<Frame, bits::ClearEnable>(0x0180, kIrqs, "GICD_ICENABLER<n>"),
    bit_bank<Frame, bits::SetPending>(0x0200, kIrqs, "GICD_ISPENDR<n>"),
    bit_bank<Frame, bits::ClearPending>(0x0280, kIrqs, "GICD_ICPENDR<n>"),
    bit_bank<Frame, bits::SetActive>(0x0300, kIrqs, "GICD_ISACTIVER<n>"),
    bit_bank<Frame, bits::ClearActive>(0x0380, kIrqs, "GICD_ICACTIVER<n>"),
    priority_bank<Frame>(0x0400, kFirstSpecial, "GICD_IPRIORITYR<n>"),
    // Legacy operation, RES0 with affinity routing.
    raz_wi<Frame>(0x0800, bus::bank_bytes(8, kFirstSpecial), bus::k8or32, "GICD_ITARGETSR<n>"),
    config_bank<Frame>(0x0c00, kIrqs, "GICD_ICFGR<n>"),
    // Security, RES0 with one Security state.
    raz_wi<Frame>(0x0d00, bus::bank_bytes(1, kIrqs), bus::k32, "GICD_IGRPMODR<n>"),
    raz_wi<Frame>(0x0e00, bus::bank_bytes(2, kIrqs), bus::k32, "GICD_NSACR<n>"),
    raz_wi<Frame>(0x0f00, 4, bus::k32, "GICD_SGIR"),
    raz_wi<Frame>(0x0f10, bus::bank_bytes(8, kSgiCount), bus::k8or32, "GICD_CPENDSGIR<n>"),
    raz_wi<Frame>(0x0f20, bus::bank_bytes(8, kSgiCount), bus::k8or32, "GICD_SPENDSGIR<n>"),
    // Non-maskable interrupts: GICD_TYPER.NMI is 0.
    raz_wi<Frame>(0x0f80, bus::bank_bytes(1, kIrqs), bus::k32, "GICD_INMIR<n>"),
    {0x6000 + 8 * kFirstSpi, bus::bank_bytes(64, kFirstSpecial - kFirstSpi), bus::k32or64, "GICD_IROUTER<n>",
     read_irouter, write_irouter},
    identification<Frame, kIds>(kIdOffset, "GICD_PIDR<n>"),
};
static_assert(bus::valid_register_map(kRows));

}  // namespace

const bus::RegisterMap<DistributorFrame>& DistributorFrame::registers() {
    static constexpr bus::RegisterMap<Frame> kMap("gicd", kRows);
    return kMap;
}

u64 Distributor::mmio_read(const bus::MmioAccess& access) {
    auto core = shared_.begin();
    Frame frame{*core};
    const u64 value = Frame::registers().read(frame, access);
    TRACE(trace::gicv3_dist_read, "vCPU {}: offset {:#x} size {} value {:#x}", access.vcpu, access.offset,
          access.size, value);
    return value;
}

void Distributor::mmio_write(const bus::MmioAccess& access, u64 value) {
    auto core = shared_.begin();
    Frame frame{*core};
    TRACE(trace::gicv3_dist_write, "vCPU {}: offset {:#x} size {} value {:#x}", access.vcpu, access.offset,
          access.size, value);
    Frame::registers().write(frame, access, value);
}

}  // namespace trapeze::irqchip::gicv3

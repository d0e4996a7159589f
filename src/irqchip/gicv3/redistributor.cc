#include "gicv3/redistributor.h"

#include "gic/bank_registers.h"
#include "gicv3/trace.h"

namespace trapeze::irqchip::gicv3 {
namespace {

using Frame = RedistributorFrame;
using bus::RowAccess;

// GICR_CTLR. Zero: EnableLPIs (there are none), RWP and UWP (nothing is ever in flight), DPG1S (one Security
// state).
constexpr u64 kCtlrDpg0 = bit(24);
constexpr u64 kCtlrDpg1Ns = bit(25);

u64 read_ctlr(Frame& frame, const RowAccess&) {
    const auto& out = frame.vcpu().opted_out;
    return (out[index_of(Group::G0)] ? kCtlrDpg0 : 0) | (out[index_of(Group::G1)] ? kCtlrDpg1Ns : 0);
}
void write_ctlr(Frame& frame, const RowAccess&, u64 value) {
    auto& out = frame.vcpu().opted_out;
    out[index_of(Group::G0)] = (value & kCtlrDpg0) != 0;
    out[index_of(Group::G1)] = (value & kCtlrDpg1Ns) != 0;
    frame.core.cpu_changed(frame.index);
}

// GICR_TYPER: no LPIs, so the fields that describe them are zero.
constexpr u64 kTyperLast = bit(4);
constexpr u64 kTyperDpgs = bit(5);
using TyperProcessorNumber = Field<23, 8>;
using TyperAffinity = Field<63, 32>;

u64 read_typer(Frame& frame, const RowAccess& access) {
    const u64 value = TyperAffinity::make(frame.vcpu().affinity) | TyperProcessorNumber::make(frame.index) |
                      kTyperDpgs | (frame.vcpu().last_of_region ? kTyperLast : 0);
    return value >> (access.index * 8);
}

// GICR_WAKER: the handshake is over at once, so ChildrenAsleep always equals ProcessorSleep.
constexpr u64 kWakerProcessorSleep = bit(1);
constexpr u64 kWakerChildrenAsleep = bit(2);

u64 read_waker(Frame& frame, const RowAccess&) {
    return frame.vcpu().asleep ? kWakerProcessorSleep | kWakerChildrenAsleep : 0;
}
void write_waker(Frame& frame, const RowAccess&, u64 value) {
    frame.vcpu().asleep = (value & kWakerProcessorSleep) != 0;
    frame.core.cpu_changed(frame.index);
}

constexpr u32 kSgiBase = 0x1'0000;
constexpr u32 kIrqs = kPrivateCount;

constexpr bus::RegisterRow<Frame> kRows[] = {
    {0x0000, 4, bus::k32, "GICR_CTLR", read_ctlr, write_ctlr},
    {0x0004, 4, bus::k32, "GICR_IIDR", [](Frame&, const RowAccess&) -> u64 { return kIidr; }, nullptr},
    {0x0008, 8, bus::k32or64, "GICR_TYPER", read_typer, nullptr},
    raz_wi<Frame>(0x0010, 4, bus::k32, "GICR_STATUSR"),
    {0x0014, 4, bus::k32, "GICR_WAKER", read_waker, write_waker},
    raz_wi<Frame>(0x0018, 4, bus::k32, "GICR_MPAMIDR"),
    raz_wi<Frame>(0x001c, 4, bus::k32, "GICR_PARTIDR"),
    // LPIs: GICR_TYPER.PLPIS and DirectLPI are 0.
    raz_wi<Frame>(0x0040, 8, bus::k32or64, "GICR_SETLPIR"),
    raz_wi<Frame>(0x0048, 8, bus::k32or64, "GICR_CLRLPIR"),
    raz_wi<Frame>(0x0070, 8, bus::k32or64, "GICR_PROPBASER"),
    raz_wi<Frame>(0x0078, 8, bus::k32or64, "GICR_PENDBASER"),
    raz_wi<Frame>(0x00a0, 8, bus::k32or64, "GICR_INVLPIR"),
    raz_wi<Frame>(0x00b0, 8, bus::k32or64, "GICR_INVALLR"),
    raz_wi<Frame>(0x00c0, 4, bus::k32, "GICR_SYNCR"),
    identification<Frame, kIds>(kIdOffset, "GICR_PIDR<n>"),
    bit_bank<Frame, bits::Group>(kSgiBase + 0x0080, kIrqs, "GICR_IGROUPR0"),
    bit_bank<Frame, bits::SetEnable>(kSgiBase + 0x0100, kIrqs, "GICR_ISENABLER0"),
    bit_bank<Frame, bits::ClearEnable>(kSgiBase + 0x0180, kIrqs, "GICR_ICENABLER0"),
    bit_bank<Frame, bits::SetPending>(kSgiBase + 0x0200, kIrqs, "GICR_ISPENDR0"),
    bit_bank<Frame, bits::ClearPending>(kSgiBase + 0x0280, kIrqs, "GICR_ICPENDR0"),
    bit_bank<Frame, bits::SetActive>(kSgiBase + 0x0300, kIrqs, "GICR_ISACTIVER0"),
    bit_bank<Frame, bits::ClearActive>(kSgiBase + 0x0380, kIrqs, "GICR_ICACTIVER0"),
    priority_bank<Frame>(kSgiBase + 0x0400, kIrqs, "GICR_IPRIORITYR<n>"),
    config_bank<Frame>(kSgiBase + 0x0c00, kIrqs, "GICR_ICFGR<n>"),
    // Security, RES0 with one Security state.
    raz_wi<Frame>(kSgiBase + 0x0d00, bus::bank_bytes(1, kIrqs), bus::k32, "GICR_IGRPMODR0"),
    raz_wi<Frame>(kSgiBase + 0x0e00, 4, bus::k32, "GICR_NSACR"),
    // Non-maskable interrupts: GICD_TYPER.NMI is 0.
    raz_wi<Frame>(kSgiBase + 0x0f80, bus::bank_bytes(1, kIrqs), bus::k32, "GICR_INMIR0"),
};
static_assert(bus::valid_register_map(kRows));

// The access relative to the redistributor that it falls into.
bus::MmioAccess within_frame(const bus::MmioAccess& access) {
    return {access.offset % kGicv3RedistributorStride, access.size, access.vcpu};
}

}  // namespace

const bus::RegisterMap<RedistributorFrame>& RedistributorFrame::registers() {
    static constexpr bus::RegisterMap<Frame> kMap("gicr", kRows);
    return kMap;
}

u64 Redistributors::mmio_read(const bus::MmioAccess& access) {
    auto core = shared_.begin();
    const u64 index = access.offset / kGicv3RedistributorStride;
    if (index >= core->vcpu_count()) {
        GUEST_ERROR("gicr: read at {:#x}, beyond the last redistributor", access.offset);
        return 0;
    }
    Frame frame{*core, static_cast<VcpuIndex>(index)};
    const u64 value = Frame::registers().read(frame, within_frame(access));
    TRACE(trace::gicv3_redist_read, "vCPU {}: redistributor {} offset {:#x} size {} value {:#x}", access.vcpu,
          index, access.offset % kGicv3RedistributorStride, access.size, value);
    return value;
}

void Redistributors::mmio_write(const bus::MmioAccess& access, u64 value) {
    auto core = shared_.begin();
    const u64 index = access.offset / kGicv3RedistributorStride;
    if (index >= core->vcpu_count()) {
        GUEST_ERROR("gicr: write at {:#x}, beyond the last redistributor", access.offset);
        return;
    }
    Frame frame{*core, static_cast<VcpuIndex>(index)};
    TRACE(trace::gicv3_redist_write, "vCPU {}: redistributor {} offset {:#x} size {} value {:#x}",
          access.vcpu, index, access.offset % kGicv3RedistributorStride, access.size, value);
    Frame::registers().write(frame, within_frame(access), value);
}

}  // namespace trapeze::irqchip::gicv3

#include "trapeze/devices/pl031.h"

#include <algorithm>

#include "primecell.h"

namespace trapeze::devices {
namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

// A waiting alarm looks at the clock again this often, in case the host's time was set meanwhile.
constexpr u64 kLongestSleepNs = 60 * kNsPerSecond;

// Part 031, designer 0x41, revision 1.
constexpr std::array<u8, 8> kIds = {0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

}  // namespace

// DDI0224 "Summary of registers".
struct Pl031::Registers {
    template <auto Get, auto Set>
    static constexpr bus::RegisterRow<Pl031> reg(u32 offset, const char* name) {
        return primecell::reg<Pl031, Get, Set>(offset, name, bus::k32);
    }

    static const bus::RegisterRow<Pl031> kRows[];
    static const bus::RegisterMap<Pl031> kMap;
};

constexpr bus::RegisterRow<Pl031> Pl031::Registers::kRows[] = {
    reg<&Pl031::count, nullptr>(0x000, "RTCDR"),
    reg<&Pl031::mr_, &Pl031::write_mr>(0x004, "RTCMR"),
    reg<&Pl031::lr_, &Pl031::write_lr>(0x008, "RTCLR"),
    reg<&Pl031::read_cr, &Pl031::write_cr>(0x00c, "RTCCR"),
    primecell::stored<Pl031, &Pl031::imsc_, 1>(0x010, "RTCIMSC", bus::k32),
    reg<&Pl031::ris_, nullptr>(0x014, "RTCRIS"),
    reg<&Pl031::read_mis, nullptr>(0x018, "RTCMIS"),
    reg<nullptr, &Pl031::write_icr>(0x01c, "RTCICR"),
    primecell::identification<Pl031, kIds>("RTCPeriphID0-3, RTCPCellID0-3"),
};

constexpr bus::RegisterMap<Pl031> Pl031::Registers::kMap{"pl031", kRows};

Pl031::Pl031(const bus::Clock& clock, Scheduler& scheduler, bus::IrqLine irq)
    : clock_(clock), scheduler_(scheduler), irq_(irq) {
    static_assert(bus::valid_register_map(Registers::kRows));
    reset();
}

Pl031::~Pl031() {
    LockGuard lock(mutex_);
    scheduler_.cancel(timer_);
}

void Pl031::reset() {
    LockGuard lock(mutex_);
    mr_ = lr_ = imsc_ = ris_ = 0;
    last_seen_ = count();
    arm_alarm();
    irq_.set(false);
}

u32 Pl031::count() const {
    return static_cast<u32>(clock_.unix_seconds()) + offset_;
}

// Notes a match of any second since the last call. A host clock set back, or more than 68 years ahead,
// matches nothing.
void Pl031::advance() {
    const u32 now = count();
    const u32 elapsed = now - last_seen_;
    const u32 distance = mr_ - last_seen_;
    if (static_cast<s32>(elapsed) > 0 && distance != 0 && distance <= elapsed) ris_ = 1;
    last_seen_ = now;
}

void Pl031::arm_alarm() {
    scheduler_.cancel(timer_);
    timer_ = TimerId::None;
    // The timer is there for the interrupt only; RTCRIS is brought up to date when somebody reads it.
    // A match in the past comes round in decades; no need to wait for that either.
    const u32 seconds = mr_ - last_seen_;
    if (imsc_ == 0 || ris_ != 0 || static_cast<s32>(seconds) <= 0) return;
    const u64 into_second = clock_.unix_ns() % kNsPerSecond;
    const u64 delay = std::min(seconds * kNsPerSecond - into_second, kLongestSleepNs);
    timer_ = scheduler_.call_after(delay, [this] { on_alarm(); });
}

void Pl031::on_alarm() {
    LockGuard lock(mutex_);
    advance();
    arm_alarm();
    irq_.set(read_mis() != 0);
}

u64 Pl031::mmio_read(const bus::MmioAccess& access) {
    LockGuard lock(mutex_);
    advance();
    const u64 value = Registers::kMap.read(*this, access);
    irq_.set(read_mis() != 0);
    return value;
}

void Pl031::mmio_write(const bus::MmioAccess& access, u64 value) {
    LockGuard lock(mutex_);
    advance();
    Registers::kMap.write(*this, access, value);
    arm_alarm();
    irq_.set(read_mis() != 0);
}

void Pl031::write_mr(u32 value) {
    mr_ = value;
    if (mr_ == last_seen_) ris_ = 1;
}

// The seconds jumped over do not match.
void Pl031::write_lr(u32 value) {
    lr_ = value;
    offset_ += value - count();
    last_seen_ = count();
    if (mr_ == last_seen_) ris_ = 1;
}

void Pl031::write_icr(u32 value) {
    ris_ &= ~value;
}

void Pl031::describe(bus::FdtWriter& fdt, u64 base, bus::IntId irq) {
    fdt.begin_node(primecell::node_name("pl031", base));
    primecell::describe_common(fdt, "arm,pl031", base, kSize, irq);
    fdt.property_u32("clocks", static_cast<u32>(bus::Phandle::Apb24MhzClock));
    fdt.property_string("clock-names", "apb_pclk");
    fdt.end_node();
}

}  // namespace trapeze::devices

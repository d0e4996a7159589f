#include "trapeze/devices/pl061.h"

#include "primecell.h"
#include "trapeze/base/check.h"

namespace trapeze::devices {
namespace {

constexpr u32 kAllLines = 0xff;

// Part 061, designer 0x41, revision 0.
constexpr std::array<u8, 8> kIds = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

}  // namespace

// DDI0190 "Summary of registers".
struct Pl061::Registers {
    template <auto Get, auto Set>
    static constexpr bus::RegisterRow<Pl061> reg(u32 offset, const char* name) {
        return primecell::reg<Pl061, Get, Set>(offset, name);
    }
    template <auto Member>
    static constexpr bus::RegisterRow<Pl061> stored(u32 offset, const char* name) {
        return primecell::stored<Pl061, Member, kAllLines>(offset, name);
    }

    // DDI0190 "GPIODATA": address bits [9:2] choose the lines an access touches.
    static u64 read_data(Pl061& gpio, const bus::RowAccess& access) REQUIRES(gpio.mutex_) {
        return access.index % 4 == 0 ? gpio.read_data(access.index / 4) : 0;
    }
    static void write_data(Pl061& gpio, const bus::RowAccess& access, u64 value) REQUIRES(gpio.mutex_) {
        if (access.index % 4 == 0) gpio.write_data(access.index / 4, static_cast<u32>(value));
    }

    static const bus::RegisterRow<Pl061> kRows[];
    static const bus::RegisterMap<Pl061> kMap;
};

constexpr bus::RegisterRow<Pl061> Pl061::Registers::kRows[] = {
    {0x000, 0x400, primecell::kNarrow, "GPIODATA", read_data, write_data},
    stored<&Pl061::dir_>(0x400, "GPIODIR"),
    reg<&Pl061::is_, &Pl061::write_is>(0x404, "GPIOIS"),
    stored<&Pl061::ibe_>(0x408, "GPIOIBE"),
    stored<&Pl061::iev_>(0x40c, "GPIOIEV"),
    stored<&Pl061::ie_>(0x410, "GPIOIE"),
    reg<&Pl061::read_ris, nullptr>(0x414, "GPIORIS"),
    reg<&Pl061::read_mis, nullptr>(0x418, "GPIOMIS"),
    reg<nullptr, &Pl061::write_ic>(0x41c, "GPIOIC"),
    stored<&Pl061::afsel_>(0x420, "GPIOAFSEL"),
    primecell::identification<Pl061, kIds>("GPIOPeriphID0-3, GPIOPCellID0-3"),
};

constexpr bus::RegisterMap<Pl061> Pl061::Registers::kMap{"pl061", kRows};

Pl061::Pl061(bus::IrqLine irq) : irq_(irq) {
    static_assert(bus::valid_register_map(Registers::kRows));
}

void Pl061::reset() {
    LockGuard lock(mutex_);
    unread_ = outputs_ = edges_ = dir_ = is_ = ibe_ = iev_ = ie_ = afsel_ = 0;
    irq_.set(false);
}

u64 Pl061::mmio_read(const bus::MmioAccess& access) {
    LockGuard lock(mutex_);
    const u64 value = Registers::kMap.read(*this, access);
    irq_.set(read_mis() != 0);
    return value;
}

void Pl061::mmio_write(const bus::MmioAccess& access, u64 value) {
    LockGuard lock(mutex_);
    Registers::kMap.write(*this, access, value);
    irq_.set(read_mis() != 0);
}

void Pl061::set_input(unsigned line, bool level) {
    CHECK(line < kLines);
    LockGuard lock(mutex_);
    const u32 bit = 1u << line;
    if (((inputs_ & bit) != 0) == level) return;
    inputs_ ^= bit;
    unread_ |= bit;
    // DDI0190 "GPIOIBE", "GPIOIEV": which edge counts.
    const bool counts = (ibe_ & bit) != 0 || ((iev_ & bit) != 0) == level;
    if (counts && (is_ & bit) == 0 && (dir_ & bit) == 0) edges_ |= bit;
    irq_.set(read_mis() != 0);
}

bool Pl061::is_change_unread(unsigned line) const {
    LockGuard lock(mutex_);
    return (unread_ & ie_ & 1u << line) != 0;
}

u32 Pl061::read_data(u32 lines) {
    unread_ &= ~lines;
    return ((inputs_ & ~dir_) | (outputs_ & dir_)) & lines;
}

void Pl061::write_data(u32 lines, u32 value) {
    const u32 written = lines & dir_;
    outputs_ = (outputs_ & ~written) | (value & written);
}

u32 Pl061::read_ris() const {
    const u32 active = ~(inputs_ ^ iev_) & kAllLines;  // at the level IEV asks for
    return (edges_ & ~is_) | (active & is_ & ~dir_);
}

void Pl061::write_is(u32 value) {
    is_ = value & kAllLines;
    edges_ &= ~is_;
}

void Pl061::write_ic(u32 value) {
    edges_ &= ~value;
}

void Pl061::describe(bus::FdtWriter& fdt, u64 base, bus::IntId irq) {
    fdt.begin_node(primecell::node_name("pl061", base));
    primecell::describe_common(fdt, "arm,pl061", base, kSize, irq);
    fdt.property_u32("clocks", static_cast<u32>(bus::Phandle::Apb24MhzClock));
    fdt.property_string("clock-names", "apb_pclk");
    fdt.property_empty("gpio-controller");
    fdt.property_u32("#gpio-cells", 2);
    fdt.property_u32("phandle", static_cast<u32>(bus::Phandle::PowerGpio));
    fdt.end_node();
}

}  // namespace trapeze::devices

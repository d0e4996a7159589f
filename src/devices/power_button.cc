#include "trapeze/devices/power_button.h"

namespace trapeze::devices {

namespace {
constexpr u32 kKeyPower = 116;  // KEY_POWER of the gpio-keys binding's "linux,code"
constexpr u32 kGpioActiveHigh = 0;
}  // namespace

PowerButton::~PowerButton() {
    LockGuard lock(mutex_);
    scheduler_.cancel(release_);
}

void PowerButton::press() {
    LockGuard lock(mutex_);
    scheduler_.cancel(release_);
    gpio_.set_input(kLine, true);
    hold(++presses_);
}

void PowerButton::hold(u64 press) {
    release_ = scheduler_.call_after(kHoldNs, [this, press] { release(press); });
}

void PowerButton::release(u64 press) {
    LockGuard lock(mutex_);
    // Not if the button was pressed again while this call was already under way.
    if (press != presses_) return;
    if (gpio_.is_change_unread(kLine)) return hold(press);
    gpio_.set_input(kLine, false);
}

void PowerButton::describe(bus::FdtWriter& fdt) {
    fdt.begin_node("gpio-keys");
    fdt.property_string("compatible", "gpio-keys");
    fdt.begin_node("poweroff");
    fdt.property_string("label", "GPIO Key Poweroff");
    fdt.property_u32("linux,code", kKeyPower);
    const u32 gpios[] = {static_cast<u32>(bus::Phandle::PowerGpio), kLine, kGpioActiveHigh};
    fdt.property_cells("gpios", gpios);
    fdt.end_node();
    fdt.end_node();
}

}  // namespace trapeze::devices

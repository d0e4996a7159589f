#include "platform.h"

#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {

Platform::Platform(Irqchip& irqchip, bus::IrqSink& irqs, bus::CharPort& serial, Scheduler& scheduler)
    : irqchip_(irqchip),
      uart_(serial, bus::IrqLine(irqs, bus::spi(map::kUartSpi))),
      rtc_(clock_, scheduler, bus::IrqLine(irqs, bus::spi(map::kRtcSpi))),
      gpio_(bus::IrqLine(irqs, bus::spi(map::kGpioSpi))),
      power_button_(gpio_, scheduler) {
    irqchip_.map(mmio_);
    mmio_.add(map::kUart, uart_);
    mmio_.add(map::kRtc, rtc_);
    mmio_.add(map::kGpio, gpio_);
}

void Platform::add_virtio(std::unique_ptr<VirtioSlots> slots) {
    virtio_ = std::move(slots);
    virtio_->map(mmio_);
}

void Platform::add_second_uart(bus::CharPort& serial, bus::IrqSink& irqs) {
    mmio_.add(map::kUart1, uart1_.emplace(serial, bus::IrqLine(irqs, bus::spi(map::kUart1Spi))));
}

void Platform::add_pvpanic(std::function<void(devices::PvpanicEvent)> report) {
    mmio_.add(map::kPvpanic, pvpanic_.emplace(std::move(report)));
}

void Platform::add_test_device() {
    mmio_.add(map::kScratch, scratch_.emplace());
}

void Platform::finish() {
    virtio_->reset();
}

void Platform::reset() {
    if (scratch_) scratch_->reset();
    uart_.reset();
    if (uart1_) uart1_->reset();
    rtc_.reset();
    gpio_.reset();
    virtio_->reset();
    irqchip_.controller().reset();  // last: it sees the devices' lines low
}

std::vector<std::function<void(bus::FdtWriter&)>> Platform::describers() const {
    std::vector<std::function<void(bus::FdtWriter&)>> list = {
        [this](bus::FdtWriter& fdt) { irqchip_.describe(fdt); },
        [](bus::FdtWriter& fdt) {
            devices::Pl011::describe(fdt, map::kUart.base.value, bus::spi(map::kUartSpi));
        },
        [](bus::FdtWriter& fdt) {
            devices::Pl031::describe(fdt, map::kRtc.base.value, bus::spi(map::kRtcSpi));
        },
        [](bus::FdtWriter& fdt) {
            devices::Pl061::describe(fdt, map::kGpio.base.value, bus::spi(map::kGpioSpi));
        },
        [](bus::FdtWriter& fdt) { devices::PowerButton::describe(fdt); },
        VirtioSlots::describe,
    };
    if (uart1_) {
        list.emplace_back([](bus::FdtWriter& fdt) {
            devices::Pl011::describe(fdt, map::kUart1.base.value, bus::spi(map::kUart1Spi));
        });
    }
    if (pvpanic_) {
        list.emplace_back(
            [](bus::FdtWriter& fdt) { devices::Pvpanic::describe(fdt, map::kPvpanic.base.value); });
    }
    return list;
}

}  // namespace trapeze::machine

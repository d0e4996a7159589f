#include "platform.h"

#include <algorithm>

#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

irqchip::Gicv3Config gic_config(unsigned vcpus) {
    irqchip::Gicv3Config config;
    for (unsigned n = 0; n < vcpus; ++n) config.mpidrs.push_back(map::mpidr(n));
    return config;
}

}  // namespace

Platform::Platform(unsigned vcpus, bus::CpuLineSink& lines, bus::CharPort& serial, Scheduler& scheduler)
    : gic_(gic_config(vcpus), lines),
      uart_(serial, bus::IrqLine(gic_, bus::spi(map::kUartSpi))),
      rtc_(clock_, scheduler, bus::IrqLine(gic_, bus::spi(map::kRtcSpi))),
      gpio_(bus::IrqLine(gic_, bus::spi(map::kGpioSpi))),
      power_button_(gpio_, scheduler) {
    map_gic(vcpus);
    mmio_.add(map::kUart, uart_);
    mmio_.add(map::kRtc, rtc_);
    mmio_.add(map::kGpio, gpio_);
}

// The redistributors of the first vCPUs lie below the devices; those that do not fit there, above RAM.
void Platform::map_gic(unsigned vcpus) {
    mmio_.add(map::kGicDistributor, gic_.distributor());
    constexpr u64 kStride = irqchip::kGicv3RedistributorStride;
    const u32 low = std::min(vcpus, static_cast<unsigned>(map::kGicRedistributors.size / kStride));
    std::vector<u32> counts = {low};
    mmio_.add({map::kGicRedistributors.base, low * kStride}, gic_.redistributors());
    redistributors_.push_back(map::kGicRedistributors);
    if (vcpus > low) {
        counts.push_back(vcpus - low);
        mmio_.add({map::kGicRedistributorsHigh.base, (vcpus - low) * kStride}, gic_.redistributors(),
                  low * kStride);
        redistributors_.push_back(map::kGicRedistributorsHigh);
    }
    gic_.set_redistributor_regions(counts);
}

void Platform::add_pvpanic(std::function<void(devices::PvpanicEvent)> report) {
    mmio_.add(map::kPvpanic, pvpanic_.emplace(std::move(report)));
}

void Platform::reset() {
    uart_.reset();
    rtc_.reset();
    gpio_.reset();
    gic_.reset();  // last: it sees the devices' lines low
}

std::vector<std::function<void(bus::FdtWriter&)>> Platform::describers() const {
    std::vector<std::function<void(bus::FdtWriter&)>> list = {
        [this](bus::FdtWriter& fdt) { gic_.describe(fdt, map::kGicDistributor, redistributors_); },
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
    };
    if (pvpanic_) {
        list.emplace_back(
            [](bus::FdtWriter& fdt) { devices::Pvpanic::describe(fdt, map::kPvpanic.base.value); });
    }
    return list;
}

}  // namespace trapeze::machine

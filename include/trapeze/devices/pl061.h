// PrimeCell General Purpose Input/Output, Arm DDI 0190: eight lines. Outputs are connected to nothing.
#pragma once

#include "trapeze/base/mutex.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"

namespace trapeze::devices {

class Pl061 final : public bus::MmioDevice {
public:
    static constexpr u64 kSize = 0x1000;
    static constexpr unsigned kLines = 8;

    // `irq` is GPIOINTR, the combined interrupt.
    explicit Pl061(bus::IrqLine irq);
    Pl061(const Pl061&) = delete;
    Pl061& operator=(const Pl061&) = delete;

    // Drives line `line` (below kLines) from outside. Any thread.
    void set_input(unsigned line, bool level) EXCLUDES(mutex_);
    // The guest wants interrupts from `line`, and has not read it since it last changed. Any thread.
    bool is_change_unread(unsigned line) const EXCLUDES(mutex_);

    u64 mmio_read(const bus::MmioAccess& access) override EXCLUDES(mutex_);
    void mmio_write(const bus::MmioAccess& access, u64 value) override EXCLUDES(mutex_);
    // The levels of the inputs are the outside's and stay.
    void reset() override EXCLUDES(mutex_);
    std::string_view name() const override { return "pl061"; }

    // Node "pl061@<base>" with interrupt `irq`, an SPI, and phandle PowerGpio.
    static void describe(bus::FdtWriter& fdt, u64 base, bus::IntId irq);

private:
    struct Registers;  // the register table

    u32 read_data(u32 lines) REQUIRES(mutex_);
    void write_data(u32 lines, u32 value) REQUIRES(mutex_);
    u32 read_ris() const REQUIRES(mutex_);
    u32 read_mis() const REQUIRES(mutex_) { return read_ris() & ie_; }
    void write_is(u32 value) REQUIRES(mutex_);
    void write_ic(u32 value) REQUIRES(mutex_);

    mutable Mutex mutex_;
    bus::IrqLine irq_ GUARDED_BY(mutex_);
    u32 inputs_ GUARDED_BY(mutex_) = 0;   // driven from outside
    u32 outputs_ GUARDED_BY(mutex_) = 0;  // GPIODATA of output lines
    u32 unread_ GUARDED_BY(mutex_) = 0;   // inputs that have changed and have not been read since
    u32 edges_ GUARDED_BY(mutex_) = 0;    // edges seen and not yet cleared
    u32 dir_ GUARDED_BY(mutex_) = 0;      // 1: output
    u32 is_ GUARDED_BY(mutex_) = 0;       // 1: level sensitive
    u32 ibe_ GUARDED_BY(mutex_) = 0;      // 1: both edges
    u32 iev_ GUARDED_BY(mutex_) = 0;      // 1: rising edge or high level
    u32 ie_ GUARDED_BY(mutex_) = 0;
    u32 afsel_ GUARDED_BY(mutex_) = 0;
};

}  // namespace trapeze::devices

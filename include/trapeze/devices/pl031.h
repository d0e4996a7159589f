// PrimeCell Real Time Clock, Arm DDI 0224.
//
// The counter is the host's wall clock plus an offset the guest sets through RTCLR, so guest time stays right
// when the host sleeps or is set. It runs from the start, as if firmware had written RTCCR; by the manual,
// writes to RTCCR then have no effect.
#pragma once

#include "trapeze/base/mutex.h"
#include "trapeze/base/scheduler.h"
#include "trapeze/bus/clock.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"

namespace trapeze::devices {

class Pl031 final : public bus::MmioDevice {
public:
    static constexpr u64 kSize = 0x1000;

    // Destroyed on the event-loop thread or while it does not run (see Scheduler::cancel).
    Pl031(const bus::Clock& clock, Scheduler& scheduler, bus::IrqLine irq);
    ~Pl031() override;
    Pl031(const Pl031&) = delete;
    Pl031& operator=(const Pl031&) = delete;

    u64 mmio_read(const bus::MmioAccess& access) override EXCLUDES(mutex_);
    void mmio_write(const bus::MmioAccess& access, u64 value) override EXCLUDES(mutex_);
    // Clears the alarm; the time goes on, as it does in silicon (DDI0224 "nRTCRST").
    void reset() override EXCLUDES(mutex_);
    std::string_view name() const override { return "pl031"; }

    // Node "pl031@<base>" with interrupt `irq`, an SPI.
    static void describe(bus::FdtWriter& fdt, u64 base, bus::IntId irq);

private:
    struct Registers;  // the register table

    u32 count() const REQUIRES(mutex_);
    u32 read_cr() const { return 1; }
    u32 read_mis() const REQUIRES(mutex_) { return ris_ & imsc_; }
    void write_mr(u32 value) REQUIRES(mutex_);
    void write_lr(u32 value) REQUIRES(mutex_);
    void write_cr(u32) {}
    void write_icr(u32 value) REQUIRES(mutex_);

    void advance() REQUIRES(mutex_);
    void arm_alarm() REQUIRES(mutex_);
    void on_alarm() EXCLUDES(mutex_);

    const bus::Clock& clock_;
    Scheduler& scheduler_;

    Mutex mutex_;
    bus::IrqLine irq_ GUARDED_BY(mutex_);
    TimerId timer_ GUARDED_BY(mutex_) = TimerId::None;
    u32 offset_ GUARDED_BY(mutex_) = 0;     // counter minus host time, modulo 2^32
    u32 last_seen_ GUARDED_BY(mutex_) = 0;  // counter when it was last compared with mr_
    u32 mr_ GUARDED_BY(mutex_) = 0;
    u32 lr_ GUARDED_BY(mutex_) = 0;
    u32 imsc_ GUARDED_BY(mutex_) = 0;
    u32 ris_ GUARDED_BY(mutex_) = 0;
};

}  // namespace trapeze::devices

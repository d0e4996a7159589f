// Interrupt wires. Devices hold an IrqLine or IrqPulse and know no interrupt number; the controller is behind
// IrqSink. Level and edge are different types on purpose.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::bus {

// Position of a vCPU in the machine, 0 to 511; not an affinity value.
using VcpuIndex = u32;

// Interrupt identifier as the guest's controller numbers it (GIC: INTID; SPI n is INTID 32 + n).
enum class IntId : u32 {};
constexpr u32 to_number(IntId id) {
    return static_cast<u32>(id);
}
constexpr IntId spi(u32 n) {
    return IntId{32 + n};
}
constexpr IntId ppi(u32 n) {
    return IntId{16 + n};
}

// The input side of an interrupt controller. All calls are thread-safe and never block on a vCPU.
class IrqSink {
public:
    virtual ~IrqSink() = default;
    // Drives the wire of a shared interrupt.
    virtual void set_level(IntId id, bool level) = 0;
    // One rising and falling edge on a shared interrupt.
    virtual void pulse(IntId id) = 0;
    // Drives a private wire (PPI) of one vCPU.
    virtual void set_private_level(VcpuIndex vcpu, IntId id, bool level) = 0;
};

// Where devices send message-signalled interrupts: 32-bit writes to addresses of the bus, both chosen by the
// guest. What means nothing to the controller is dropped with a guest error. Thread-safe as IrqSink.
class MsiSink {
public:
    virtual ~MsiSink() = default;
    virtual void send_msi(u64 address, u32 data) = 0;
};

// The output side of an interrupt controller: the IRQ and FIQ inputs of each vCPU. Levels, not events.
// Called with the controller's lock held, from any thread; the implementation may take only leaf locks.
class CpuLineSink {
public:
    virtual ~CpuLineSink() = default;
    virtual void set_cpu_lines(VcpuIndex vcpu, bool irq, bool fiq) = 0;
};

// A level-triggered output of a device. Remembers its state and forwards only changes. Thread-safe only as
// far as its owner serialises set() (devices call it under their own lock).
class IrqLine {
public:
    IrqLine() = default;  // connected to nothing, for tests and unused outputs
    IrqLine(IrqSink& sink, IntId id) : sink_(&sink), id_(id) {}

    void set(bool level) {
        if (level == level_) return;
        level_ = level;
        if (sink_ != nullptr) sink_->set_level(id_, level);
    }
    bool level() const { return level_; }

private:
    IrqSink* sink_ = nullptr;
    IntId id_{};
    bool level_ = false;
};

}  // namespace trapeze::bus

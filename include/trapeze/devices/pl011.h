// PrimeCell UART, Arm DDI 0183 (r1p5: 32-deep FIFOs).
//
// Differences from silicon, all of them invisible to a driver written for the manual:
// - There is no line and no baud rate. A character sent is on its way at once, as fast as the host takes it;
// while
//   the host is slow the transmit FIFO fills and BUSY and TXFF show it. The receive timeout is due
//   immediately.
// - Frame length and parity (UARTLCR_H) and IrDA mode are remembered but change nothing: eight bits pass
// always.
// - Output does not wait for UARTEN and TXE. Early consoles and small test programs write UARTDR without
// set-up,
//   relying on firmware that a direct kernel boot does not have.
// - Input does wait for UARTEN and RXE, and never overruns: the host keeps what does not fit.
// - The other end is a null modem: CTS, DSR and DCD are asserted, RI is not.
#pragma once

#include "trapeze/base/mutex.h"
#include "trapeze/bus/char_port.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/devices/fifo.h"

namespace trapeze::devices {

class Pl011 final : public bus::MmioDevice, public bus::CharReceiver {
public:
    static constexpr u64 kSize = 0x1000;
    static constexpr std::size_t kFifoDepth = 32;

    // Becomes the receiver of `port` until destruction; both on the event-loop thread or while it does not
    // run. `irq` is UARTINTR, the combined interrupt.
    Pl011(bus::CharPort& port, bus::IrqLine irq);
    ~Pl011() override;
    Pl011(const Pl011&) = delete;
    Pl011& operator=(const Pl011&) = delete;

    u64 mmio_read(const bus::MmioAccess& access) override EXCLUDES(mutex_);
    void mmio_write(const bus::MmioAccess& access, u64 value) override EXCLUDES(mutex_);
    // Characters still in the transmit FIFO are offered to the host once more, then lost.
    void reset() override EXCLUDES(mutex_);
    std::string_view name() const override { return "pl011"; }

    std::size_t receive_capacity() override EXCLUDES(mutex_);
    void receive(std::span<const u8> bytes) override EXCLUDES(mutex_);
    void receive_break() override EXCLUDES(mutex_);
    void send_ready() override EXCLUDES(mutex_);

    // Node "pl011@<base>" with interrupt `irq`, an SPI.
    static void describe(bus::FdtWriter& fdt, u64 base, bus::IntId irq);

private:
    struct Registers;  // the register table

    u32 read_dr() REQUIRES(mutex_);
    void write_dr(u32 value) REQUIRES(mutex_);
    void write_ecr(u32 value) REQUIRES(mutex_);
    u32 read_fr() const REQUIRES(mutex_);
    void write_lcr_h(u32 value) REQUIRES(mutex_);
    void write_cr(u32 value) REQUIRES(mutex_);
    void write_ifls(u32 value) REQUIRES(mutex_);
    void write_icr(u32 value) REQUIRES(mutex_);
    u32 read_mis() const REQUIRES(mutex_) { return ris_ & imsc_; }

    std::size_t depth() const REQUIRES(mutex_);
    std::size_t receive_trigger() const REQUIRES(mutex_);
    std::size_t transmit_trigger() const REQUIRES(mutex_);
    bool receiver_on() const REQUIRES(mutex_);
    u32 modem_inputs() const REQUIRES(mutex_);
    std::size_t capacity() const REQUIRES(mutex_);

    void push_received(u16 character) REQUIRES(mutex_);
    void received_changed() REQUIRES(mutex_);
    void compare_receive_trigger() REQUIRES(mutex_);
    void drain_transmit() REQUIRES(mutex_);
    void after_access() REQUIRES(mutex_);

    bus::CharPort& port_;

    Mutex mutex_;
    bus::IrqLine irq_ GUARDED_BY(mutex_);
    Fifo<u16, kFifoDepth> received_ GUARDED_BY(mutex_);  // UARTDR format: error bits in [10:8]
    Fifo<u8, kFifoDepth> transmit_ GUARDED_BY(mutex_);   // not yet taken by the host
    bool overrun_ GUARDED_BY(mutex_) = false;            // UARTDR.OE
    bool told_full_ GUARDED_BY(mutex_) = false;          // the port waits for receiver_ready()
    u32 rsr_ GUARDED_BY(mutex_) = 0;
    u32 ilpr_ GUARDED_BY(mutex_) = 0;
    u32 ibrd_ GUARDED_BY(mutex_) = 0;
    u32 fbrd_ GUARDED_BY(mutex_) = 0;
    u32 lcr_h_ GUARDED_BY(mutex_) = 0;
    u32 cr_ GUARDED_BY(mutex_) = 0;
    u32 ifls_ GUARDED_BY(mutex_) = 0;
    u32 imsc_ GUARDED_BY(mutex_) = 0;
    u32 ris_ GUARDED_BY(mutex_) = 0;
    u32 dmacr_ GUARDED_BY(mutex_) = 0;
};

}  // namespace trapeze::devices

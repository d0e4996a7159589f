#include "trapeze/devices/pl011.h"

#include <algorithm>

#include "primecell.h"
#include "trapeze/base/bits.h"

namespace trapeze::devices {
namespace {

// UARTDR and UARTRSR; the same bits in UARTDR are 8 higher.
constexpr u32 kBreakError = 1u << 2;
constexpr u32 kOverrunError = 1u << 3;
constexpr u32 kErrors = 0xf;
constexpr unsigned kDrErrorShift = 8;

// UARTFR
constexpr u32 kFrCts = 1u << 0;
constexpr u32 kFrDsr = 1u << 1;
constexpr u32 kFrDcd = 1u << 2;
constexpr u32 kFrBusy = 1u << 3;
constexpr u32 kFrRxfe = 1u << 4;
constexpr u32 kFrTxff = 1u << 5;
constexpr u32 kFrRxff = 1u << 6;
constexpr u32 kFrTxfe = 1u << 7;
constexpr u32 kFrRi = 1u << 8;

// UARTLCR_H
constexpr u32 kLcrBrk = 1u << 0;
constexpr u32 kLcrFen = 1u << 4;

// UARTCR
constexpr u32 kCrUarten = 1u << 0;
constexpr u32 kCrLbe = 1u << 7;
constexpr u32 kCrTxe = 1u << 8;
constexpr u32 kCrRxe = 1u << 9;
constexpr u32 kCrDtr = 1u << 10;
constexpr u32 kCrRts = 1u << 11;
constexpr u32 kCrOut1 = 1u << 12;
constexpr u32 kCrOut2 = 1u << 13;
constexpr u32 kCrWritable = 0xff87;  // bits [6:3] are reserved

// UARTIMSC, UARTRIS, UARTMIS, UARTICR
constexpr u32 kIntRi = 1u << 0;
constexpr u32 kIntCts = 1u << 1;
constexpr u32 kIntDcd = 1u << 2;
constexpr u32 kIntDsr = 1u << 3;
constexpr u32 kIntRx = 1u << 4;
constexpr u32 kIntTx = 1u << 5;
constexpr u32 kIntRt = 1u << 6;
constexpr u32 kIntBe = 1u << 9;
constexpr u32 kIntOe = 1u << 10;
constexpr u32 kIntAll = 0x7ff;

using ReceiveLevel = Field<5, 3>;   // UARTIFLS.RXIFLSEL
using TransmitLevel = Field<2, 0>;  // UARTIFLS.TXIFLSEL

// Eighths of the FIFO by UARTIFLS encoding; the reserved ones act as the highest.
constexpr std::size_t kLevelEighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};

// Part 011, designer 0x41, revision 3 = r1p5, which is how Linux knows that the FIFOs have 32 entries.
constexpr std::array<u8, 8> kIds = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

}  // namespace

// DDI0183 "Summary of registers". The integration test registers at 0x080 are not modelled.
struct Pl011::Registers {
    template <auto Get, auto Set>
    static constexpr bus::RegisterRow<Pl011> reg(u32 offset, const char* name) {
        return primecell::reg<Pl011, Get, Set>(offset, name);
    }
    template <auto Member, u32 Mask>
    static constexpr bus::RegisterRow<Pl011> stored(u32 offset, const char* name) {
        return primecell::stored<Pl011, Member, Mask>(offset, name);
    }

    static const bus::RegisterRow<Pl011> kRows[];
    static const bus::RegisterMap<Pl011> kMap;
};

constexpr bus::RegisterRow<Pl011> Pl011::Registers::kRows[] = {
    reg<&Pl011::read_dr, &Pl011::write_dr>(0x000, "UARTDR"),
    reg<&Pl011::rsr_, &Pl011::write_ecr>(0x004, "UARTRSR/UARTECR"),
    reg<&Pl011::read_fr, nullptr>(0x018, "UARTFR"),
    stored<&Pl011::ilpr_, 0xff>(0x020, "UARTILPR"),
    stored<&Pl011::ibrd_, 0xffff>(0x024, "UARTIBRD"),
    stored<&Pl011::fbrd_, 0x3f>(0x028, "UARTFBRD"),
    reg<&Pl011::lcr_h_, &Pl011::write_lcr_h>(0x02c, "UARTLCR_H"),
    reg<&Pl011::cr_, &Pl011::write_cr>(0x030, "UARTCR"),
    reg<&Pl011::ifls_, &Pl011::write_ifls>(0x034, "UARTIFLS"),
    stored<&Pl011::imsc_, kIntAll>(0x038, "UARTIMSC"),
    reg<&Pl011::ris_, nullptr>(0x03c, "UARTRIS"),
    reg<&Pl011::read_mis, nullptr>(0x040, "UARTMIS"),
    reg<nullptr, &Pl011::write_icr>(0x044, "UARTICR"),
    stored<&Pl011::dmacr_, 0x7>(0x048, "UARTDMACR"),
    primecell::identification<Pl011, kIds>("UARTPeriphID0-3, UARTPCellID0-3"),
};

constexpr bus::RegisterMap<Pl011> Pl011::Registers::kMap{"pl011", kRows};

Pl011::Pl011(bus::CharPort& port, bus::IrqLine irq) : port_(port), irq_(irq) {
    static_assert(bus::valid_register_map(Registers::kRows));
    reset();
    port_.set_receiver(this);
}

Pl011::~Pl011() {
    port_.set_receiver(nullptr);
}

void Pl011::reset() {
    LockGuard lock(mutex_);
    drain_transmit();
    received_.clear();
    transmit_.clear();
    overrun_ = false;
    rsr_ = ilpr_ = ibrd_ = fbrd_ = lcr_h_ = imsc_ = ris_ = dmacr_ = 0;
    cr_ = kCrTxe | kCrRxe;
    ifls_ = static_cast<u32>(ReceiveLevel::make(2) | TransmitLevel::make(2));
    after_access();
}

u64 Pl011::mmio_read(const bus::MmioAccess& access) {
    LockGuard lock(mutex_);
    const u64 value = Registers::kMap.read(*this, access);
    after_access();
    return value;
}

void Pl011::mmio_write(const bus::MmioAccess& access, u64 value) {
    LockGuard lock(mutex_);
    Registers::kMap.write(*this, access, value);
    after_access();
}

// Everything that follows from the state, whatever changed it.
void Pl011::after_access() {
    irq_.set(read_mis() != 0);
    // Asking for input only once half the FIFO is free saves a wake-up of the loop per character.
    if (told_full_ && capacity() > 0 && received_.size() <= depth() / 2) {
        told_full_ = false;
        port_.receiver_ready();
    }
}

std::size_t Pl011::depth() const {
    return (lcr_h_ & kLcrFen) != 0 ? kFifoDepth : 1;
}

// DDI0183 "UARTRXINTR": at the trigger level, or with any character while the FIFOs are off.
std::size_t Pl011::receive_trigger() const {
    return std::max<std::size_t>(depth() * kLevelEighths[ReceiveLevel::get(ifls_)] / 8, 1);
}

// DDI0183 "UARTTXINTR": at or below the trigger level, or empty while the FIFOs are off.
std::size_t Pl011::transmit_trigger() const {
    return depth() * kLevelEighths[TransmitLevel::get(ifls_)] / 8;
}

bool Pl011::receiver_on() const {
    return (cr_ & (kCrUarten | kCrRxe)) == (kCrUarten | kCrRxe);
}

// As UARTFR shows them. DDI0183 "UARTCR", LBE: the modem outputs feed the inputs.
u32 Pl011::modem_inputs() const {
    if ((cr_ & kCrLbe) == 0) return kFrCts | kFrDsr | kFrDcd;
    return ((cr_ & kCrRts) ? kFrCts : 0) | ((cr_ & kCrDtr) ? kFrDsr : 0) | ((cr_ & kCrOut1) ? kFrDcd : 0) |
           ((cr_ & kCrOut2) ? kFrRi : 0);
}

// Receiving.

std::size_t Pl011::capacity() const {
    // In loopback the receiver listens to the transmitter, not to the line.
    if (!receiver_on() || (cr_ & kCrLbe) != 0 || received_.size() >= depth()) return 0;
    return depth() - received_.size();
}

std::size_t Pl011::receive_capacity() {
    LockGuard lock(mutex_);
    const std::size_t room = capacity();
    if (room == 0) told_full_ = true;
    return room;
}

void Pl011::receive(std::span<const u8> bytes) {
    LockGuard lock(mutex_);
    for (const u8 byte : bytes) push_received(byte);
    after_access();
}

void Pl011::receive_break() {
    LockGuard lock(mutex_);
    if (receiver_on() && (cr_ & kCrLbe) == 0) push_received(kBreakError << kDrErrorShift);
    after_access();
}

void Pl011::push_received(u16 character) {
    if (received_.size() >= depth()) {
        // DDI0183 "UARTRSR/UARTECR", OE: the FIFO keeps what it has, the new character is lost.
        overrun_ = true;
        rsr_ |= kOverrunError;
        ris_ |= kIntOe;
        return;
    }
    overrun_ = false;
    received_.push(character);
    if ((character >> kDrErrorShift & kBreakError) != 0) ris_ |= kIntBe;
    received_changed();
}

// Updates the receive interrupts after a character came or went. They are set by these events and not by the
// level alone: a driver that clears one through UARTICR is not interrupted again for the same characters.
void Pl011::received_changed() {
    compare_receive_trigger();
    if (!received_.empty()) {
        ris_ |= kIntRt;
    } else {
        ris_ &= ~kIntRt;
    }
}

void Pl011::compare_receive_trigger() {
    if (received_.size() >= receive_trigger()) {
        ris_ |= kIntRx;
    } else {
        ris_ &= ~kIntRx;
    }
}

u32 Pl011::read_dr() {
    if (received_.empty()) return 0;
    const u32 character = received_.pop() | (overrun_ ? kOverrunError << kDrErrorShift : 0);
    rsr_ = (rsr_ & kOverrunError) | (character >> kDrErrorShift & kErrors);
    received_changed();
    return character;
}

void Pl011::write_ecr(u32) {
    rsr_ = 0;
}

// Sending.

void Pl011::write_dr(u32 value) {
    const u8 character = static_cast<u8>(value);
    if ((cr_ & kCrLbe) != 0) {
        if (receiver_on()) push_received(character);
        ris_ |= kIntTx;
        return;
    }
    if (transmit_.size() >= depth()) {
        GUEST_ERROR("pl011: character {:#x} written to a full transmit FIFO", character);
        return;
    }
    transmit_.push(character);
    if (transmit_.size() > transmit_trigger()) ris_ &= ~kIntTx;
    drain_transmit();
}

// The transmit interrupt is set by characters leaving, not by the level: before the first character it is
// clear.
void Pl011::drain_transmit() {
    if (transmit_.empty()) return;
    u8 bytes[kFifoDepth];
    for (std::size_t i = 0; i < transmit_.size(); ++i) bytes[i] = transmit_.at(i);
    const std::size_t taken = port_.send({bytes, transmit_.size()});
    transmit_.drop(taken);
    if (taken != 0 && transmit_.size() <= transmit_trigger()) ris_ |= kIntTx;
}

void Pl011::send_ready() {
    LockGuard lock(mutex_);
    drain_transmit();
    after_access();
}

// Control.

u32 Pl011::read_fr() const {
    return modem_inputs() | (transmit_.empty() ? kFrTxfe : kFrBusy) |
           (transmit_.size() >= depth() ? kFrTxff : 0) | (received_.empty() ? kFrRxfe : 0) |
           (received_.size() >= depth() ? kFrRxff : 0);
}

void Pl011::write_lcr_h(u32 value) {
    const u32 before = lcr_h_;
    lcr_h_ = value & 0xff;
    if ((before & kLcrFen) != 0 && (lcr_h_ & kLcrFen) == 0) {
        // DDI0183 "UARTCR", programming order: clearing FEN flushes.
        received_.clear();
        transmit_.clear();
        received_changed();
    }
    const bool break_begins = (before & kLcrBrk) == 0 && (lcr_h_ & kLcrBrk) != 0;
    if (break_begins && (cr_ & kCrLbe) != 0 && receiver_on()) push_received(kBreakError << kDrErrorShift);
}

void Pl011::write_cr(u32 value) {
    const u32 inputs_before = modem_inputs();
    cr_ = value & kCrWritable;
    // DDI0183 "UARTMSINTR": any change of a modem status line.
    const u32 changed = inputs_before ^ modem_inputs();
    if ((changed & kFrRi) != 0) ris_ |= kIntRi;
    if ((changed & kFrCts) != 0) ris_ |= kIntCts;
    if ((changed & kFrDcd) != 0) ris_ |= kIntDcd;
    if ((changed & kFrDsr) != 0) ris_ |= kIntDsr;
}

void Pl011::write_ifls(u32 value) {
    ifls_ = value & 0x3f;
    compare_receive_trigger();
}

void Pl011::write_icr(u32 value) {
    ris_ &= ~value;
}

void Pl011::describe(bus::FdtWriter& fdt, u64 base, bus::IntId irq) {
    fdt.begin_node(primecell::node_name("pl011", base));
    primecell::describe_common(fdt, "arm,pl011", base, kSize, irq);
    const u32 clock = static_cast<u32>(bus::Phandle::Apb24MhzClock);
    const u32 clocks[] = {clock, clock};
    fdt.property_cells("clocks", clocks);
    fdt.property_strings("clock-names", {"uartclk", "apb_pclk"});
    fdt.end_node();
}

}  // namespace trapeze::devices

// A PL011 with its registers by name.
#pragma once

#include <string>

#include "fakes.h"
#include "trapeze/devices/pl011.h"

namespace trapeze::devices {

enum : u64 {
    DR = 0x00,
    RSR = 0x04,
    FR = 0x18,
    ILPR = 0x20,
    IBRD = 0x24,
    FBRD = 0x28,
    LCR_H = 0x2c,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    RIS = 0x3c,
    MIS = 0x40,
    ICR = 0x44,
    DMACR = 0x48,
};
enum : u32 {
    CTS = 1,
    DSR = 2,
    DCD = 4,
    BUSY = 8,
    RXFE = 0x10,
    TXFF = 0x20,
    RXFF = 0x40,
    TXFE = 0x80,
    RI = 0x100
};
enum : u32 {
    RIINT = 1,
    CTSINT = 2,
    DCDINT = 4,
    DSRINT = 8,
    RXINT = 0x10,
    TXINT = 0x20,
    RTINT = 0x40,
    BEINT = 0x200,
    OEINT = 0x400
};
inline constexpr u32 kFen = 0x10, kUarten = 1, kLbe = 0x80, kTxe = 0x100, kRxe = 0x200;
inline constexpr u32 kOn = kUarten | kTxe | kRxe;

class Pl011Test : public testing::Test {
protected:
    u32 rd(u64 offset, unsigned size = 4) { return static_cast<u32>(uart_.mmio_read({offset, size, 0})); }
    void wr(u64 offset, u32 value, unsigned size = 4) { uart_.mmio_write({offset, size, 0}, value); }
    bool line() { return sink_.levels[33]; }
    void type(std::string_view text) {
        uart_.receive({reinterpret_cast<const u8*>(text.data()), text.size()});
    }
    void enable(u32 lcr = kFen) {
        wr(LCR_H, lcr);
        wr(CR, kOn);
    }

    FakeIrqSink sink_;
    FakeCharPort port_;
    Pl011 uart_{port_, bus::IrqLine(sink_, bus::spi(1))};
};

}  // namespace trapeze::devices

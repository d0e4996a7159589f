// A device for tests of this program, not of guests: memory that remembers how it was accessed. It shows what
// an instruction of the guest has become on the bus (-machine x-test-device=on, docs/testing.md).
//
//     0x0000..0x0fff          bytes, zero at reset
//     0x1000          64 bits accesses to them since the last write to this register (whatever is written)
//     0x1010 + 16 * n 64 bits access n: [15:0] offset, [23:16] bytes, [31] it was a write
//     0x1018 + 16 * n 64 bits its value
#pragma once

#include <array>

#include "trapeze/base/mutex.h"
#include "trapeze/bus/mmio.h"

namespace trapeze::devices {

class Scratch final : public bus::MmioDevice {
public:
    static constexpr u64 kSize = 0x2000;

    u64 mmio_read(const bus::MmioAccess& access) override;
    void mmio_write(const bus::MmioAccess& access, u64 value) override;
    void reset() override;
    std::string_view name() const override { return "scratch"; }

private:
    static constexpr u64 kBytes = 0x1000;
    static constexpr u64 kCount = 0x1000;
    static constexpr u64 kEntries = 0x1010;
    static constexpr u64 kMostEntries = (kSize - kEntries) / 16;

    struct Entry {
        u64 what = 0;
        u64 value = 0;
    };

    void remember(const bus::MmioAccess& access, bool is_write, u64 value) REQUIRES(mutex_);

    Mutex mutex_;
    std::array<u8, kBytes> bytes_ GUARDED_BY(mutex_){};
    std::array<Entry, kMostEntries> entries_ GUARDED_BY(mutex_);
    u64 count_ GUARDED_BY(mutex_) = 0;  // more than kMostEntries: the rest was not remembered
};

}  // namespace trapeze::devices

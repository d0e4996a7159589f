// A device's registers as a table of rows: one row names offset, extent, widths and both directions. A table
// that is unsorted, overlapping or misaligned does not compile (see valid_register_map).
#pragma once

#include <span>

#include "trapeze/base/bits.h"
#include "trapeze/base/log.h"
#include "trapeze/base/search.h"
#include "trapeze/bus/mmio.h"

namespace trapeze::bus {

// Access sizes a row accepts, as a bit mask of the byte counts themselves.
enum Widths : u8 { k8 = 1, k16 = 2, k32 = 4, k64 = 8, k8or32 = k8 | k32, k32or64 = k32 | k64 };

// What a row's accessors get: the access relative to the row.
struct RowAccess {
    u32 index;      // offset from the row's start, in bytes
    unsigned size;  // bytes
    VcpuIndex vcpu;
};

template <typename Device>
struct RegisterRow {
    u32 offset;  // of the first byte
    u32 length;  // bytes; a bank of 32-bit registers is one row of n * 4 bytes
    u8 widths;
    const char* name;                               // architectural name
    u64 (*read)(Device&, const RowAccess&);         // nullptr: write-only, reads as zero
    void (*write)(Device&, const RowAccess&, u64);  // nullptr: read-only, writes ignored
};

// Length in bytes of a bank with `bits_per_irq` bits for each of `count` interrupts.
constexpr u32 bank_bytes(u32 bits_per_irq, u32 count) {
    return bits_per_irq * count / 8;
}

template <typename Device, std::size_t N>
constexpr bool valid_register_map(const RegisterRow<Device> (&rows)[N]) {
    u64 end = 0;
    for (const auto& row : rows) {
        if (row.offset < end || row.length == 0 || row.widths == 0) return false;
        const unsigned widest = (row.widths & k64) ? 8 : (row.widths & k32) ? 4 : (row.widths & k16) ? 2 : 1;
        // A 64-bit register may sit at any multiple of its width only; a bank is a whole number of the
        // narrowest access.
        if (row.offset % widest != 0 || row.length % widest != 0) return false;
        if (row.offset % 4 != 0) return false;
        end = u64{row.offset} + row.length;
    }
    return true;
}

template <typename Device>
class RegisterMap {
public:
    template <std::size_t N>
    constexpr RegisterMap(const char* device, const RegisterRow<Device> (&rows)[N])
        : device_(device), rows_(rows) {
        static_assert(N < kNoRow);
        for (u32 word = 0; word < kDirectBytes / 4; ++word) {
            direct_[word] = kNoRow;
            for (u8 i = 0; i < N && rows[i].offset <= word * 4; ++i) direct_[word] = i;
        }
    }

    // Unknown offset, unaligned access or a width the row does not take: reads as zero / is ignored, with a
    // rate-limited guest error.
    u64 read(Device& device, const MmioAccess& access) const {
        const auto* row = find(access);
        if (row == nullptr) {
            GUEST_ERROR("{}: bad {}-byte read at offset {:#x}", device_, access.size, access.offset);
            return 0;
        }
        if (row->read == nullptr) {
            GUEST_ERROR("{}: read of write-only {}", device_, row->name);
            return 0;
        }
        return row->read(device, relative(*row, access));
    }

    void write(Device& device, const MmioAccess& access, u64 value) const {
        const auto* row = find(access);
        if (row == nullptr) {
            GUEST_ERROR("{}: bad {}-byte write of {:#x} at offset {:#x}", device_, access.size, value,
                        access.offset);
            return;
        }
        if (row->write == nullptr) {
            GUEST_ERROR("{}: write of {:#x} to read-only {}", device_, value, row->name);
            return;
        }
        row->write(device, relative(*row, access), value);
    }

    // The row at an offset whatever the width, or nullptr; for traces, tests and documentation.
    const RegisterRow<Device>* row_at(u64 offset) const {
        const RegisterRow<Device>* row;
        if (offset < kDirectBytes) {
            const u8 position = direct_[offset / 4];
            row = position != kNoRow ? &rows_[position] : nullptr;
        } else {
            row = last_not_above(rows_, offset, [](const auto& r) { return u64{r.offset}; });
        }
        return row != nullptr && offset - row->offset < row->length ? row : nullptr;
    }

    std::span<const RegisterRow<Device>> rows() const { return rows_; }

private:
    const RegisterRow<Device>* find(const MmioAccess& access) const {
        const auto* row = row_at(access.offset);
        if (row == nullptr || (row->widths & access.size) == 0 || (access.offset & (access.size - 1)) != 0 ||
            access.offset - row->offset + access.size > row->length) {
            return nullptr;
        }
        return row;
    }
    static RowAccess relative(const RegisterRow<Device>& row, const MmioAccess& access) {
        return {static_cast<u32>(access.offset - row.offset), access.size, access.vcpu};
    }

    // What drivers use all the time is at the beginning of a frame: there the position of a word's row, which
    // is that of all its bytes if rows begin at words, is looked up instead of searched for.
    static constexpr u32 kDirectBytes = 0x80;
    static constexpr u8 kNoRow = 0xff;

    const char* device_;
    std::span<const RegisterRow<Device>> rows_;  // sorted by offset
    u8 direct_[kDirectBytes / 4] = {};
};

}  // namespace trapeze::bus

#include "placement.h"

#include <algorithm>

#include "format_bytes.h"
#include "trapeze/base/bits.h"

namespace trapeze::boot {
namespace {

constexpr u64 kPage = 4 << 10;
constexpr u64 kDtbAlignment = 2 << 20;
constexpr u64 kWindowAlignment = 1ull << 30;
constexpr u64 kWindowBytes = 32ull << 30;

// Where QEMU's virt puts what comes after the kernel: a little way into RAM, for kernels that decompress
// themselves or use the memory behind them before they look at what is there. A multiple of 4 KiB.
u64 preferred_start(mem::GpaRange ram, mem::GpaRange kernel) {
    constexpr u64 kFarEnough = 128 << 20;
    const u64 wanted = ram.base.value + std::min(ram.size / 2, kFarEnough);
    return align_up(std::max(wanted, kernel.end().value), kPage);
}

// Whether [start, start + bytes) ends inside RAM; no sum can wrap.
bool fits(mem::GpaRange ram, u64 start, u64 bytes) {
    const u64 end = ram.end().value;
    return start >= ram.base.value && start <= end && bytes <= end - start;
}

// The highest multiple of 4 KiB, not below `floor`, from which `bytes` fit into RAM.
std::optional<u64> highest(mem::GpaRange ram, u64 floor, u64 bytes) {
    if (!fits(ram, align_up(floor, kPage), bytes)) return std::nullopt;
    const u64 start = align_down(ram.end().value - bytes, kPage);
    if (start < floor) return std::nullopt;
    return start;
}

}  // namespace

Result<mem::GpaRange> place_initrd(mem::GpaRange ram, mem::GpaRange kernel, u64 initrd_bytes, u64 dtb_bytes) {
    const auto no_room = [&] {
        return fail("its {} do not fit into memory: {} at {:#x}, of which the kernel takes {} at {:#x}",
                    format_bytes(initrd_bytes), format_bytes(ram.size), ram.base.value,
                    format_bytes(kernel.size), kernel.base.value);
    };
    if (initrd_bytes > ram.size || dtb_bytes > ram.size) return no_room();
    // The device tree follows on a page of its own.
    const u64 both = align_up(initrd_bytes, kPage) + align_up(dtb_bytes, kPage);
    u64 start = preferred_start(ram, kernel);
    if (!fits(ram, start, both)) {
        const auto lower = highest(ram, kernel.end().value, both);
        if (!lower) return no_room();
        start = *lower;
    }
    const u64 window = align_down(std::min(start, kernel.base.value), kWindowAlignment);
    if (std::max(start + initrd_bytes, kernel.end().value) - window > kWindowBytes) {
        return fail("its {} do not lie within 32 GiB of the kernel", format_bytes(initrd_bytes));
    }
    return mem::GpaRange{mem::Gpa{start}, initrd_bytes};
}

Result<mem::GpaRange> place_dtb(mem::GpaRange ram, mem::GpaRange kernel, KernelKind kind,
                                std::optional<mem::GpaRange> initrd, u64 dtb_bytes) {
    const auto at = [&](u64 start) { return mem::GpaRange{mem::Gpa{start}, dtb_bytes}; };
    const bool fits_below = kernel.base - ram.base >= dtb_bytes;
    // Bare-metal programs and boot loaders look for it at the start of RAM.
    if (kind != KernelKind::Image && fits_below) return at(ram.base.value);

    const u64 floor = initrd ? align_up(initrd->end().value, kPage) : kernel.end().value;
    const u64 preferred = initrd ? floor : preferred_start(ram, kernel);
    for (const u64 start : {align_up(preferred, kDtbAlignment), preferred}) {
        if (fits(ram, start, dtb_bytes)) return at(start);
    }
    if (const auto start = highest(ram, floor, dtb_bytes)) return at(*start);
    if (fits_below) return at(ram.base.value);
    return fail("no room for a device tree of {} in {} of memory beside the kernel ({} at {:#x})",
                format_bytes(dtb_bytes), format_bytes(ram.size), format_bytes(kernel.size),
                kernel.base.value);
}

}  // namespace trapeze::boot

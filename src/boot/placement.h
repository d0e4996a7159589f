// Where the initrd and the device tree go, relative to the kernel. Pure arithmetic.
//
// Linux "Documentation/arch/arm64/booting.rst" gives the rules: initrd within 32 GiB of the kernel, device
// tree 8-byte aligned, at most 2 MiB. Where they leave a choice we choose as QEMU's virt does, and only where
// that does not fit (small memories, large initrds) look for another place.
#pragma once

#include <optional>

#include "kernel_image.h"
#include "trapeze/base/result.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::boot {

// The most a device tree may have.
inline constexpr u64 kMostDtbBytes = 2 << 20;

// Place of an initrd of `initrd_bytes` (> 0), leaving room for `dtb_bytes` of device tree behind it.
// `kernel` lies inside `ram`.
Result<mem::GpaRange> place_initrd(mem::GpaRange ram, mem::GpaRange kernel, u64 initrd_bytes, u64 dtb_bytes);

// Place of a device tree of at most `dtb_bytes` (> 0).
Result<mem::GpaRange> place_dtb(mem::GpaRange ram, mem::GpaRange kernel, KernelKind kind,
                                std::optional<mem::GpaRange> initrd, u64 dtb_bytes);

}  // namespace trapeze::boot

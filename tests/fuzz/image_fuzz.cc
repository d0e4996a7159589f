// libFuzzer entry: files that the user names. The first byte chooses between a kernel and a device tree; the
// rest is the file. Everything is allowed except crashes, sanitizer reports, and results that break their
// contract.
#include <libfdt.h>

#include <cstdlib>

#include "byte_source.h"
#include "fuzz_input.h"
#include "kernel_image.h"
#include "placement.h"
#include "trapeze/boot/machine_fdt.h"

namespace trapeze::boot {
namespace {

constexpr mem::GpaRange kRam{mem::Gpa{0x40000000}, 16 << 20};

void fuzz_kernel(std::span<const u8> bytes) {
    static mem::GuestMemory& memory = *new mem::GuestMemory;
    if (memory.regions().empty()) require(memory.add_ram(kRam).has_value());
    const MemorySource file(std::vector<u8>(bytes.begin(), bytes.end()));
    const auto image = inspect_kernel(file, kRam);
    if (!image) return;
    require(kRam.contains(image->extent.base, image->extent.size));
    require(image->extent.contains(image->entry));
    (void)write_kernel(*image, file, memory);
    const auto initrd = place_initrd(kRam, image->extent, 1 << 20, kMostDtbBytes);
    const auto dtb = place_dtb(kRam, image->extent, image->kind,
                               initrd ? std::optional(*initrd) : std::nullopt, kMostDtbBytes);
    require(!initrd || dtb);
    require(!dtb || !dtb->overlaps(image->extent));
}

void fuzz_dtb(std::span<const u8> bytes) {
    MachineFdt machine;
    machine.mpidrs = {0};
    machine.ram = kRam;
    machine.bootargs = "console=ttyAMA0";
    machine.initrd = kRam;
    const std::vector<u8> aligned(bytes.begin(), bytes.end());
    const auto adjusted = adjust_user_fdt(aligned, machine);
    require(!adjusted || fdt_check_full(adjusted->data(), adjusted->size()) == 0);
}

}  // namespace
}  // namespace trapeze::boot

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, size_t size) {
    if (size == 0) return 0;
    const std::span<const trapeze::u8> file(data + 1, size - 1);
    if (data[0] % 4 == 0) {
        trapeze::boot::fuzz_dtb(file);
    } else {
        trapeze::boot::fuzz_kernel(file);
    }
    return 0;
}

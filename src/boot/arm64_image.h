// The header of an arm64 Linux Image, and its EFI zboot wrapping. Linux
// "Documentation/arch/arm64/booting.rst" section 4; Linux drivers/firmware/efi/libstub/zboot-header.S.
#pragma once

#include <optional>
#include <span>

#include "decompressor.h"

namespace trapeze::boot {

struct Arm64Image {
    u64 text_offset = 0;  // from a 2 MiB boundary; already 0x80000 where the header has no image_size
    u64 image_size = 0;   // bytes the kernel needs from its start; 0 in kernels before 3.17: not known
};

// The header, when `head` begins with one.
std::optional<Arm64Image> parse_arm64_image(std::span<const u8> head);

// Fails when the sections that the Image's PE header describes (EFI stub kernels have one) end so far behind
// the end of the file that the file must be a part of the original. `head`: the first bytes of the file.
Result<> check_not_truncated(std::span<const u8> head, u64 file_bytes);

struct ZbootPayload {
    Codec codec;
    ByteRange range;
};

// nullopt: not an EFI zboot image. Fails for compression we cannot undo and for a payload outside the file.
Result<std::optional<ZbootPayload>> parse_zboot(std::span<const u8> head, u64 file_bytes);

}  // namespace trapeze::boot

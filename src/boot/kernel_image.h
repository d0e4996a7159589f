// A kernel file: what it is, where it goes, and putting it there.
#pragma once

#include <optional>
#include <vector>

#include "decompressor.h"
#include "elf_image.h"
#include "trapeze/mem/gpa.h"
#include "trapeze/mem/guest_memory.h"

namespace trapeze::boot {

enum class KernelKind : u8 { Image, Elf, Flat };

struct Compression {
    Codec codec;
    ByteRange range;
};

// Where the kernel's bytes go. Addresses and sizes are inside the RAM given to inspect_kernel().
struct KernelImage {
    KernelKind kind = KernelKind::Flat;
    std::optional<Compression> compression;  // offsets of segments count decompressed bytes
    // Image and Flat have one segment; when compressed, its file_bytes is the most that there may be.
    std::vector<Segment> segments;
    mem::GpaRange extent;  // everything the kernel occupies or needs free
    mem::Gpa entry;
};

// The most that is decompressed where no header limits it.
inline constexpr u64 kMostDecompressed = 256ull << 20;

Result<KernelImage> inspect_kernel(const ByteSource& file, mem::GpaRange ram);

// Writes the kernel into guest memory, decompressing on the way. Bytes of `image.extent` that are in no
// segment keep their value. On failure memory is partly written.
Result<> write_kernel(const KernelImage& image, const ByteSource& file, mem::GuestMemory& memory);

}  // namespace trapeze::boot

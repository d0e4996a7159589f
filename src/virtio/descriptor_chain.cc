#include "descriptor_chain.h"

#include <cstring>

namespace trapeze::virtio {
namespace {

template <typename T>
T field(const u8* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

}  // namespace

Descriptor load_descriptor(const u8* bytes, RingFormat format) {
    const bool packed = format == RingFormat::Packed;
    return {.address = field<u64>(bytes),
            .length = field<u32>(bytes + 8),
            .flags = field<u16>(bytes + (packed ? 14 : 12)),
            .link = field<u16>(bytes + (packed ? 12 : 14))};
}

bool ChainBuilder::add(const Descriptor& descriptor) {
    return (descriptor.flags & kDescIndirect) != 0 ? add_table(descriptor) : add_buffer(descriptor);
}

bool ChainBuilder::add_buffer(const Descriptor& descriptor) {
    if (++segments_ > kMostSegments) return refuse("a request has more than 1024 descriptors");
    const bool writable = (descriptor.flags & kDescWrite) != 0;
    if (!writable && !chain_.writable.empty()) return refuse("a readable buffer follows a writable one");
    if (descriptor.length == 0) return true;
    const std::span<u8> view = memory_.view(mem::Gpa{descriptor.address}, descriptor.length);
    if (view.empty()) return refuse("a buffer is not in RAM");
    u64& bytes = writable ? chain_.writable_bytes : chain_.readable_bytes;
    bytes += descriptor.length;
    if (bytes > ~u32{0}) return refuse("a request has more than 4 GiB");
    (writable ? chain_.writable : chain_.readable).push_back(view);
    return true;
}

// 2.7.5.3 "Indirect Descriptors", 2.8.8: of a split ring a linked list, of a packed one a sequence.
bool ChainBuilder::add_table(const Descriptor& descriptor) {
    if (!indirect_) return refuse("an indirect descriptor was not negotiated");
    if ((descriptor.flags & kDescNext) != 0) return refuse("an indirect descriptor has a next one");
    const u32 entries = descriptor.length / kDescriptorBytes;
    if (entries == 0 || descriptor.length % kDescriptorBytes != 0)
        return refuse("an indirect table has a wrong size");
    const std::span<const u8> table = memory_.view(mem::Gpa{descriptor.address}, descriptor.length);
    if (table.empty()) return refuse("an indirect table is not in RAM");
    u32 at = 0;
    for (u32 visited = 0; visited < entries; ++visited) {
        const Descriptor entry = load_descriptor(&table[at * kDescriptorBytes], format_);
        if ((entry.flags & kDescIndirect) != 0) return refuse("an indirect table has an indirect descriptor");
        if (!add_buffer(entry)) return false;
        if (format_ == RingFormat::Packed) {
            ++at;
            continue;
        }
        if ((entry.flags & kDescNext) == 0) return true;
        at = entry.link;
        if (at >= entries) return refuse("a descriptor's next one is outside of its table");
    }
    return format_ == RingFormat::Packed || refuse("the descriptors of an indirect table are a loop");
}

}  // namespace trapeze::virtio

#include "fdt.h"

namespace guest::fdt {
namespace {

constexpr u32 kMagic = 0xd00dfeed;
enum Token : u32 { kBeginNode = 1, kEndNode = 2, kProp = 3, kNop = 4, kEnd = 9 };

u32 big_endian(const u8* p) {
    return u32{p[0]} << 24 | u32{p[1]} << 16 | u32{p[2]} << 8 | p[3];
}

bool equal(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) {
        ++a;
        ++b;
    }
    return *a == *b;
}

// Whether `name` is `wanted` or `wanted@something`.
bool matches(const char* name, const char* wanted) {
    while (*wanted != '\0' && *name == *wanted) {
        ++name;
        ++wanted;
    }
    return *wanted == '\0' && (*name == '\0' || *name == '@');
}

std::size_t length(const char* s) {
    std::size_t n = 0;
    while (s[n] != '\0') ++n;
    return n;
}

}  // namespace

u32 Property::cell(unsigned index) const {
    EXPECT(index * 4 + 4 <= size);
    return big_endian(data + index * 4);
}

bool Property::has_string(const char* text) const {
    const auto* strings = reinterpret_cast<const char*>(data);
    for (u32 at = 0; at < size; at += static_cast<u32>(length(strings + at)) + 1) {
        if (equal(strings + at, text)) return true;
    }
    return false;
}

const u8* blob() {
    const u64 x0 = boot_argument();
    if (x0 >= kRam && x0 % 8 == 0) {
        const auto* p = reinterpret_cast<const u8*>(x0);
        if (big_endian(p) == kMagic) return p;
    }
    const auto* base = reinterpret_cast<const u8*>(kRam);
    return big_endian(base) == kMagic ? base : nullptr;
}

u32 total_size() {
    return big_endian(blob() + 4);
}

Property find(const char* node, const char* property) {
    const u8* start = blob();
    if (start == nullptr) return {};
    const u8* p = start + big_endian(start + 8);
    const auto* strings = reinterpret_cast<const char*>(start + big_endian(start + 12));
    unsigned depth = 0;
    unsigned found = 0;  // depth of the node that was found, while it lasts
    while (true) {
        const u32 token = big_endian(p);
        p += 4;
        switch (token) {
            case kBeginNode: {
                const auto* name = reinterpret_cast<const char*>(p);
                ++depth;
                if (depth > 1 && found == 0 && matches(name, node)) found = depth;
                p += (length(name) + 1 + 3) & ~std::size_t{3};
                break;
            }
            case kEndNode:
                if (depth == found) found = 0;
                --depth;
                break;
            case kProp: {
                const u32 size = big_endian(p);
                const char* name = strings + big_endian(p + 4);
                if (found != 0 && depth == found && equal(name, property)) return {p + 8, size};
                p += 8 + ((size + 3) & ~3u);
                break;
            }
            case kNop: break;
            default: return {};
        }
    }
}

u64 argument(const char* key, u64 otherwise) {
    const Property bootargs = find("chosen", "bootargs");
    const std::size_t key_length = length(key);
    for (std::size_t i = 0; i + key_length < bootargs.size; ++i) {
        bool same = true;
        for (std::size_t j = 0; j < key_length; ++j)
            same = same && bootargs.data[i + j] == static_cast<u8>(key[j]);
        if (!same) continue;
        u64 value = 0;
        for (i += key_length; i < bootargs.size && bootargs.data[i] >= '0' && bootargs.data[i] <= '9'; ++i) {
            value = value * 10 + (bootargs.data[i] - '0');
        }
        return value;
    }
    return otherwise;
}

}  // namespace guest::fdt

// A look into the device tree blob (Devicetree Specification, "Flattened Devicetree (DTB) Format").
#pragma once

#include "guest.h"

namespace guest::fdt {

struct Property {
    const u8* data = nullptr;
    u32 size = 0;

    explicit operator bool() const { return data != nullptr; }
    // The 32-bit cell `index`.
    u32 cell(unsigned index) const;
    u64 cell_pair(unsigned index) const { return u64{cell(index)} << 32 | cell(index + 1); }
    // Whether a list of strings has this one.
    bool has_string(const char* text) const;
};

// The blob: where x0 pointed at entry, else at the base of RAM; nullptr if there is none.
const u8* blob();
u32 total_size();
// A property of a node at any depth below the root, e.g. ("chosen", "bootargs"). `node` may leave out the unit
// address: the first match that has the property counts.
Property find(const char* node, const char* property);

// The number after `key` ("hostile.seconds=") in /chosen/bootargs, or `otherwise`.
u64 argument(const char* key, u64 otherwise);

}  // namespace guest::fdt

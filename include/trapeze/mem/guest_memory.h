// The guest's RAM. The only holder of host pointers to it: everybody else reads and writes by Gpa, with
// bounds checked. Regions are const after build; the bytes are shared with running vCPUs, so plain data
// races with the guest are inherent and harmless: never trust a value read twice.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"
#include "trapeze/mem/gpa.h"
#include "trapeze/mem/ram_config.h"

namespace trapeze::mem {

class GuestMemory {
public:
    struct Region {
        GpaRange range;
        u8* host;            // page-aligned mapping of range.size bytes
        int discard_advice;  // of madvise: what makes its pages read as zeros, or nothing
    };

    GuestMemory() = default;
    ~GuestMemory();
    GuestMemory(const GuestMemory&) = delete;
    GuestMemory& operator=(const GuestMemory&) = delete;

    // Maps memory at `range` (page-aligned, not overlapping another): by default zeroed, and populated
    // lazily. Call before the VM starts.
    Result<> add_ram(GpaRange range, const RamConfig& config = {});

    std::span<const Region> regions() const { return regions_; }
    bool contains(Gpa address, u64 bytes) const { return find(address, bytes) != nullptr; }

    // Copies; false and nothing copied when any byte lies outside RAM or the range spans two regions.
    [[nodiscard]] bool read(Gpa address, std::span<u8> to) const;
    // The 8 bytes at a multiple of 8, in the host's byte order, by a single load: a value that the guest
    // stored, never half of two, and what the guest stored before it is visible afterwards. nullopt: not RAM.
    std::optional<u64> load(Gpa address) const;
    [[nodiscard]] bool write(Gpa address, std::span<const u8> from);
    // As write, with zeros.
    [[nodiscard]] bool fill_zero(Gpa address, u64 bytes);

    // Host view of [address, address + bytes) or an empty span. For bulk work (image loading, virtqueues).
    std::span<u8> view(Gpa address, u64 bytes);
    std::span<const u8> view(Gpa address, u64 bytes) const;

    // Gives the host its memory back, in whole pages of the host; what was there reads as zeros, until the
    // guest writes again. What is not RAM, or cannot be given back, is left alone. Any thread, while vCPUs
    // run.
    void discard(GpaRange range);
    // The same for a view() or a part of one.
    void discard(std::span<u8> view);

private:
    const Region* find(Gpa address, u64 bytes) const;

    std::vector<Region> regions_;
};

}  // namespace trapeze::mem

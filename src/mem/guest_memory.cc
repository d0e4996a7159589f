#include "trapeze/mem/guest_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "host_ram.h"
#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"

namespace trapeze::mem {

namespace {

// What makes pages read as zeros.
int discard_advice(const RamConfig& config) {
    if (config.shared) return MADV_REMOVE;
    // They would read as the file does.
    if (config.kind == RamConfig::Kind::File) return MADV_NORMAL;
    return MADV_DONTNEED;
}

// Those that are whole between these bytes.
void discard_pages(const GuestMemory::Region& region, u64 offset, u64 bytes) {
    static const u64 page = static_cast<u64>(sysconf(_SC_PAGESIZE));
    const u64 begin = align_up(offset, page);
    const u64 end = align_down(offset + bytes, page);
    // Failing to save memory is not an error.
    if (begin < end) (void)madvise(region.host + begin, end - begin, region.discard_advice);
}

}  // namespace

GuestMemory::~GuestMemory() {
    for (const Region& region : regions_) munmap(region.host, region.range.size);
}

Result<> GuestMemory::add_ram(GpaRange range, const RamConfig& config) {
    for (const Region& region : regions_) CHECK(!region.range.overlaps(range));
    u8* host = TRY(map_host_ram(range.size, config));
    regions_.push_back({range, host, discard_advice(config)});
    return {};
}

const GuestMemory::Region* GuestMemory::find(Gpa address, u64 bytes) const {
    for (const Region& region : regions_) {
        if (region.range.contains(address, bytes)) return &region;
    }
    return nullptr;
}

std::span<u8> GuestMemory::view(Gpa address, u64 bytes) {
    const Region* region = find(address, bytes);
    if (region == nullptr) return {};
    return {region->host + (address - region->range.base), bytes};
}

std::span<const u8> GuestMemory::view(Gpa address, u64 bytes) const {
    return const_cast<GuestMemory*>(this)->view(address, bytes);
}

bool GuestMemory::read(Gpa address, std::span<u8> to) const {
    if (to.empty()) return true;
    const auto from = view(address, to.size());
    if (from.empty()) return false;
    std::memcpy(to.data(), from.data(), to.size());
    return true;
}

std::optional<u64> GuestMemory::load(Gpa address) const {
    CHECK((address.value & 7) == 0);
    const auto from = view(address, sizeof(u64));
    if (from.empty()) return std::nullopt;
    return __atomic_load_n(reinterpret_cast<const u64*>(from.data()), __ATOMIC_ACQUIRE);
}

bool GuestMemory::write(Gpa address, std::span<const u8> from) {
    if (from.empty()) return true;
    const auto to = view(address, from.size());
    if (to.empty()) return false;
    std::memcpy(to.data(), from.data(), from.size());
    return true;
}

bool GuestMemory::fill_zero(Gpa address, u64 bytes) {
    if (bytes == 0) return true;
    const auto to = view(address, bytes);
    if (to.empty()) return false;
    std::memset(to.data(), 0, to.size());
    return true;
}

void GuestMemory::discard(GpaRange range) {
    for (const Region& region : regions_) {
        const Gpa begin = std::max(range.base, region.range.base);
        const Gpa end = std::min(range.end(), region.range.end());
        if (begin < end) discard_pages(region, begin - region.range.base, end - begin);
    }
}

void GuestMemory::discard(std::span<u8> view) {
    for (const Region& region : regions_) {
        // Addresses, as pointers into different regions have no order.
        const u64 offset = reinterpret_cast<u64>(view.data()) - reinterpret_cast<u64>(region.host);
        if (offset < region.range.size) discard_pages(region, offset, view.size());
    }
}

}  // namespace trapeze::mem

#include "trapeze/mem/guest_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "trapeze/base/check.h"

namespace trapeze::mem {

GuestMemory::~GuestMemory() {
    for (const Region& region : regions_) munmap(region.host, region.range.size);
}

Result<> GuestMemory::add_ram(GpaRange range) {
    for (const Region& region : regions_) CHECK(!region.range.overlaps(range));
    void* host =
        mmap(nullptr, range.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host == MAP_FAILED) {
        return fail_errno(errno, "could not allocate {} MiB of guest memory", range.size >> 20);
    }
    // Huge pages cut stage-2 faults; failing to get them is not an error.
    (void)madvise(host, range.size, MADV_HUGEPAGE);
    regions_.push_back({range, static_cast<u8*>(host)});
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
        if (begin < end) discard(view(begin, end - begin));
    }
}

void GuestMemory::discard(std::span<u8> view) {
    static const u64 page = static_cast<u64>(sysconf(_SC_PAGESIZE));
    const u64 begin = (reinterpret_cast<u64>(view.data()) + page - 1) & ~(page - 1);
    const u64 end = reinterpret_cast<u64>(view.data() + view.size()) & ~(page - 1);
    // Failing to save memory is not an error.
    if (begin < end) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace trapeze::mem

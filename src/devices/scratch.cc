#include "trapeze/devices/scratch.h"

#include "trapeze/base/bits.h"

namespace trapeze::devices {

void Scratch::remember(const bus::MmioAccess& access, bool is_write, u64 value) {
    if (count_ < kMostEntries)
        entries_[count_] = {access.offset | u64{access.size} << 16 | (is_write ? bit(31) : 0), value};
    ++count_;
}

u64 Scratch::mmio_read(const bus::MmioAccess& access) {
    LockGuard lock(mutex_);
    if (access.offset < kBytes) {
        u64 value = 0;
        for (unsigned i = access.size; i-- > 0;) value = value << 8 | bytes_[(access.offset + i) % kBytes];
        remember(access, false, value);
        return value;
    }
    if (access.offset == kCount) return count_;
    const u64 n = (access.offset - kEntries) / 16;
    if (access.offset < kEntries || n >= kMostEntries) return 0;
    return access.offset % 16 < 8 ? entries_[n].what : entries_[n].value;
}

void Scratch::mmio_write(const bus::MmioAccess& access, u64 value) {
    LockGuard lock(mutex_);
    if (access.offset == kCount) count_ = 0;
    if (access.offset >= kBytes) return;
    remember(access, true, value);
    for (unsigned i = 0; i < access.size; ++i)
        bytes_[(access.offset + i) % kBytes] = static_cast<u8>(value >> (8 * i));
}

void Scratch::reset() {
    LockGuard lock(mutex_);
    bytes_ = {};
    entries_ = {};
    count_ = 0;
}

}  // namespace trapeze::devices

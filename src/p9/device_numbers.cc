#include "device_numbers.h"

#include <algorithm>

#include "trapeze/base/log.h"

namespace trapeze::p9 {

OrErrno<u64> DeviceNumbers::path_of(dev_t device, ino_t inode) {
    LockGuard lock(mutex_);
    if (device == devices_.front()) return inode;
    if (policy_ == MultiDevices::Forbid) return error(ENODEV);
    if (policy_ == MultiDevices::Warn) {
        if (!std::exchange(warned_, true)) {
            print_warning(
                "a shared directory has several file systems of the host, whose inode numbers may be the "
                "same in the guest (multidevs=remap avoids that)");
        }
        return inode;
    }
    const auto found = std::ranges::find(devices_, device);
    const auto number = static_cast<u64>(found - devices_.begin());
    if (found == devices_.end()) {
        if (devices_.size() == kMostDevices) return error(ENODEV);
        devices_.push_back(device);
    }
    return inode ^ number << kShift;
}

}  // namespace trapeze::p9

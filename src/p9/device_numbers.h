// One qid per file, though inode numbers are unique on one file system of the host only.
#pragma once

#include <sys/types.h>

#include <vector>

#include "trapeze/base/mutex.h"
#include "trapeze/p9/config.h"
#include "wire.h"

namespace trapeze::p9 {

// Any thread.
class DeviceNumbers {
public:
    DeviceNumbers(MultiDevices policy, dev_t root) : policy_(policy), devices_{root} {}

    OrErrno<u64> path_of(dev_t device, ino_t inode);

private:
    // The number of the file system goes to the top, which inode numbers hardly ever reach.
    static constexpr unsigned kShift = 48;
    static constexpr std::size_t kMostDevices = 1 << 16;

    const MultiDevices policy_;
    Mutex mutex_;                                    // leaf
    std::vector<dev_t> devices_ GUARDED_BY(mutex_);  // the first is the root's
    bool warned_ GUARDED_BY(mutex_) = false;
};

}  // namespace trapeze::p9

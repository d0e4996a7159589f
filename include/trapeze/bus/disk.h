// A disk as its device sees it; what it is made of is in storage/.
#pragma once

#include <sys/uio.h>

#include <functional>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::bus {

enum class DiskOperation : u8 {
    Read,
    Write,
    Flush,    // what was written, and is done, survives a loss of power
    Discard,  // the content no longer matters
    WriteZeroes,
};

// One operation; its owner keeps it until done() is called.
class DiskRequest {
public:
    DiskOperation operation = DiskOperation::Read;
    u64 offset = 0;              // bytes, a multiple of 512
    u64 bytes = 0;               // likewise; for Read and Write the sum of the buffers
    bool may_unmap = false;      // WriteZeroes: the space may be given back
    std::vector<iovec> buffers;  // Read, Write

    // `error` is 0 or an errno value. On the disk's thread, and not within submit() or commit().
    virtual void done(int error) = 0;

protected:
    ~DiskRequest() = default;
};

// Used on one thread, whose event loop it has; nothing here waits for the host.
class Disk {
public:
    struct Properties {
        u64 bytes = 0;  // a multiple of 512
        bool read_only = false;
        bool can_discard = false;   // Discard and WriteZeroes with may_unmap do more than nothing
        u32 preferred_bytes = 512;  // accesses of multiples of this are fast: a power of two
    };

    virtual ~Disk() = default;
    virtual Properties properties() const = 0;
    // The range is within the disk; a write, Discard or WriteZeroes needs a disk that is not read-only.
    // May be held back until commit().
    virtual void submit(DiskRequest& request) = 0;
    // After a batch.
    virtual void commit() = 0;
    // Called after one or several done(), when there are no more for the moment. Before the first submit().
    virtual void on_batch_done(std::function<void()> callback) = 0;
};

}  // namespace trapeze::bus

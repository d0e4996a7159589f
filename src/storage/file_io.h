// The operations of a disk on a file, done at once on the calling thread.
#pragma once

#include <sys/types.h>

#include <span>
#include <vector>

#include "trapeze/base/fd.h"
#include "trapeze/bus/disk.h"
#include "trapeze/storage/disk.h"

namespace trapeze::storage {

// Linux takes no more buffers in one call, or in one request of io_uring.
inline constexpr std::size_t kMostVectors = 1024;

// A file as an image. Const after it is opened; any thread.
struct ImageFile {
    Fd fd;
    u64 length = 0;     // bytes of the file
    u64 bytes = 0;      // of the disk: that, rounded up to a multiple of 512
    u32 alignment = 1;  // of buffers in memory: 1 without O_DIRECT
    bool discards = false;
    bool ignores_flush = false;
    bool guards_magic = false;  // writes that make it look like a qcow2 image fail with EPERM

    bool aligned(const std::vector<iovec>& buffers) const;
    // A write that has to be looked at, in memory that the guest cannot change meanwhile.
    bool guarded(const bus::DiskRequest& request) const {
        return guards_magic && request.operation == bus::DiskOperation::Write && request.offset == 0;
    }
};

// Fails in one sentence that names the file.
Result<ImageFile> open_image_file(const FileOptions& options);

// Waits for the host. 0 or an errno value. What lies behind the end of the file reads as zero.
int perform(const ImageFile& file, const bus::DiskRequest& request);
// As a Read of perform(): `offset` and the buffers' sum are multiples of 512.
int read_blocks(const ImageFile& file, u64 offset, u64 bytes, std::vector<iovec> buffers);

// Reads bytes at any offset into any memory. Returns how many there were before the end of the file, or a
// negative errno value.
ssize_t read_bytes(const ImageFile& file, u64 offset, std::span<u8> to);

}  // namespace trapeze::storage

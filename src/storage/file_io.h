// The operations of a disk on a file, done at once on the calling thread.
#pragma once

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

    bool aligned(const bus::DiskRequest& request) const;
};

// Fails in one sentence that names the file.
Result<ImageFile> open_image_file(const FileOptions& options);

// Waits for the host. 0 or an errno value. What lies behind the end of the file reads as zero.
int perform(const ImageFile& file, const bus::DiskRequest& request);

}  // namespace trapeze::storage

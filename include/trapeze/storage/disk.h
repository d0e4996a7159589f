// What disks are made of.
#pragma once

#include <memory>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"
#include "trapeze/bus/disk.h"

namespace trapeze::storage {

enum class AsyncIo : u8 {
    Auto,  // io_uring, or threads where the host does not have it
    IoUring,
    Threads,
};

// What the bytes of a file mean. Probe: qcow2 if it begins as one, else raw; then nothing that is written can
// make it look like one the next time.
enum class ImageFormat : u8 { Probe, Raw, Qcow2 };

struct FileOptions {
    std::string path;
    ImageFormat format = ImageFormat::Raw;  // of open_image()
    bool read_only = false;
    bool direct = false;        // around the host's page cache
    bool ignore_flush = false;  // Flush does nothing: fast, and unsafe
    bool discard = false;       // Discard gives the host its space back, instead of doing nothing
    bool lock = true;           // refuse what another process writes to, or reads while this one writes
    AsyncIo aio = AsyncIo::Auto;
};

// An image in the format of `options`. `loop` is that of the disk's thread, and outlives it; the disk is
// destroyed on that thread or after it, with no request in flight. qcow2 is read only: without
// `options.read_only` it is refused. Fails in one sentence that names the file.
Result<std::unique_ptr<bus::Disk>> open_image(EventLoop& loop, const FileOptions& options);

// A raw image: a regular file or a block device; `options.format` does not matter.
Result<std::unique_ptr<bus::Disk>> open_raw(EventLoop& loop, const FileOptions& options);

// Reads from `base` what was never written, and keeps what is written in a temporary file without a name in
// `directory`. Requests of `base` are made on the same thread.
Result<std::unique_ptr<bus::Disk>> open_snapshot(EventLoop& loop, std::unique_ptr<bus::Disk> base,
                                                 const std::string& directory);

}  // namespace trapeze::storage

// What the images of a chain of backing files have in common: they are read.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <vector>

#include "byte_cache.h"
#include "file_io.h"
#include "trapeze/base/result.h"

namespace trapeze::storage {

// An image with all images behind it. Const after it is opened; any thread, several at a time.
class ImageLayer {
public:
    virtual ~ImageLayer() = default;
    virtual u64 bytes() const = 0;  // of the disk: a multiple of 512
    // Waits for the host. [offset, offset + bytes) is within the disk, both are multiples of 512, and `bytes`
    // is the sum of the buffers. 0 or an errno value.
    virtual int read(u64 offset, u64 bytes, const std::vector<iovec>& buffers) const = 0;
};

// What the images of one chain share, so that the memory of a disk is bounded however long its chain is.
struct ImageCaches {
    ByteCache tables{8 << 20};
    ByteCache clusters{32 << 20};  // decompressed ones, 16 of the largest
};

// Opens a qcow2 image and all images behind it; `options.format` does not matter, and nothing is written to.
// Fails in one sentence that names the file, and for a backing file also the image that wants it.
Result<std::unique_ptr<ImageLayer>> open_qcow2_chain(const FileOptions& options,
                                                     std::shared_ptr<ImageCaches> caches);

}  // namespace trapeze::storage

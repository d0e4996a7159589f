// One qcow2 image as a layer: QEMU, docs/interop/qcow2, "Cluster mapping" and "Extended L2 Entries". The
// tables of the file are believed in nothing: every offset is checked when it is used.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "image_layer.h"
#include "qcow2_header.h"

namespace trapeze::storage {

class Qcow2Image final : public ImageLayer {
public:
    // `backing` may be nullptr. `number` tells the images that share the caches apart.
    Qcow2Image(std::string path, ImageFile file, Qcow2Header header, std::unique_ptr<ImageLayer> backing,
               std::shared_ptr<ImageCaches> caches, u32 number);

    u64 bytes() const override;
    int read(u64 offset, u64 bytes, const std::vector<iovec>& buffers) const override;

private:
    enum class Kind : u8 { Zero, Backing, Data, Compressed };
    // A piece of the disk that is all of a kind.
    struct Extent {
        Kind kind = Kind::Zero;
        u64 bytes = 0;
        u64 host = 0;        // Data: where it begins in the file; Compressed: where the cluster's data does
        u64 host_bytes = 0;  // Compressed: how many these are at most
        u64 descriptor = 0;  // Compressed: of the cluster
    };

    // 0 or an errno value each. An extent ends with its cluster; longest_extent() goes on over further ones.
    int longest_extent(u64 offset, u64 most, Extent& extent) const;
    int find_extent(u64 offset, Extent& extent) const;
    int standard_extent(u64 offset, u64 entry, u64 l2_entry_place, Extent& extent) const;
    int subcluster_extent(u64 offset, u64 host, u64 bitmap, Extent& extent) const;
    int compressed_extent(u64 offset, u64 entry, Extent& extent) const;
    int table_word(u64 place, u64& word) const;

    int read_extent(u64 offset, const Extent& extent, std::vector<iovec> buffers) const;
    int read_backing(u64 offset, u64 bytes, const std::vector<iovec>& buffers) const;
    int read_compressed(u64 offset, const Extent& extent, const std::vector<iovec>& buffers) const;

    // EIO, and the first time a line for the user.
    int broken(const char* what, u64 offset) const;

    const std::string path_;
    const ImageFile file_;
    const Qcow2Header header_;
    const std::unique_ptr<ImageLayer> backing_;
    const std::shared_ptr<ImageCaches> caches_;
    const u32 number_;
    mutable std::atomic<bool> complained_ = false;
};

}  // namespace trapeze::storage

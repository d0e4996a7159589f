#include "qcow2_image.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "big_endian.h"
#include "iovec_slice.h"
#include "qcow2_cluster.h"
#include "trapeze/base/bits.h"
#include "trapeze/base/log.h"

namespace trapeze::storage {
namespace {

constexpr u64 kSector = 512;
constexpr u64 kTableBlock = 4096;  // tables are read and kept in such pieces

// Entries of the tables.
using Offset = Field<55, 9>;  // in place: not shifted
constexpr u64 kCompressed = bit(62), kReadsAsZero = bit(0);
constexpr unsigned kSubclusters = 32;

void zero(const std::vector<iovec>& buffers) {
    for (const iovec& buffer : buffers) std::memset(buffer.iov_base, 0, buffer.iov_len);
}

void copy_to(const std::vector<iovec>& buffers, const u8* from) {
    for (const iovec& buffer : buffers) {
        std::memcpy(buffer.iov_base, from, buffer.iov_len);
        from += buffer.iov_len;
    }
}

}  // namespace

Qcow2Image::Qcow2Image(std::string path, ImageFile file, Qcow2Header header,
                       std::unique_ptr<ImageLayer> backing, std::shared_ptr<ImageCaches> caches, u32 number)
    : path_(std::move(path)),
      file_(std::move(file)),
      header_(std::move(header)),
      backing_(std::move(backing)),
      caches_(std::move(caches)),
      number_(number) {}

u64 Qcow2Image::bytes() const {
    return align_up(header_.bytes, kSector);
}

int Qcow2Image::read(u64 offset, u64 bytes, const std::vector<iovec>& buffers) const {
    for (u64 done = 0; done < bytes;) {
        Extent extent;
        if (const int error = longest_extent(offset + done, bytes - done, extent); error != 0) return error;
        if (const int error = read_extent(offset + done, extent, slice(buffers, done, extent.bytes));
            error != 0)
            return error;
        done += extent.bytes;
    }
    return 0;
}

// Neighbours become one read: clusters can be as small as 512 bytes.
int Qcow2Image::longest_extent(u64 offset, u64 most, Extent& extent) const {
    if (const int error = find_extent(offset, extent); error != 0) return error;
    while (extent.bytes < most && extent.kind != Kind::Compressed) {
        Extent next;
        // An error is met again, if it still is one, when that piece is read.
        if (find_extent(offset + extent.bytes, next) != 0 || next.kind != extent.kind) break;
        if (extent.kind == Kind::Data && next.host != extent.host + extent.bytes) break;
        extent.bytes += next.bytes;
    }
    extent.bytes = std::min(extent.bytes, most);
    return 0;
}

int Qcow2Image::find_extent(u64 offset, Extent& extent) const {
    const unsigned l1_shift = header_.cluster_bits + header_.l2_bits();
    u64 l1_entry = 0;
    if (const int error = table_word(header_.l1_offset + (offset >> l1_shift) * 8, l1_entry); error != 0)
        return error;
    const u64 l2_table = l1_entry & Offset::kMask;
    if (l2_table == 0) {
        extent = {.kind = Kind::Backing, .bytes = (u64{1} << l1_shift) - (offset & low_mask(l1_shift))};
        return 0;
    }
    if (l2_table % header_.cluster_bytes() != 0) return broken("an L2 table is not at a cluster", offset);
    const u64 index = (offset >> header_.cluster_bits) & low_mask(header_.l2_bits());
    const u64 place = l2_table + index * header_.l2_entry_bytes();
    u64 entry = 0;
    if (const int error = table_word(place, entry); error != 0) return error;
    if ((entry & kCompressed) != 0) return compressed_extent(offset, entry, extent);
    return standard_extent(offset, entry, place, extent);
}

int Qcow2Image::standard_extent(u64 offset, u64 entry, u64 l2_entry_place, Extent& extent) const {
    const u64 within = offset & low_mask(header_.cluster_bits);
    const u64 host = entry & Offset::kMask;
    extent = {.kind = Kind::Backing, .bytes = header_.cluster_bytes() - within, .host = host + within};
    if (host % header_.cluster_bytes() != 0) return broken("data is not at a cluster", offset);
    if (header_.extended_l2) {
        u64 bitmap = 0;
        if (const int error = table_word(l2_entry_place + 8, bitmap); error != 0) return error;
        if (const int error = subcluster_extent(offset, host, bitmap, extent); error != 0) return error;
    } else if ((entry & kReadsAsZero) != 0) {
        if (header_.version < 3) return broken("version 2 has no zero clusters", offset);
        extent.kind = Kind::Zero;
    } else if (host != 0) {
        extent.kind = Kind::Data;
    }
    // QEMU makes the file longer before it refers to the new clusters; the last one may be incomplete.
    if (extent.kind == Kind::Data && host >= file_.length)
        return broken("data is behind the end of the file, which may be cut off", offset);
    return 0;
}

int Qcow2Image::subcluster_extent(u64 offset, u64 host, u64 bitmap, Extent& extent) const {
    const u64 bytes = header_.cluster_bytes() / kSubclusters;
    const u64 number = (offset & low_mask(header_.cluster_bits)) / bytes;
    const bool allocated = (bitmap & bit(static_cast<unsigned>(number))) != 0;
    const bool zero = (bitmap & bit(static_cast<unsigned>(number) + kSubclusters)) != 0;
    if (allocated && (zero || host == 0)) return broken("a subcluster is two things at once", offset);
    extent.kind = allocated ? Kind::Data : zero ? Kind::Zero : Kind::Backing;
    extent.bytes = bytes - offset % bytes;
    return 0;
}

int Qcow2Image::compressed_extent(u64 offset, u64 entry, Extent& extent) const {
    const unsigned offset_bits = 62 - (header_.cluster_bits - 8);
    const u64 host = entry & low_mask(offset_bits);
    const u64 more_sectors = extract(entry, 61, offset_bits);
    if (host >= file_.length)
        return broken("compressed data is behind the end of the file, which may be cut off", offset);
    extent = {.kind = Kind::Compressed,
              .bytes = header_.cluster_bytes() - (offset & low_mask(header_.cluster_bits)),
              .host = host,
              .host_bytes = (more_sectors + 1) * kSector - host % kSector,
              .descriptor = entry & low_mask(62)};
    return 0;
}

int Qcow2Image::table_word(u64 place, u64& word) const {
    const u64 begin = align_down(place, kTableBlock);
    const ByteCache::Key key{number_, begin};
    ByteCache::Bytes block = caches_->tables.find(key);
    if (block == nullptr) {
        std::vector<u8> bytes(kTableBlock);
        const ssize_t length = read_bytes(file_, begin, bytes);
        if (length < 0) return static_cast<int>(-length);
        bytes.resize(static_cast<std::size_t>(length));
        block = std::make_shared<const std::vector<u8>>(std::move(bytes));
        caches_->tables.add(key, block);
    }
    if (place - begin + 8 > block->size())
        return broken("a table is behind the end of the file, which may be cut off", place);
    word = be64(*block, place - begin);
    return 0;
}

int Qcow2Image::read_extent(u64 offset, const Extent& extent, std::vector<iovec> buffers) const {
    switch (extent.kind) {
        case Kind::Zero: zero(buffers); return 0;
        case Kind::Backing: return read_backing(offset, extent.bytes, buffers);
        case Kind::Data: return read_blocks(file_, extent.host, extent.bytes, std::move(buffers));
        case Kind::Compressed: return read_compressed(offset, extent, buffers);
    }
    return EINVAL;
}

// A backing file may be shorter than the disk: the rest reads as zero.
int Qcow2Image::read_backing(u64 offset, u64 bytes, const std::vector<iovec>& buffers) const {
    const u64 end = backing_ == nullptr ? 0 : backing_->bytes();
    if (offset + bytes <= end) return backing_->read(offset, bytes, buffers);
    const u64 there = offset < end ? end - offset : 0;
    zero(slice(buffers, there, bytes - there));
    return there == 0 ? 0 : backing_->read(offset, there, slice(buffers, 0, there));
}

int Qcow2Image::read_compressed(u64 offset, const Extent& extent, const std::vector<iovec>& buffers) const {
    const ByteCache::Key key{number_, extent.descriptor};
    ByteCache::Bytes cluster = caches_->clusters.find(key);
    if (cluster == nullptr) {
        std::vector<u8> compressed(extent.host_bytes);
        const ssize_t length = read_bytes(file_, extent.host, compressed);
        if (length < 0) return static_cast<int>(-length);
        std::vector<u8> bytes(header_.cluster_bytes());
        if (!decompress_cluster(header_.compression, std::span(compressed).first(static_cast<u64>(length)),
                                bytes))
            return broken("a compressed cluster is damaged", offset);
        cluster = std::make_shared<const std::vector<u8>>(std::move(bytes));
        caches_->clusters.add(key, cluster);
    }
    copy_to(buffers, cluster->data() + (offset & low_mask(header_.cluster_bits)));
    return 0;
}

int Qcow2Image::broken(const char* what, u64 offset) const {
    if (!complained_.exchange(true, std::memory_order_relaxed)) {
        print_warning(fmt::format("{}: {} (at {:#x}); the guest gets I/O errors, and no more is said of this",
                                  path_, what, offset));
    }
    return EIO;
}

}  // namespace trapeze::storage

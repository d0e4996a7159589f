// qcow2 images, written byte by byte from QEMU's docs/interop/qcow2. They have one L1 table, in the second
// cluster, and one L2 table, in the third; what a test adds follows. Reference counts are left out: readers
// need none.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::storage {

class Qcow2Builder {
public:
    struct Options {
        u32 version = 3;
        u32 cluster_bits = 12;
        u64 bytes = 64 << 10;  // of the disk
        u64 incompatible = 0;  // features
        u8 compression = 0;
        std::string backing = {}, backing_format = {};
    };

    explicit Qcow2Builder(const Options& options)
        : options_(options), cluster_(u64{1} << options.cluster_bits) {
        file.resize(3 * cluster_);
        put32(0, 0x514649fb);
        put32(4, options.version);
        put32(20, options.cluster_bits);
        put64(24, options.bytes);
        put32(36, 1);
        put64(40, cluster_);
        put64(cluster_, 2 * cluster_ | u64{1} << 63);
        u64 end = 72;
        if (options.version == 3) {
            put64(72, options.incompatible);
            put32(96, 4);
            put32(100, 112);
            file[104] = options.compression;
            end = 112;
        }
        if (!options.backing_format.empty()) {
            put32(end, 0xe2792aca);
            put32(end + 4, static_cast<u32>(options.backing_format.size()));
            std::memcpy(&file[end + 8], options.backing_format.data(), options.backing_format.size());
            end += 8 + (options.backing_format.size() + 7) / 8 * 8;
        }
        end += 8;  // the end of the extensions
        if (options.backing.empty()) return;
        put64(8, end);
        put32(16, static_cast<u32>(options.backing.size()));
        std::memcpy(&file[end], options.backing.data(), options.backing.size());
    }

    void put32(u64 at, u32 value) {
        for (unsigned i = 0; i < 4; ++i) file[at + i] = static_cast<u8>(value >> (24 - 8 * i));
    }
    void put64(u64 at, u64 value) {
        put32(at, static_cast<u32>(value >> 32));
        put32(at + 4, static_cast<u32>(value));
    }
    u64 cluster() const { return cluster_; }
    // Where the L2 entry of a cluster is, and its second word if entries are extended.
    u64 l2_entry(u64 guest_cluster) const {
        const bool extended = (options_.incompatible & 16) != 0;
        return 2 * cluster_ + guest_cluster * (extended ? 16 : 8);
    }
    void set_l2(u64 guest_cluster, u64 entry) { put64(l2_entry(guest_cluster), entry); }
    void set_bitmap(u64 guest_cluster, u64 bitmap) { put64(l2_entry(guest_cluster) + 8, bitmap); }

    // A cluster of data.
    void add_data(u64 guest_cluster, std::span<const u8> data) {
        file.resize((file.size() + cluster_ - 1) / cluster_ * cluster_);
        set_l2(guest_cluster, file.size() | u64{1} << 63);
        file.insert(file.end(), data.begin(), data.end());
    }
    // A compressed one, which begins at any byte.
    void add_compressed(u64 guest_cluster, std::span<const u8> data) {
        add_stored(guest_cluster, options_.compression == 1 ? zstd(data) : deflate(data));
    }
    void add_stored(u64 guest_cluster, std::span<const u8> compressed) {
        const u64 at = file.size();
        file.insert(file.end(), compressed.begin(), compressed.end());
        const u64 more_sectors = (file.size() - 1) / 512 - at / 512;
        set_l2(guest_cluster, at | more_sectors << (62 - (options_.cluster_bits - 8)) | u64{1} << 62);
    }

    void write(const std::string& path) const {
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    }

    std::vector<u8> file;

private:
    static std::vector<u8> deflate(std::span<const u8> data) {
        z_stream stream{};
        deflateInit2(&stream, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY);
        std::vector<u8> result(data.size() + 1000);
        stream.next_in = const_cast<u8*>(data.data());
        stream.avail_in = static_cast<uInt>(data.size());
        stream.next_out = result.data();
        stream.avail_out = static_cast<uInt>(result.size());
        ::deflate(&stream, Z_FINISH);
        result.resize(stream.total_out);
        deflateEnd(&stream);
        return result;
    }
    static std::vector<u8> zstd(std::span<const u8> data) {
        std::vector<u8> result(ZSTD_compressBound(data.size()));
        result.resize(ZSTD_compress(result.data(), result.size(), data.data(), data.size(), 3));
        return result;
    }

    const Options options_;
    const u64 cluster_;
};

}  // namespace trapeze::storage

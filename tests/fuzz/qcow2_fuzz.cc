// libFuzzer entry: a qcow2 image, with what is read from it. The input is a size of clusters, features, words
// for the header and the tables, and data: so that most inputs are images, if broken ones. Nothing may happen
// but that the image is refused or a read fails; a read that does not fail has filled its buffers.
#include <sys/mman.h>

#include <cstdio>
#include <memory>

#include "fuzz_input.h"
#include "image_layer.h"
#include "qcow2_header.h"
#include "trapeze/base/bits.h"

namespace trapeze::storage {
namespace {

constexpr u64 kFileBytes = 1 << 16;

void put(std::vector<u8>& file, u64 at, unsigned bytes, u64 value) {
    for (unsigned i = 0; i < bytes; ++i)
        if (at + i < file.size()) file[at + i] = static_cast<u8>(value >> (8 * (bytes - 1 - i)));
}

// A header that is right, and tables in the second and third cluster.
std::vector<u8> begin(FuzzInput& input) {
    std::vector<u8> file(kFileBytes);
    const u8 choice = input.take<u8>();
    const unsigned bits = 9 + choice % 6;
    const u64 cluster = u64{1} << bits;
    const u8 features = input.take<u8>();
    put(file, 0, 4, 0x514649fb);
    put(file, 4, 4, (choice & 0x80) != 0 ? 2 : 3);
    put(file, 20, 4, bits);
    put(file, 24, 8, u64{input.take<u8>()} * 1024);
    put(file, 36, 4, 64);
    put(file, 40, 8, cluster);
    put(file, 72, 8, features & 0x1b);
    put(file, 100, 4, 112);
    put(file, 104, 1, (features & 8) != 0 ? 1 : 0);
    if ((features & 0x20) != 0) {
        put(file, 112, 8, 0xe2792aca00000005);
        put(file, 120, 8, (features & 0x40) != 0 ? 0x71636f7732000000 : 0x7261770000000000);
        if ((features & 0x40) == 0) put(file, 116, 4, 3);
        put(file, 8, 8, 136);
        put(file, 16, 4, 12);
        static const char kName[] = "/proc/self/x";
        for (unsigned i = 0; i < 12; ++i) put(file, 136 + i, 1, static_cast<u8>(kName[i]));
    }
    put(file, cluster, 8, 2 * cluster);
    return file;
}

void change(std::vector<u8>& file, FuzzInput& input) {
    const u64 cluster = u64{1} << (file[23] % 16);
    while (!input.empty()) {
        const u8 step = input.take<u8>();
        const u16 where = input.take<u16>();
        switch (step % 8) {
            case 0: put(file, where % 256, 8, input.take<u64>()); break;  // the header
            case 1: put(file, where % 256, 1, input.take<u8>()); break;
            case 2: put(file, cluster + where % 64 * 8, 8, input.take<u64>()); break;  // the L1 table
            case 3: put(file, 2 * cluster + where % 64 * 8, 8, input.take<u64>()); break;
            case 4:
                put(file, 2 * cluster + where % 64 * 8, 8, u64{input.take<u8>()} * cluster | step >> 7);
                break;
            case 5:  // compressed, in the middle of the file
                put(file, 2 * cluster + where % 64 * 8, 8,
                    bit(62) | bit(61) | (kFileBytes / 2 + input.take<u8>()));
                break;
            case 6: {
                const auto data = input.take(step);
                for (const u8 byte : data)
                    put(file, kFileBytes / 2 + where % 256 + static_cast<u64>(&byte - data.data()), 1, byte);
                break;
            }
            default: file.resize(std::max<u64>(where, 64)); break;
        }
    }
}

void check_header(const std::vector<u8>& file) {
    const auto header = parse_qcow2_header(file, file.size());
    if (!header) return;
    require(header->cluster_bits >= kLeastClusterBits && header->cluster_bits <= kMostClusterBits);
    require(header->bytes <= kMostQcow2Bytes);
    require(header->l1_offset % header->cluster_bytes() == 0);
    require(header->l1_offset + header->l1_entries * 8 <= file.size());
    require(header->bytes >> (header->cluster_bits + header->l2_bits()) <= header->l1_entries);
    require(!header->backing || header->backing->name.size() <= 1023);
}

void read_all(const ImageLayer& layer) {
    const u64 bytes = std::min<u64>(layer.bytes(), 1 << 18);
    for (const u64 piece : {u64{4096}, bytes}) {
        for (u64 at = 0; at < bytes; at += piece) {
            const u64 length = std::min(piece, bytes - at);
            // Of its own size, so that a byte too many is seen.
            const auto first = std::make_unique<u8[]>(100), second = std::make_unique<u8[]>(length - 100);
            (void)layer.read(at, length, {{first.get(), 100}, {second.get(), length - 100}});
        }
    }
    if (layer.bytes() > bytes) {
        u8 last[512];
        (void)layer.read(layer.bytes() - 512, 512, {{last, 512}});
    }
}

void fuzz(std::span<const u8> bytes) {
    FuzzInput input(bytes);
    std::vector<u8> file;
    if (input.take<u8>() % 8 == 0) {
        file.assign(bytes.begin() + (bytes.empty() ? 0 : 1), bytes.end());
    } else {
        file = begin(input);
        change(file, input);
    }
    check_header(file);
    const Fd image(::memfd_create("image", MFD_CLOEXEC));
    require(image.valid());
    require(::write(image.get(), file.data(), file.size()) == static_cast<ssize_t>(file.size()));
    const auto layer = open_qcow2_chain({.path = fmt::format("/proc/self/fd/{}", image.get()), .lock = false},
                                        std::make_shared<ImageCaches>());
    if (layer) read_all(**layer);
}

}  // namespace
}  // namespace trapeze::storage

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, std::size_t size) {
    trapeze::storage::fuzz({data, size});
    return 0;
}

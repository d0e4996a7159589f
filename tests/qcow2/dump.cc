// qcow2_dump IMAGE [PIECE]: writes what the disk in a qcow2 image holds to standard output, read in pieces of
// PIECE bytes (a multiple of 512, by default 64 KiB).
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "image_layer.h"

int main(int argc, char** argv) {
    using namespace trapeze;
    if (argc < 2) return 2;
    const auto layer =
        storage::open_qcow2_chain({.path = argv[1], .lock = false}, std::make_shared<storage::ImageCaches>());
    if (!layer) {
        std::fprintf(stderr, "%s\n", layer.error().message().c_str());
        return 1;
    }
    std::vector<u8> piece(argc > 2 ? std::strtoul(argv[2], nullptr, 0) : 65536);
    const u64 bytes = (*layer)->bytes();
    for (u64 at = 0; at < bytes; at += piece.size()) {
        const u64 length = std::min<u64>(piece.size(), bytes - at);
        // In two buffers, of which one is odd.
        const int error = (*layer)->read(at, length, {{piece.data(), 100}, {&piece[100], length - 100}});
        if (error != 0) {
            std::fprintf(stderr, "reading at %llu: error %d\n", static_cast<unsigned long long>(at), error);
            return 1;
        }
        if (std::fwrite(piece.data(), 1, length, stdout) != length) return 1;
    }
    return 0;
}

// A set of sectors, kept in pieces that exist where something was added: the memory it takes goes with what
// is written, not with the size of the disk.
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::storage {

class SectorMap {
public:
    explicit SectorMap(u64 sectors) : pieces_((sectors + kPiece - 1) / kPiece) {}

    void add(u64 first, u64 count) {
        for (u64 sector = first; sector < first + count; ++sector) {
            auto& piece = pieces_[sector / kPiece];
            if (piece == nullptr) piece = std::make_unique<Piece>();
            piece->set(sector % kPiece);
        }
    }
    bool contains(u64 sector) const {
        const auto& piece = pieces_[sector / kPiece];
        return piece != nullptr && piece->test(sector % kPiece);
    }
    // How many sectors from `first` on, up to `most`, are alike.
    u64 run(u64 first, u64 most) const {
        const bool inside = contains(first);
        u64 length = 1;
        while (length < most && contains(first + length) == inside) ++length;
        return length;
    }

private:
    static constexpr u64 kPiece = 1 << 15;  // sectors: 16 MiB of disk in 4 KiB
    using Piece = std::bitset<kPiece>;

    std::vector<std::unique_ptr<Piece>> pieces_;
};

}  // namespace trapeze::storage

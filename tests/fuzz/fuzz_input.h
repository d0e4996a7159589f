// What all fuzz targets share that read their input piece by piece.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <span>

#include "trapeze/base/types.h"

namespace trapeze {

inline void require(bool condition) {
    if (!condition) std::abort();
}

// Whatever lacks reads as zero.
class FuzzInput {
public:
    explicit FuzzInput(std::span<const u8> bytes) : bytes_(bytes) {}
    template <typename T>
    T take() {
        T value{};
        const std::size_t count = std::min(sizeof value, bytes_.size());
        if (count != 0) std::memcpy(&value, bytes_.data(), count);
        bytes_ = bytes_.subspan(count);
        return value;
    }
    std::span<const u8> take(std::size_t count) {
        const auto taken = bytes_.first(std::min(count, bytes_.size()));
        bytes_ = bytes_.subspan(taken.size());
        return taken;
    }
    bool empty() const { return bytes_.empty(); }

private:
    std::span<const u8> bytes_;
};

}  // namespace trapeze

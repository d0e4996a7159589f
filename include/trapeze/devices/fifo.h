// Fixed-size ring buffer for hardware FIFOs.
#pragma once

#include <array>

#include "trapeze/base/check.h"
#include "trapeze/base/types.h"

namespace trapeze::devices {

template <typename T, std::size_t kCapacity>
class Fifo {
public:
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    void clear() { size_ = 0; }

    void push(T value) {
        CHECK(size_ < kCapacity);
        slots_[(head_ + size_++) % kCapacity] = value;
    }
    T pop() {
        CHECK(size_ > 0);
        const T value = slots_[head_];
        drop(1);
        return value;
    }
    // The i-th oldest element.
    T at(std::size_t i) const {
        CHECK(i < size_);
        return slots_[(head_ + i) % kCapacity];
    }
    // Removes the `count` oldest.
    void drop(std::size_t count) {
        CHECK(count <= size_);
        head_ = (head_ + count) % kCapacity;
        size_ -= count;
    }

private:
    std::array<T, kCapacity> slots_{};
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace trapeze::devices

// Fields of messages: little-endian numbers, and texts with their length in front.
#pragma once

#include <bit>
#include <cerrno>
#include <cstring>
#include <expected>
#include <span>
#include <string_view>

#include "messages.h"
#include "trapeze/base/result.h"

namespace trapeze::p9 {

static_assert(std::endian::native == std::endian::little);

// What the guest is told of a failure is an errno value.
template <typename T = void>
using OrErrno = std::expected<T, int>;

inline std::unexpected<int> error(int number) {
    return std::unexpected(number);
}

// Whatever lacks reads as zero, and end() tells.
class Reader {
public:
    explicit Reader(std::span<const u8> bytes) : left_(bytes) {}

    template <typename T>
    T take() {
        T value{};
        const std::span<const u8> from = bytes(sizeof value);
        if (!from.empty()) std::memcpy(&value, from.data(), sizeof value);
        return value;
    }
    std::string_view text() {
        const std::span<const u8> from = bytes(take<u16>());
        return {reinterpret_cast<const char*>(from.data()), from.size()};
    }
    std::span<const u8> bytes(std::size_t count) {
        if (count > left_.size()) {
            short_ = true;
            left_ = {};
        }
        const std::span<const u8> taken = left_.first(short_ ? 0 : count);
        left_ = left_.subspan(taken.size());
        return taken;
    }
    // After the last field, before anything is done. Bytes that follow are left alone: nothing means them.
    OrErrno<> end() const {
        if (short_) return error(EINVAL);
        return {};
    }

private:
    std::span<const u8> left_;
    bool short_ = false;
};

// What does not fit is not written, and overflowed() tells. The dispatcher knows how much every reply needs
// at least, so only texts and lists have to be careful.
class Writer {
public:
    explicit Writer(std::span<u8> room) : room_(room) {}

    template <typename T>
    void put(T value) {
        put(std::span(reinterpret_cast<const u8*>(&value), sizeof value));
    }
    void put(std::span<const u8> bytes) {
        const std::span<u8> to = grow(bytes.size());
        if (!to.empty()) std::memcpy(to.data(), bytes.data(), bytes.size());
    }
    void put(std::string_view text) {
        put(static_cast<u16>(text.size()));
        put(std::span(reinterpret_cast<const u8*>(text.data()), text.size()));
    }
    void put(const Qid& qid) {
        put(qid.type);
        put(qid.version);
        put(qid.path);
    }
    // The next bytes, for the caller to fill.
    std::span<u8> grow(std::size_t count) {
        if (count > room()) overflowed_ = true;
        if (overflowed_) return {};
        used_ += count;
        return room_.subspan(used_ - count, count);
    }
    void put_at(std::size_t offset, u32 value) { std::memcpy(&room_[offset], &value, sizeof value); }
    // Gives bytes back.
    void shrink_to(std::size_t used) {
        used_ = used;
        overflowed_ = false;
    }

    std::size_t used() const { return used_; }
    std::size_t room() const { return room_.size() - used_; }
    bool overflowed() const { return overflowed_; }

private:
    std::span<u8> room_;
    std::size_t used_ = 0;
    bool overflowed_ = false;
};

}  // namespace trapeze::p9

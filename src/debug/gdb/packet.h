// Framing of the GDB Remote Serial Protocol ("Overview", GDB manual appendix E): $payload#checksum,
// acknowledgements and the interrupt byte.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::debug::gdb {

// Longest payload either side may send, which qSupported reports as PacketSize.
inline constexpr std::size_t kMaxPacket = 16 * 1024;

std::string to_hex(std::span<const u8> bytes);
std::string to_hex(std::string_view text);
// nullopt: an odd number of digits, or something that is no digit.
std::optional<std::vector<u8>> from_hex(std::string_view digits);
// A whole hexadecimal number of up to 64 bits.
std::optional<u64> parse_hex(std::string_view digits);
// `payload` with } # $ * escaped, for binary replies.
std::string escape_binary(std::string_view payload);
// $payload#checksum. The payload has its escapes already.
std::string frame(std::string_view payload);

// Takes the bytes of a peer apart. Bounded: of a packet that is too long only the fact is kept.
class PacketReader {
public:
    struct Handler {
        std::function<void(std::string_view)> packet;  // the payload, escapes undone
        std::function<void()> bad_packet;              // wrong checksum
        std::function<void()> too_long;
        std::function<void()> interrupt;  // 0x03
        std::function<void()> resend;     // "-"
    };
    explicit PacketReader(Handler handler) : handler_(std::move(handler)) {}

    void feed(std::span<const u8> bytes);
    void reset();

private:
    enum class State : u8 { Idle, Payload, Escape, Checksum1, Checksum2 };

    void feed(u8 byte);
    void store(u8 byte);
    void finish(u8 low_digit);

    const Handler handler_;
    State state_ = State::Idle;
    std::string payload_;
    bool overflow_ = false;
    u8 sum_ = 0;
    u8 high_digit_ = 0;
};

}  // namespace trapeze::debug::gdb

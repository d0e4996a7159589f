#include "gdb/packet.h"

#include <fmt/core.h>

namespace trapeze::debug::gdb {
namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr char kDigits[] = "0123456789abcdef";
constexpr char kEscape = '}';
constexpr u8 kEscapeMask = 0x20;

}  // namespace

std::string to_hex(std::span<const u8> bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const u8 byte : bytes) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0xf];
    }
    return text;
}

std::string to_hex(std::string_view text) {
    return to_hex({reinterpret_cast<const u8*>(text.data()), text.size()});
}

std::optional<std::vector<u8>> from_hex(std::string_view digits) {
    if (digits.size() % 2 != 0) return std::nullopt;
    std::vector<u8> bytes;
    bytes.reserve(digits.size() / 2);
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = digit(digits[i]);
        const int low = digit(digits[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<u8>(high << 4 | low));
    }
    return bytes;
}

std::optional<u64> parse_hex(std::string_view digits) {
    if (digits.empty() || digits.size() > 16) return std::nullopt;
    u64 value = 0;
    for (const char c : digits) {
        const int d = digit(c);
        if (d < 0) return std::nullopt;
        value = value << 4 | static_cast<u64>(d);
    }
    return value;
}

std::string escape_binary(std::string_view payload) {
    std::string out;
    out.reserve(payload.size());
    for (const char c : payload) {
        if (c == '}' || c == '#' || c == '$' || c == '*') {
            out += kEscape;
            out += static_cast<char>(static_cast<u8>(c) ^ kEscapeMask);
        } else {
            out += c;
        }
    }
    return out;
}

std::string frame(std::string_view payload) {
    u8 sum = 0;
    for (const char c : payload) sum = static_cast<u8>(sum + static_cast<u8>(c));
    return fmt::format("${}#{:02x}", payload, sum);
}

void PacketReader::reset() {
    state_ = State::Idle;
    payload_.clear();
}

void PacketReader::feed(std::span<const u8> bytes) {
    for (const u8 byte : bytes) feed(byte);
}

void PacketReader::store(u8 byte) {
    if (payload_.size() < kMaxPacket) {
        payload_ += static_cast<char>(byte);
    } else {
        overflow_ = true;
    }
}

void PacketReader::feed(u8 byte) {
    switch (state_) {
        case State::Idle:
            if (byte == '$') {
                state_ = State::Payload;
                payload_.clear();
                overflow_ = false;
                sum_ = 0;
            } else if (byte == 0x03) {
                handler_.interrupt();
            } else if (byte == '-') {
                handler_.resend();
            }
            return;  // "+", and noise between packets
        case State::Payload:
            if (byte == '#') {
                state_ = State::Checksum1;
                return;
            }
            if (byte == '$') {  // the peer began again
                payload_.clear();
                overflow_ = false;
                sum_ = 0;
                return;
            }
            sum_ = static_cast<u8>(sum_ + byte);
            if (byte == kEscape) {
                state_ = State::Escape;
            } else {
                store(byte);
            }
            return;
        case State::Escape:
            sum_ = static_cast<u8>(sum_ + byte);
            store(byte ^ kEscapeMask);
            state_ = State::Payload;
            return;
        case State::Checksum1:
            high_digit_ = byte;
            state_ = State::Checksum2;
            return;
        case State::Checksum2: finish(byte); return;
    }
}

void PacketReader::finish(u8 low_digit) {
    state_ = State::Idle;
    const int high = digit(static_cast<char>(high_digit_));
    const int low = digit(static_cast<char>(low_digit));
    if (high < 0 || low < 0 || (high << 4 | low) != sum_) return handler_.bad_packet();
    if (overflow_) return handler_.too_long();
    // The handler may reset() us.
    const std::string payload = std::move(payload_);
    payload_.clear();
    handler_.packet(payload);
}

}  // namespace trapeze::debug::gdb

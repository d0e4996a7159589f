// Ethernet frames as a guest makes and reads them; from the RFCs, independent of the code under test.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::net {

using Bytes = std::vector<u8>;

inline constexpr u8 kGuestMac[] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
inline constexpr u32 kGuestIp = 0x0a00'020f;  // 10.0.2.15
inline constexpr u32 kHostIp = 0x0a00'0202;

inline void put16(Bytes& to, u32 value) {
    to.push_back(static_cast<u8>(value >> 8));
    to.push_back(static_cast<u8>(value));
}
inline void put32(Bytes& to, u32 value) {
    put16(to, value >> 16);
    put16(to, value & 0xffff);
}
inline void put(Bytes& to, std::string_view bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}
inline u16 get16(const Bytes& from, std::size_t at) {
    return static_cast<u16>(from.at(at) << 8 | from.at(at + 1));
}
inline u32 get32(const Bytes& from, std::size_t at) {
    return u32{get16(from, at)} << 16 | get16(from, at + 2);
}
inline void set16(Bytes& to, std::size_t at, u32 value) {
    to.at(at) = static_cast<u8>(value >> 8);
    to.at(at + 1) = static_cast<u8>(value);
}

// RFC 1071, byte by byte.
inline u32 plain_sum(const Bytes& bytes, std::size_t from, u32 sum = 0) {
    for (std::size_t i = from; i < bytes.size(); ++i) {
        sum += (i - from) % 2 == 0 ? u32{bytes[i]} << 8 : u32{bytes[i]};
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

inline Bytes ethernet(const Bytes& to, u16 type) {
    Bytes frame = to;
    frame.insert(frame.end(), kGuestMac, kGuestMac + 6);
    put16(frame, type);
    return frame;
}
inline Bytes broadcast() {
    return Bytes(6, 0xff);
}

inline Bytes arp(u16 operation, u32 sender, const Bytes& target_mac, u32 target) {
    Bytes frame = ethernet(operation == 1 ? broadcast() : target_mac, 0x0806);
    put16(frame, 1);
    put16(frame, 0x0800);
    put16(frame, 0x0604);
    put16(frame, operation);
    frame.insert(frame.end(), kGuestMac, kGuestMac + 6);
    put32(frame, sender);
    frame.insert(frame.end(), target_mac.begin(), target_mac.end());
    put32(frame, target);
    return frame;
}

// With room for `payload` behind it, which follows.
inline Bytes ipv4(const Bytes& mac, u8 protocol, u32 from, u32 to, const Bytes& payload) {
    Bytes frame = ethernet(mac, 0x0800);
    Bytes header;
    put16(header, 0x4500);
    put16(header, static_cast<u32>(20 + payload.size()));
    put32(header, 0x0001'0000);
    put16(header, 0x4000 | protocol);  // time to live 64
    put16(header, 0);
    put32(header, from);
    put32(header, to);
    set16(header, 10, ~plain_sum(header, 0));
    frame.insert(frame.end(), header.begin(), header.end());
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
}

struct Tcp {
    u16 source = 0;
    u16 destination = 0;
    u32 sequence = 0;
    u32 acknowledged = 0;
    u8 flags = 0;
    Bytes data = {};
};
inline constexpr u8 kFin = 1, kSyn = 2, kAck = 16;

// From the guest to 10.0.2.2. `partial`: with the sum of the pseudo header alone.
inline Bytes tcp(const Bytes& mac, const Tcp& segment, bool partial = false) {
    Bytes payload;
    put16(payload, segment.source);
    put16(payload, segment.destination);
    put32(payload, segment.sequence);
    put32(payload, segment.acknowledged);
    put16(payload, 0x5000u | segment.flags);
    put16(payload, 0xffff);
    put32(payload, 0);
    payload.insert(payload.end(), segment.data.begin(), segment.data.end());
    Bytes pseudo;
    put32(pseudo, kGuestIp);
    put32(pseudo, kHostIp);
    put16(pseudo, 6);
    put16(pseudo, static_cast<u32>(payload.size()));
    const u32 sum = plain_sum(pseudo, 0);
    set16(payload, 16, partial ? sum : ~plain_sum(payload, 0, sum));
    return ipv4(mac, 6, kGuestIp, kHostIp, payload);
}

inline bool is_tcp(const Bytes& frame) {
    return frame.size() >= 54 && get16(frame, 12) == 0x0800 && frame[23] == 6;
}
inline Tcp parse_tcp(const Bytes& frame) {
    const std::size_t length = get16(frame, 16);
    const std::size_t header = 34 + (frame[46] >> 4) * 4u;
    return {.source = get16(frame, 34),
            .destination = get16(frame, 36),
            .sequence = get32(frame, 38),
            .acknowledged = get32(frame, 42),
            .flags = static_cast<u8>(frame[47] & 0x3f),
            .data = Bytes(frame.begin() + static_cast<std::ptrdiff_t>(header),
                          frame.begin() + static_cast<std::ptrdiff_t>(14 + length))};
}

}  // namespace trapeze::net

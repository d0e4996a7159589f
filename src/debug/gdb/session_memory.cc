// Session: registers, memory, breakpoints and watchpoints.
#include <algorithm>

#include "gdb/session.h"

namespace trapeze::debug::gdb {
namespace {

constexpr unsigned kEfault = 14;
constexpr unsigned kEinval = 22;
constexpr unsigned kEnospc = 28;

// "ADDRESS,LENGTH", both hexadecimal.
struct Extent {
    u64 address;
    u64 length;
};
std::optional<Extent> parse_extent(std::string_view text) {
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const auto address = parse_hex(text.substr(0, comma));
    const auto length = parse_hex(text.substr(comma + 1));
    if (!address || !length) return std::nullopt;
    return Extent{*address, *length};
}

}  // namespace

// --- Registers
// -----------------------------------------------------------------------------------------------------

void Session::read_registers(std::string_view) {
    if (refuse_while_running()) return;
    std::string text;
    for (unsigned n = 0; n < target_.g_packet_registers(); ++n) {
        std::vector<u8> value(target_.register_size(n));
        if (target_.read_register(general_cpu_, n, value)) {
            text += to_hex(value);
        } else {
            text.append(value.size() * 2, 'x');
        }
    }
    reply(text);
}

void Session::write_registers(std::string_view text) {
    if (refuse_while_running()) return;
    const auto bytes = from_hex(text);
    if (!bytes) return reply_error(kEinval);
    std::span<const u8> left = *bytes;
    for (unsigned n = 0; n < target_.g_packet_registers() && !left.empty(); ++n) {
        const std::size_t size = target_.register_size(n);
        if (left.size() < size) return reply_error(kEinval);
        if (!target_.write_register(general_cpu_, n, left.first(size))) return reply_error(kEinval);
        left = left.subspan(size);
    }
    ok();
}

void Session::read_register(std::string_view text) {
    if (refuse_while_running()) return;
    const auto number = parse_hex(text);
    const std::size_t size =
        number && *number <= 0xffff ? target_.register_size(static_cast<unsigned>(*number)) : 0;
    if (size == 0) return reply_error(kEinval);
    std::vector<u8> value(size);
    if (!target_.read_register(general_cpu_, static_cast<unsigned>(*number), value)) {
        return reply(std::string(size * 2, 'x'));  // not available
    }
    reply(to_hex(value));
}

void Session::write_register(std::string_view text) {
    if (refuse_while_running()) return;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return reply_error(kEinval);
    const auto number = parse_hex(text.substr(0, equals));
    const auto bytes = from_hex(text.substr(equals + 1));
    if (!number || *number > 0xffff || !bytes) return reply_error(kEinval);
    const auto n = static_cast<unsigned>(*number);
    const std::size_t size = target_.register_size(n);
    if (size == 0 || bytes->size() != size) return reply_error(kEinval);
    if (!target_.write_register(general_cpu_, n, *bytes)) return reply_error(kEinval);
    ok();
}

// --- Memory
// --------------------------------------------------------------------------------------------------------

std::optional<std::vector<u8>> Session::fetch(std::string_view text) {
    const auto extent = parse_extent(text);
    if (!extent) {
        reply_error(kEinval);
        return std::nullopt;
    }
    // A shorter answer than asked for is allowed.
    std::vector<u8> bytes(std::min<u64>(extent->length, kMaxPacket / 2 - 1));
    bytes.resize(target_.read_memory(general_cpu_, extent->address, bytes, physical_));
    if (bytes.empty() && extent->length != 0) {
        reply_error(kEfault);
        return std::nullopt;
    }
    return bytes;
}

void Session::read_memory(std::string_view text) {
    if (refuse_while_running()) return;
    if (const auto bytes = fetch(text)) reply(to_hex(*bytes));
}

void Session::read_memory_binary(std::string_view text) {
    if (refuse_while_running()) return;
    const auto bytes = fetch(text);
    if (bytes) reply("b" + escape_binary({reinterpret_cast<const char*>(bytes->data()), bytes->size()}));
}

void Session::store(u64 address, std::span<const u8> bytes) {
    if (!bytes.empty() && !target_.write_memory(general_cpu_, address, bytes, physical_)) {
        return reply_error(kEfault);
    }
    ok();
}

void Session::write_memory(std::string_view text) {
    if (refuse_while_running()) return;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return reply_error(kEinval);
    const auto extent = parse_extent(text.substr(0, colon));
    const auto bytes = from_hex(text.substr(colon + 1));
    if (!extent || !bytes || bytes->size() != extent->length) return reply_error(kEinval);
    store(extent->address, *bytes);
}

void Session::write_memory_binary(std::string_view text) {
    if (refuse_while_running()) return;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return reply_error(kEinval);
    const auto extent = parse_extent(text.substr(0, colon));
    const std::string_view data = text.substr(colon + 1);
    if (!extent || data.size() != extent->length) return reply_error(kEinval);
    store(extent->address, {reinterpret_cast<const u8*>(data.data()), data.size()});
}

// --- Breakpoints and watchpoints: "TYPE,ADDRESS,KIND[;...]"
// ----------------------------------------------------------

void Session::insert_point(std::string_view text) {
    if (refuse_while_running()) return;
    if (text.size() < 2 || text[1] != ',') return reply_error(kEinval);
    if (text[0] < '0' || text[0] > '4') return reply("");
    const auto extent = parse_extent(text.substr(2, text.find(';') - 2));
    if (!extent) return reply_error(kEinval);
    switch (target_.insert(general_cpu_, static_cast<PointKind>(text[0] - '0'), extent->address,
                           extent->length)) {
        case PointResult::Done: return ok();
        case PointResult::Unsupported: return reply_error(kEnospc);
        case PointResult::Failed: return reply_error(kEfault);
    }
}

void Session::remove_point(std::string_view text) {
    if (refuse_while_running()) return;
    if (text.size() < 2 || text[1] != ',') return reply_error(kEinval);
    if (text[0] < '0' || text[0] > '4') return reply("");
    const auto extent = parse_extent(text.substr(2, text.find(';') - 2));
    if (!extent) return reply_error(kEinval);
    const auto kind = static_cast<PointKind>(text[0] - '0');
    if (target_.remove(kind, extent->address, extent->length) != PointResult::Done)
        return reply_error(kEinval);
    ok();
}

}  // namespace trapeze::debug::gdb

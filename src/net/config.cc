#include "trapeze/net/config.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace trapeze::net {
namespace {

// RFC 951, "file", with its end.
constexpr std::size_t kMostBootFileBytes = 127;

// Cuts `text` at the first `separator`, which has to be there.
Result<std::string_view> take(std::string_view& text, char separator, std::string_view what) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return fail("'{}' is missing after the {}", separator, what);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at + 1);
    return part;
}

Result<u16> parse_port(std::string_view text, unsigned lowest) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port < lowest || port > 65535)
        return fail("a port must be a number, {} to 65535", lowest);
    return static_cast<u16>(port);
}

Result<Ipv4> parse_optional_ipv4(std::string_view text) {
    if (text.empty()) return Ipv4{};
    return parse_ipv4(text);
}

// "[tcp|udp]:", with tcp for nothing.
Result<bool> take_udp(std::string_view& text) {
    const std::string_view protocol = TRY(take(text, ':', "protocol"));
    if (!protocol.empty() && protocol != "tcp" && protocol != "udp")
        return fail("the protocol is tcp or udp");
    return protocol == "udp";
}

Result<SocketAddress> parse_target(std::string_view text) {
    if (text.starts_with("unix:")) {
        if (text.size() == 5) return fail("a path is missing after unix:");
        return SocketAddress{.path = std::string(text.substr(5))};
    }
    if (!text.starts_with("tcp:"))
        return fail("the end on the host must be tcp:HOST:PORT, unix:PATH or cmd:COMMAND");
    text.remove_prefix(4);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail("':' is missing after the host");
    SocketAddress address{.host = std::string(text.substr(0, colon))};
    if (address.host.starts_with('[') && address.host.ends_with(']'))
        address.host = address.host.substr(1, address.host.size() - 2);
    address.port = TRY(parse_port(text.substr(colon + 1), 1));
    return address;
}

}  // namespace

std::string Ipv4::text() const {
    return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff);
}

Result<Ipv4> parse_ipv4(std::string_view text) {
    in_addr address{};
    if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1)
        return fail("'{}' is not an IPv4 address", text);
    return Ipv4{ntohl(address.s_addr)};
}

Result<HostForward> parse_host_end(std::string_view rule) {
    HostForward forward{.text = std::string(rule)};
    forward.udp = TRY(take_udp(rule));
    const std::string_view address = TRY(take(rule, ':', "host's address"));
    forward.host = TRY(parse_optional_ipv4(address));
    forward.host_port = TRY(parse_port(rule, 0));
    return forward;
}

Result<HostForward> parse_host_forward(std::string_view rule) {
    const std::size_t dash = rule.find('-');
    if (dash == std::string_view::npos) return fail("'-' is missing between the host's and the guest's end");
    HostForward forward = TRY(parse_host_end(rule.substr(0, dash)));
    forward.text = rule;
    rule.remove_prefix(dash + 1);
    const std::string_view address = TRY(take(rule, ':', "guest's address"));
    forward.guest = TRY(parse_optional_ipv4(address));
    forward.guest_port = TRY(parse_port(rule, 1));
    return forward;
}

Result<GuestForward> parse_guest_forward(std::string_view rule) {
    GuestForward forward{.text = std::string(rule)};
    if (TRY(take_udp(rule))) return fail("the protocol is tcp");
    const std::string_view address = TRY(take(rule, ':', "server's address"));
    forward.server = TRY(parse_ipv4(address));
    const std::string_view port = TRY(take(rule, '-', "server's port"));
    forward.port = TRY(parse_port(port, 1));
    if (rule.starts_with("cmd:")) {
        forward.command = rule.substr(4);
        if (forward.command.empty()) return fail("a command is missing after cmd:");
    } else {
        forward.target = TRY(parse_target(rule));
    }
    return forward;
}

Result<> UserConfig::complete() {
    if (!ipv4 && !ipv6) return fail("either IPv4 or IPv6 has to be on");
    if (!ipv4 && !(host_forwards.empty() && guest_forwards.empty())) return fail("forwards need IPv4");
    network.value &= mask.value;
    if (~mask.value < 15) return fail("the network {} is too small", network.text());
    // As QEMU: 10.0.2.2 of 10.0.0.0/8.
    const auto usual = [&](u32 number) { return Ipv4{network.value | (number & ~mask.value)}; };
    if (!host) host = usual(0x202);
    if (!dns) dns = usual(0x203);
    if (!dhcp_start) dhcp_start = usual(0x20f);
    const auto inside = [&](Ipv4 address) { return (address.value & mask.value) == network.value; };
    if (!inside(*host)) return fail("the host {} is not in the network {}", host->text(), network.text());
    if (!inside(*dns))
        return fail("the name server {} is not in the network {}", dns->text(), network.text());
    if (!inside(*dhcp_start))
        return fail("the first address {} is not in the network {}", dhcp_start->text(), network.text());
    if (*host == *dns || *host == *dhcp_start || *dns == *dhcp_start)
        return fail("host, name server and first address must differ");
    for (const GuestForward& forward : guest_forwards) {
        if (!inside(forward.server) || forward.server == *host || forward.server == *dns) {
            return fail("guestfwd={}: the server must be in the network {}, and not its host or name server",
                        forward.text, network.text());
        }
        const auto same = [&](const GuestForward& other) {
            return other.server == forward.server && other.port == forward.port;
        };
        if (std::ranges::count_if(guest_forwards, same) > 1)
            return fail("guestfwd={}: this address is forwarded already", forward.text);
    }
    if (boot_file.size() > kMostBootFileBytes)
        return fail("bootfile=: the name is longer than {} bytes", kMostBootFileBytes);
    return {};
}

}  // namespace trapeze::net

// What a host network is like, as the command line has it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/base/sockets.h"
#include "trapeze/base/types.h"

namespace trapeze::net {

struct Ipv4 {
    u32 value = 0;  // 10.0.2.15 is 0x0a00020f
    friend bool operator==(const Ipv4&, const Ipv4&) = default;
    std::string text() const;
};
Result<Ipv4> parse_ipv4(std::string_view text);

// hostfwd=[tcp|udp]:[HOST-ADDRESS]:HOST-PORT-[GUEST-ADDRESS]:GUEST-PORT
struct HostForward {
    bool udp = false;
    Ipv4 host = {};  // 0: all of the host's addresses
    u16 host_port = 0;
    Ipv4 guest = {};  // 0: the first that DHCP gives away
    u16 guest_port = 0;
    std::string text = {};  // the rule
};
Result<HostForward> parse_host_forward(std::string_view rule);
// The same without the guest's end, for removal.
Result<HostForward> parse_host_end(std::string_view rule);

// guestfwd=[tcp]:SERVER:PORT-tcp:HOST:PORT, -unix:PATH or -cmd:COMMAND
struct GuestForward {
    Ipv4 server = {};
    u16 port = 0;
    std::string command = {};   // run for each connection, which is its standard streams
    SocketAddress target = {};  // without a command
    std::string text = {};      // the rule
};
Result<GuestForward> parse_guest_forward(std::string_view rule);

// A network inside of the program, with the host's sockets at its edge.
struct UserConfig {
    bool ipv4 = true;
    bool ipv6 = true;
    Ipv4 network{0x0a00'0200};
    Ipv4 mask{0xffff'ff00};
    // By default numbers 2, 3 and 15 of the network.
    std::optional<Ipv4> host = {}, dns = {}, dhcp_start = {};
    bool restricted = false;    // nothing but the forwards
    std::string hostname = {};  // what DHCP tells the guest of it
    std::string domain = {};
    std::vector<std::string> search_domains = {};
    std::string tftp_directory = {};
    std::string tftp_server_name = {};
    std::string boot_file = {};
    std::vector<HostForward> host_forwards = {};
    std::vector<GuestForward> guest_forwards = {};

    // Fills in the defaults and checks that it makes sense.
    Result<> complete();
};

struct TapConfig {
    std::string name = {};  // of the interface; empty: the kernel chooses
    int fd = -1;            // of an open interface, instead
    bool header = true;     // let the kernel do checksums and segments, where it can
    std::optional<u64> send_buffer_bytes = {};
};

// Frames on a stream, each after its length in 4 bytes, big-endian.
struct StreamConfig {
    SocketAddress address = {};
    bool server = false;
    u32 reconnect_ms = 0;  // client: how long after the connection has ended or could not be made; 0: never
};

// A frame in each datagram.
struct DatagramConfig {
    SocketAddress local = {};  // or a descriptor
    SocketAddress remote = {};
};

// No cable.
struct NoConfig {};

using Config = std::variant<NoConfig, UserConfig, TapConfig, StreamConfig, DatagramConfig>;

}  // namespace trapeze::net

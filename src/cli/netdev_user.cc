// The keys of -netdev user.
#include "netdev.h"

namespace trapeze::cli {
namespace {

using net::UserConfig;

UserConfig& user(NetdevRequest& request) {
    return std::get<UserConfig>(request.config);
}

template <bool UserConfig::*Member>
Result<void> set_switch(NetdevRequest& request, const KeyArgument& argument) {
    user(request).*Member = TRY(parse_bool(argument.value));
    return {};
}

template <std::string UserConfig::*Member>
Result<void> set_text(NetdevRequest& request, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("the value is empty");
    user(request).*Member = argument.value;
    return {};
}

template <std::optional<net::Ipv4> UserConfig::*Member>
Result<void> set_address(NetdevRequest& request, const KeyArgument& argument) {
    user(request).*Member = TRY(net::parse_ipv4(argument.value));
    return {};
}

// Of a network without a mask: the classes of RFC 791.
u32 class_mask(u32 address) {
    if (address < 0x8000'0000) return 0xff00'0000;
    return address < 0xc000'0000 ? 0xffff'0000 : 0xffff'ff00;
}

// ADDRESS, ADDRESS/BITS or ADDRESS/MASK
Result<void> set_network(NetdevRequest& request, const KeyArgument& argument) {
    const std::size_t slash = argument.value.find('/');
    const net::Ipv4 network = TRY(net::parse_ipv4(argument.value.substr(0, slash)));
    u32 mask = class_mask(network.value);
    if (slash != std::string_view::npos) {
        const std::string_view text = argument.value.substr(slash + 1);
        if (text.find('.') != std::string_view::npos) {
            mask = TRY(net::parse_ipv4(text)).value;
        } else {
            mask = ~u32{0} << (32 - TRY(parse_number(text, 4, 28)));
        }
    }
    if ((~mask & (~mask + 1)) != 0) return fail("the mask has a hole");
    user(request).network = network;
    user(request).mask.value = mask;
    return {};
}

Result<void> add_host_forward(NetdevRequest& request, const KeyArgument& argument) {
    net::HostForward rule =
        TRY(with_context(net::parse_host_forward(argument.value), "invalid host forwarding rule"));
    user(request).host_forwards.push_back(std::move(rule));
    return {};
}

Result<void> add_guest_forward(NetdevRequest& request, const KeyArgument& argument) {
    net::GuestForward rule =
        TRY(with_context(net::parse_guest_forward(argument.value), "invalid guest forwarding rule"));
    user(request).guest_forwards.push_back(std::move(rule));
    return {};
}

Result<void> add_search_domain(NetdevRequest& request, const KeyArgument& argument) {
    user(request).search_domains.emplace_back(argument.value);
    return {};
}

constexpr KeyRow<NetdevRequest> kRows[] = {
    {"net", "addr[/mask]", set_network, "the network, 10.0.2.0/24 by default"},
    {"host", "addr", set_address<&UserConfig::host>, "the host's address in it, the second"},
    {"dns", "addr", set_address<&UserConfig::dns>, "the name server's, which asks the host's, the third"},
    {"dhcpstart", "addr", set_address<&UserConfig::dhcp_start>,
     "the first that DHCP gives away, the fifteenth"},
    {"restrict", "on|off", set_switch<&UserConfig::restricted>, "nothing but the forwards"},
    {"hostfwd", "[tcp|udp]:[addr]:port-[addr]:port", add_host_forward,
     "a port of the host that leads to one of the guest; repeatable"},
    {"guestfwd", "[tcp]:addr:port-target", add_guest_forward,
     "an address in the network that leads to tcp:host:port, unix:path or cmd:command; repeatable"},
    {"hostname", "name", set_text<&UserConfig::hostname>, "the guest's name, as DHCP has it"},
    {"domainname", "name", set_text<&UserConfig::domain>, "the guest's domain"},
    {"dnssearch", "domain", add_search_domain, "where the guest looks names up; repeatable"},
    {"tftp", "dir", set_text<&UserConfig::tftp_directory>, "what the TFTP server gives away"},
    {"tftp-server-name", "name", set_text<&UserConfig::tftp_server_name>, "what DHCP says of it"},
    {"bootfile", "file", set_text<&UserConfig::boot_file>, "what DHCP says that the guest is to boot"},
    {"ipv4", "on|off", set_switch<&UserConfig::ipv4>, "IPv4"},
    {"ipv6", "on|off", set_switch<&UserConfig::ipv6>, "IPv6, the network fec0::/64"},
    {"ipv6-net", "(refused)", refuse_key, "another IPv6 network"},
    {"ipv6-prefix", "(refused)", refuse_key, "another IPv6 network"},
    {"ipv6-prefixlen", "(refused)", refuse_key, "another IPv6 network"},
    {"ipv6-host", "(refused)", refuse_key, "another IPv6 network"},
    {"ipv6-dns", "(refused)", refuse_key, "another IPv6 network"},
    {"smb", "(refused)", refuse_key, "file sharing by SMB"},
    {"smbserver", "(refused)", refuse_key, "file sharing by SMB"},
};

}  // namespace

const KeyTable<NetdevRequest> kUserKeys = kRows;

}  // namespace trapeze::cli

// -netdev: the kinds of host networks, each with its keys.
#include <algorithm>

#include "device_options.h"
#include "netdev.h"

namespace trapeze::cli {
namespace {

template <typename Config>
Config& get(NetdevRequest& request) {
    return std::get<Config>(request.config);
}

Result<int> parse_descriptor(std::string_view text) {
    return static_cast<int>(TRY(parse_number(text, 0, 1u << 20)));
}

// "host:port", an IPv6 address in brackets.
Result<SocketAddress> parse_host_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail("must be host:port");
    SocketAddress address{.host = std::string(text.substr(0, colon))};
    if (address.host.starts_with('[') && address.host.ends_with(']'))
        address.host = address.host.substr(1, address.host.size() - 2);
    address.port = static_cast<u16>(TRY(parse_number(text.substr(colon + 1), 1, 65535)));
    return address;
}

// --- tap ---------------------------------------------------------------------------------------------------

using net::TapConfig;

Result<void> set_ifname(NetdevRequest& request, const KeyArgument& argument) {
    get<TapConfig>(request).name = argument.value;
    return {};
}

Result<void> set_tap_fd(NetdevRequest& request, const KeyArgument& argument) {
    get<TapConfig>(request).fd = TRY(parse_descriptor(argument.value));
    return {};
}

Result<void> set_vnet_hdr(NetdevRequest& request, const KeyArgument& argument) {
    get<TapConfig>(request).header = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_sndbuf(NetdevRequest& request, const KeyArgument& argument) {
    get<TapConfig>(request).send_buffer_bytes = TRY(parse_size(argument.value, 1));
    return {};
}

Result<void> only_no_script(NetdevRequest&, const KeyArgument& argument) {
    if (argument.value.empty() || argument.value == "no") return {};
    return fail("{}; set the interface up before, and use {}=no", not_supported("scripts"), argument.key);
}

Result<void> only_one(NetdevRequest&, const KeyArgument& argument) {
    if (TRY(parse_number(argument.value, 1, ~u32{0})) == 1) return {};
    return fail("{}", not_supported("several pairs of queues"));
}

constexpr KeyRow<NetdevRequest> kTapKeys[] = {
    {"ifname", "name", set_ifname, "the interface"},
    {"fd", "n", set_tap_fd, "a descriptor of one, inherited, instead"},
    {"vnet_hdr", "on|off", set_vnet_hdr, "let the kernel do checksums and segments (on)"},
    {"sndbuf", "bytes", set_sndbuf, "limit what waits to be sent"},
    {"script", "no", only_no_script, "no effect: none is run"},
    {"downscript", "no", only_no_script, "no effect: none is run"},
    {"queues", "1", only_one, "no effect"},
    {"vhost", "off", only_off, "in-kernel devices"},
    {"vhostfd", "(refused)", refuse_key, "in-kernel devices"},
    {"vhostforce", "off", only_off, "in-kernel devices"},
    {"fds", "(refused)", refuse_key, "several pairs of queues"},
    {"helper", "(refused)", refuse_key, "helper programs"},
    {"br", "(refused)", refuse_key, "helper programs"},
};

// --- socket ------------------------------------------------------------------------------------------------

using net::StreamConfig;

Result<void> set_connect(NetdevRequest& request, const KeyArgument& argument) {
    get<StreamConfig>(request).address = TRY(parse_host_port(argument.value));
    return {};
}

Result<void> set_listen(NetdevRequest& request, const KeyArgument& argument) {
    get<StreamConfig>(request).address = TRY(parse_host_port(argument.value));
    get<StreamConfig>(request).server = true;
    return {};
}

Result<void> set_stream_fd(NetdevRequest& request, const KeyArgument& argument) {
    const int fd = TRY(parse_descriptor(argument.value));
    get<StreamConfig>(request).address = {.fd = fd};
    return {};
}

constexpr KeyRow<NetdevRequest> kSocketKeys[] = {
    {"connect", "host:port", set_connect, "connect to a peer"},
    {"listen", "host:port", set_listen, "wait for peers, one at a time"},
    {"fd", "n", set_stream_fd, "a connected descriptor, inherited"},
    {"mcast", "(refused)", refuse_key, "multicast networks"},
    {"udp", "(refused)", refuse_key, "udp= (use -netdev dgram)"},
    {"localaddr", "(refused)", refuse_key, "multicast networks"},
};

// --- stream and dgram --------------------------------------------------------------------------------------

// Of an address; the key is "addr.host" and the like.
template <typename Config, SocketAddress Config::*Member>
Result<void> set_part(NetdevRequest& request, const KeyArgument& argument) {
    SocketAddress& address = get<Config>(request).*Member;
    const std::string_view part = argument.key.substr(argument.key.find('.') + 1);
    if (part == "type") {
        if (argument.value == "inet" || argument.value == "unix" || argument.value == "fd") return {};
        return fail("must be inet, unix or fd");
    }
    if (part == "path") address.path = argument.value;
    if (part == "host") address.host = argument.value;
    if (part == "port") address.port = static_cast<u16>(TRY(parse_number(argument.value, 1, 65535)));
    if (part == "str") address.fd = TRY(parse_descriptor(argument.value));
    return {};
}

Result<void> set_server(NetdevRequest& request, const KeyArgument& argument) {
    get<StreamConfig>(request).server = TRY(parse_bool(argument.value));
    return {};
}

template <u32 Factor>
Result<void> set_reconnect(NetdevRequest& request, const KeyArgument& argument) {
    get<StreamConfig>(request).reconnect_ms =
        static_cast<u32>(TRY(parse_number(argument.value, 0, 1'000'000)) * Factor);
    return {};
}

constexpr KeyRow<NetdevRequest> kStreamKeys[] = {
    {"addr.type", "inet|unix|fd", set_part<StreamConfig, &StreamConfig::address>, "where the peer is"},
    {"addr.path", "file", set_part<StreamConfig, &StreamConfig::address>, "unix: a socket"},
    {"addr.host", "host", set_part<StreamConfig, &StreamConfig::address>, "inet: an address"},
    {"addr.port", "n", set_part<StreamConfig, &StreamConfig::address>, "inet: a port"},
    {"addr.str", "n", set_part<StreamConfig, &StreamConfig::address>,
     "fd: a connected descriptor, inherited"},
    {"addr.abstract", "off", only_off, "abstract socket names"},
    {"server", "on|off", set_server, "wait for peers, one at a time, instead of connecting (off)"},
    {"reconnect-ms", "n", set_reconnect<1>, "connect again, and again, after that time"},
    {"reconnect", "n", set_reconnect<1000>, "the same in seconds"},
};

using net::DatagramConfig;

constexpr KeyRow<NetdevRequest> kDatagramKeys[] = {
    {"local.type", "inet|fd", set_part<DatagramConfig, &DatagramConfig::local>, "our end"},
    {"local.host", "host", set_part<DatagramConfig, &DatagramConfig::local>, "inet: an address"},
    {"local.port", "n", set_part<DatagramConfig, &DatagramConfig::local>, "inet: a port"},
    {"local.str", "n", set_part<DatagramConfig, &DatagramConfig::local>, "fd: a descriptor, inherited"},
    {"local.path", "(refused)", refuse_key, "Unix datagram sockets"},
    {"remote.type", "inet", set_part<DatagramConfig, &DatagramConfig::remote>, "the peer's end"},
    {"remote.host", "host", set_part<DatagramConfig, &DatagramConfig::remote>, "its address"},
    {"remote.port", "n", set_part<DatagramConfig, &DatagramConfig::remote>, "its port"},
    {"remote.path", "(refused)", refuse_key, "Unix datagram sockets"},
};

// --- All of them -------------------------------------------------------------------------------------------

Result<void> check(NetdevRequest& request) {
    if (auto* user = std::get_if<net::UserConfig>(&request.config)) return user->complete();
    if (const auto* tap = std::get_if<TapConfig>(&request.config)) {
        if (tap->fd >= 0 && !tap->name.empty()) return fail("ifname= and fd= exclude each other");
    } else if (const auto* stream = std::get_if<StreamConfig>(&request.config)) {
        const SocketAddress& address = stream->address;
        if ((address.path.empty() ? 0 : 1) + (address.port != 0 ? 1 : 0) + (address.fd >= 0 ? 1 : 0) != 1)
            return fail("one address is needed: a path, a port or a descriptor");
        if (address.fd >= 0 && (stream->server || stream->reconnect_ms != 0))
            return fail("a descriptor is connected already");
        if (stream->server && stream->reconnect_ms != 0) return fail("only clients reconnect");
    } else if (const auto* datagram = std::get_if<DatagramConfig>(&request.config)) {
        if (datagram->local.fd < 0 && (datagram->local.port == 0 || datagram->remote.port == 0))
            return fail("local.port= and remote.port=, or a descriptor, are needed");
    }
    return {};
}

struct NetdevType {
    std::string_view name;
    net::Config config;
    KeyTable<NetdevRequest> keys;
    std::string_view help;
};

std::span<const NetdevType> netdev_types() {
    static const NetdevType kTypes[] = {
        {"user", net::UserConfig{}, kUserKeys, "a network inside of the program, with NAT to the host's"},
        {"tap", TapConfig{}, kTapKeys, "an interface of the host"},
        {"socket", StreamConfig{}, kSocketKeys, "a peer at a TCP connection"},
        {"stream", StreamConfig{}, kStreamKeys, "a peer at a stream socket, such as passt"},
        {"dgram", DatagramConfig{}, kDatagramKeys, "a peer at a datagram socket"},
    };
    return kTypes;
}

constexpr std::string_view kMissingTypes[] = {"hubport",    "vde",    "bridge",       "vhost-user",
                                              "vhost-vdpa", "l2tpv3", "netmap",       "af-xdp",
                                              "vmnet-host", "passt",  "vmnet-shared", "vmnet-bridged"};

Result<void> set_netdev_id(NetdevRequest& request, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("an id must not be empty");
    request.id = argument.value;
    return {};
}

// A type's keys, and those of all.
std::vector<KeyRow<NetdevRequest>> rows_of(const NetdevType& type) {
    std::vector<KeyRow<NetdevRequest>> rows = {
        {"type", "name", device_keys::ignore<NetdevRequest>, "which kind it is"},
        {"id", "id", set_netdev_id, "name of the network"},
    };
    rows.insert(rows.end(), type.keys.begin(), type.keys.end());
    return rows;
}

Result<const NetdevType*> find_type(std::string_view name) {
    std::vector<std::string_view> known;
    for (const NetdevType& type : netdev_types()) {
        if (type.name == name) return &type;
        known.push_back(type.name);
    }
    if (std::ranges::find(kMissingTypes, name) != std::end(kMissingTypes))
        return fail("{}", not_supported(fmt::format("network type '{}'", name)));
    return fail("unknown network type '{}'{}", show(name), hint(name, known));
}

}  // namespace

std::string netdevs_help() {
    std::string text = "Network types:\n";
    for (const NetdevType& type : netdev_types()) text += fmt::format("  {:<34} {}\n", type.name, type.help);
    return text;
}

Result<void> add_netdev(Draft& draft, std::string_view option, std::string_view text,
                        std::vector<KeyValue> items) {
    const std::string prefix = fmt::format("-{} {}", option, text);
    const NetdevType* type = TRY(with_context(find_type(value_of(items, "type")), prefix));
    const std::vector<KeyRow<NetdevRequest>> rows = rows_of(*type);
    if (wants_help(items)) {
        print_and_exit(draft,
                       fmt::format("{} properties:\n{}", type->name, describe_keys<NetdevRequest>(rows)));
        return {};
    }
    NetdevRequest request{.config = type->config};
    TRY(apply_keys<NetdevRequest>(option, rows, std::move(items), request));
    TRY(with_context(check(request), prefix));
    if (!request.id.empty() &&
        std::ranges::find(draft.netdevs, request.id, &NetdevRequest::id) != draft.netdevs.end())
        return fail("{}: id '{}' is already taken", prefix, show(request.id));
    draft.netdevs.push_back(std::move(request));
    return {};
}

Result<void> netdev_option(Draft& draft, const OptionUse& use) {
    if (is_help(use.argument)) {
        print_and_exit(draft, netdevs_help());
        return {};
    }
    auto items = TRY(split_list(use, "type"));
    if (!wants_help(items) && value_of(items, "id").empty())
        return fail("-{} {}: id= is missing", use.name, show(use.argument));
    return add_netdev(draft, use.name, show(use.argument), std::move(items));
}

Result<net::Config> take_netdev(Draft& draft, std::string_view id) {
    const auto found = std::ranges::find(draft.netdevs, id, &NetdevRequest::id);
    if (found == draft.netdevs.end()) return fail("there is no -netdev with id '{}'", show(id));
    if (std::exchange(found->used, true)) return fail("netdev '{}' has a device already", show(id));
    return found->config;
}

}  // namespace trapeze::cli

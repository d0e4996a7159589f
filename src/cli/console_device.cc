// Character devices in short form, as -serial, -monitor and -qmp take them, and what all socket options
// share.
#include <algorithm>

#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::CharConfig;
using Kind = CharConfig::Kind;

// What QEMU can attach a character device to and we cannot: the word before the first colon of a -serial, or
// the back end of a -chardev.
constexpr std::string_view kMissingBackends[] = {
    "vc",      "telnet",   "telnets",  "tn3270",    "websocket", "udp",          "pipe",
    "serial",  "parallel", "con",      "fdset",     "memory",    "hub",          "braille",
    "msmouse", "wctablet", "spicevmc", "spiceport", "dbus",      "qemu-vdagent",
};

constexpr std::string_view kShortForms[] = {"mon:stdio", "stdio", "null", "none",    "pty",
                                            "file:",     "unix:", "tcp:", "chardev:"};

Result<void> set_path(CharConfig& config, const KeyArgument& argument) {
    config.path = argument.value;
    return {};
}

// "host:port", an IPv6 address in brackets.
Result<void> set_host_and_port(CharConfig& config, const KeyArgument& argument) {
    const std::string_view text = argument.value;
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail("must be host:port");
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    config.host = host;
    config.port = static_cast<u16>(TRY(parse_number(text.substr(colon + 1), 1, 65535)));
    return {};
}

Result<void> set_server(CharConfig& config, const KeyArgument& argument) {
    config.server = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_wait(CharConfig& config, const KeyArgument& argument) {
    config.wait = TRY(parse_bool(argument.value));
    return {};
}

constexpr KeyRow<CharConfig> kUnixKeys[] = {
    {"path", "file", set_path, ""},
    {"server", "on|off", set_server, ""},
    {"wait", "on|off", set_wait, ""},
    {"reconnect", "s", set_reconnect, ""},
    {"reconnect-ms", "ms", set_reconnect_ms, ""},
};
constexpr KeyRow<CharConfig> kTcpKeys[] = {
    {"address", "host:port", set_host_and_port, ""},
    {"server", "on|off", set_server, ""},
    {"wait", "on|off", set_wait, ""},
    {"nodelay", "on|off", accept_bool, ""},
    {"delay", "on|off", accept_bool, ""},
    {"ipv4", "on|off", accept_bool, ""},
    {"ipv6", "on|off", accept_bool, ""},
    {"reconnect", "s", set_reconnect, ""},
    {"reconnect-ms", "ms", set_reconnect_ms, ""},
};

// The keys after unix: or tcp:. A bare "server" with no "nowait" waits, as in QEMU.
Result<CharConfig> parse_socket(std::string_view keys, KeyTable<CharConfig> rows) {
    CharConfig config;
    config.kind = Kind::Socket;
    auto items = TRY(split_key_values(keys, rows.front().key));
    bool wait_given = false;
    for (KeyValue& item : items) {
        const KeyRow<CharConfig>* row = nullptr;
        if (item.bare && item.key.starts_with("no"))
            row = find_key(rows, std::string_view(item.key).substr(2));
        const bool negated = row != nullptr && find_key(rows, std::string_view(item.key)) == nullptr;
        if (!negated) row = find_key(rows, std::string_view(item.key));
        if (row == nullptr) return fail("unknown key '{}'", show(item.key));
        wait_given |= row->key == "wait";
        const std::string_view value = negated ? std::string_view("off") : std::string_view(item.value);
        const KeyArgument argument{.key = row->key, .value = value, .help = row->help};
        TRY(row->set(config, argument));
    }
    if (!wait_given) config.wait = config.server;
    TRY(check_socket(config));
    return config;
}

Result<CharConfig> parse_plain(std::string_view text) {
    CharConfig config;
    if (text == "null" || text == "none") return config;
    if (text == "stdio") return stdio_device(false);
    if (text == "pty") {
        config.kind = Kind::Pty;
        return config;
    }
    const std::size_t colon = text.find(':');
    const std::string_view word = text.substr(0, colon);
    const std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    if (text.starts_with("file:")) {
        config.kind = Kind::File;
        config.path = rest;
        if (config.path.empty()) return fail("a file name is missing after file:");
        return config;
    }
    if (text == "unix:") return fail("a socket path is missing after unix:");
    if (text.starts_with("unix:")) return parse_socket(rest, kUnixKeys);
    if (text.starts_with("tcp:")) return parse_socket(rest, kTcpKeys);
    if (const std::string missing = missing_device(word); !missing.empty()) return fail("{}", missing);
    if (text.starts_with('/')) return fail("{}", not_supported("host serial ports"));
    return fail("unknown character device{}", hint(text, kShortForms));
}

}  // namespace

std::string missing_device(std::string_view name) {
    if (std::ranges::find(kMissingBackends, name) == std::end(kMissingBackends)) return {};
    return not_supported(fmt::format("character device '{}'", name));
}

Result<void> set_host(CharConfig& config, const KeyArgument& argument) {
    config.host = argument.value;
    return {};
}

Result<void> set_port(CharConfig& config, const KeyArgument& argument) {
    config.port = static_cast<u16>(TRY(parse_number(argument.value, 1, 65535)));
    return {};
}

Result<void> set_reconnect(CharConfig& config, const KeyArgument& argument) {
    config.reconnect_ms = TRY(parse_number(argument.value, 0, 1 << 22)) * 1000;
    return {};
}

Result<void> set_reconnect_ms(CharConfig& config, const KeyArgument& argument) {
    config.reconnect_ms = TRY(parse_number(argument.value, 0, u64{1} << 32));
    return {};
}

Result<void> check_socket(const CharConfig& config) {
    const bool inet = config.port != 0 || !config.host.empty();
    if ((config.path.empty() ? 0 : 1) + (inet ? 1 : 0) + (config.fd >= 0 ? 1 : 0) != 1)
        return fail("one of path=, port= and fd= is needed");
    if (inet && config.port == 0) return fail("port= is missing");
    if (config.fd >= 0 && config.server) return fail("{}", not_supported("a listening descriptor"));
    if (config.wait && !config.server) return fail("wait=on needs server=on");
    if (config.reconnect_ms != 0 && (config.server || config.fd >= 0))
        return fail("reconnect= is for clients with an address");
    return {};
}

Result<CharRequest> parse_device(const OptionUse& use) {
    std::string_view text = use.argument;
    CharRequest request{.text = fmt::format("{} {}", use.name, show(text))};
    if (text.starts_with("chardev:")) {
        request.chardev = text.substr(text.find(':') + 1);
        if (request.chardev.empty()) return fail("an id is missing after chardev:");
        return request;
    }
    const bool with_monitor = text.starts_with("mon:");
    if (with_monitor) text.remove_prefix(4);
    request.absent = text == "none";
    request.config = TRY(parse_plain(text));
    if (!with_monitor) return request;
    if (request.config.kind == Kind::Null || request.config.kind == Kind::File)
        return fail("mon: works with devices that have input only");
    request.config.mux = true;
    request.config.monitor = true;
    request.config.signals = false;
    return request;
}

}  // namespace trapeze::cli

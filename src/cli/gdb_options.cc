// -s and -gdb: where the gdbstub waits for its peer.
#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::CharConfig;
using Kind = CharConfig::Kind;

// "HOST:PORT"; an IPv6 address in brackets. An empty host is every address.
Result<void> parse_tcp(std::string_view text, CharConfig& config) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail("a port is missing: tcp:host:port");
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    config.kind = Kind::Socket;
    config.host = host;
    config.port = static_cast<u16>(TRY(with_context(parse_number(text.substr(colon + 1), 1, 65535), "port")));
    return {};
}

// The stub always is the server and never waits for a peer: that is what -S is for.
Result<void> accept_socket_keys(std::string_view keys) {
    while (!keys.empty()) {
        const std::size_t comma = keys.find(',');
        const std::string_view key = keys.substr(0, comma);
        keys = comma == std::string_view::npos ? std::string_view() : keys.substr(comma + 1);
        bool known = false;
        for (const std::string_view name :
             {"server", "server=on", "nowait", "wait=off", "nodelay", "nodelay=on"}) {
            known |= key == name;
        }
        if (!known) return fail("'{}' is not supported: the debugger connects to us, at any time", show(key));
    }
    return {};
}

}  // namespace

Result<void> gdb_option(Draft& draft, const OptionUse& use) {
    CharConfig config;
    config.server = true;
    const std::size_t comma = use.argument.find(',');
    const std::string_view address = use.argument.substr(0, comma);
    if (comma != std::string_view::npos) TRY(accept_socket_keys(use.argument.substr(comma + 1)));
    if (address == "stdio") {
        config.kind = Kind::Stdio;
    } else if (address.starts_with("tcp:")) {
        TRY(parse_tcp(address.substr(4), config));
    } else if (address.starts_with("unix:")) {
        config.kind = Kind::Socket;
        config.path = address.substr(5);
        if (config.path.empty()) return fail("a path is missing after unix:");
    } else if (address != "none") {
        return fail("must be tcp:host:port, unix:path, stdio or none");
    }
    draft.config.gdb = config;
    return {};
}

Result<void> gdb_default_option(Draft& draft, const OptionUse&) {
    constexpr u16 kDefaultPort = 1234;
    CharConfig config;
    config.kind = Kind::Socket;
    config.server = true;
    config.port = kDefaultPort;
    draft.config.gdb = config;
    return {};
}

Result<void> finish_gdb(Draft& draft) {
    if (draft.config.gdb.kind != Kind::Stdio) return {};
    bool taken = draft.config.serial.kind == Kind::Stdio;
    for (const machine::MonitorConfig& monitor : draft.config.monitors)
        taken |= monitor.device.kind == Kind::Stdio;
    if (taken) {
        return fail(
            "-gdb stdio: standard input and output are in use already (-serial and -monitor say what for)");
    }
    return {};
}

}  // namespace trapeze::cli

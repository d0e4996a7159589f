// -serial, -chardev, -monitor, -qmp, -mon and -echr: each says one thing; console_wiring.cc puts them
// together.
#include <algorithm>
#include <bit>

#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::CharConfig;
using Kind = CharConfig::Kind;

constexpr u64 kMostRingBytes = 1 << 30;

struct ChardevDraft {
    CharConfig config;
    bool wait_given = false;
};

// For keys that only one back end has.
Result<void> only_for(const ChardevDraft& chardev, Kind kind, std::string_view name) {
    if (chardev.config.kind == kind) return {};
    return fail("applies to the {} back end only", name);
}

Result<void> set_backend(ChardevDraft&, const KeyArgument&) {
    return {};  // chardev_option() has looked at it before the other keys
}

Result<void> set_id(ChardevDraft& chardev, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("an id must not be empty");
    chardev.config.id = argument.value;
    return {};
}

Result<void> set_path(ChardevDraft& chardev, const KeyArgument& argument) {
    if (chardev.config.kind != Kind::Socket) TRY(only_for(chardev, Kind::File, "file"));
    if (argument.value.empty()) return fail("a file name must not be empty");
    chardev.config.path = argument.value;
    return {};
}

Result<void> set_append(ChardevDraft& chardev, const KeyArgument& argument) {
    TRY(only_for(chardev, Kind::File, "file"));
    chardev.config.append = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_input_path(ChardevDraft& chardev, const KeyArgument& argument) {
    TRY(only_for(chardev, Kind::File, "file"));
    chardev.config.input_path = argument.value;
    return {};
}

Result<void> set_ring_size(ChardevDraft& chardev, const KeyArgument& argument) {
    TRY(only_for(chardev, Kind::Ringbuf, "ringbuf"));
    const u64 bytes = TRY(parse_size(argument.value, 1));
    if (!std::has_single_bit(bytes) || bytes > kMostRingBytes)
        return fail("must be a power of two, up to 1G");
    chardev.config.ring_bytes = bytes;
    return {};
}

Result<void> set_mux(ChardevDraft& chardev, const KeyArgument& argument) {
    chardev.config.mux = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_signal(ChardevDraft& chardev, const KeyArgument& argument) {
    TRY(only_for(chardev, Kind::Stdio, "stdio"));
    chardev.config.signals = TRY(parse_bool(argument.value));
    return {};
}

template <Result<void> (*Set)(CharConfig&, const KeyArgument&)>
Result<void> socket_key(ChardevDraft& chardev, const KeyArgument& argument) {
    TRY(only_for(chardev, Kind::Socket, "socket"));
    return Set(chardev.config, argument);
}

Result<void> set_fd(ChardevDraft& chardev, const KeyArgument& argument) {
    TRY(only_for(chardev, Kind::Socket, "socket"));
    chardev.config.fd = static_cast<int>(TRY(parse_number(argument.value, 0, 1 << 20)));
    return {};
}

Result<void> set_server(ChardevDraft& chardev, const KeyArgument& argument) {
    TRY(only_for(chardev, Kind::Socket, "socket"));
    chardev.config.server = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_wait(ChardevDraft& chardev, const KeyArgument& argument) {
    TRY(only_for(chardev, Kind::Socket, "socket"));
    chardev.config.wait = TRY(parse_bool(argument.value));
    chardev.wait_given = true;
    return {};
}

constexpr KeyRow<ChardevDraft> kChardevKeys[] = {
    {"backend", "stdio|null|file|socket|pty|ringbuf|testdev", set_backend, "what it is connected to"},
    {"id", "id", set_id, "name for -serial chardev:id, -mon and -device"},
    {"path", "file", set_path, "file: where the output goes; socket: its place in the file system"},
    {"append", "on|off", set_append, "file: keep what the file holds"},
    {"input-path", "file", set_input_path, "file: where the guest's input comes from"},
    {"mux", "on|off", set_mux, "take escape keys out of the stream; lets several share it"},
    {"signal", "on|off", set_signal, "stdio: Ctrl-C ends the program instead of going to the guest"},
    {"host", "address", socket_key<set_host>, "socket: IP address or localhost"},
    {"port", "n", socket_key<set_port>, "socket: TCP port"},
    {"fd", "n", set_fd, "socket: a connected one, inherited"},
    {"server", "on|off", set_server, "socket: listen instead of connecting"},
    {"wait", "on|off", set_wait, "socket, server=on: start when somebody has connected (default)"},
    {"nodelay", "on|off", accept_bool, "no effect: data is never held back"},
    {"ipv4", "on|off", accept_bool, "no effect: the address says it"},
    {"ipv6", "on|off", accept_bool, "no effect: the address says it"},
    {"telnet", "off", only_off, "the telnet protocol"},
    {"tn3270", "off", only_off, "the telnet protocol"},
    {"websocket", "off", only_off, "websockets"},
    {"to", "(refused)", refuse_key, "a range of ports"},
    {"reconnect", "s", socket_key<set_reconnect>, "socket: connect when possible, and try every s seconds"},
    {"reconnect-ms", "ms", socket_key<set_reconnect_ms>, "the same in milliseconds"},
    {"size", "n", set_ring_size, "ringbuf: bytes that are kept, a power of two, 64K by default"},
    {"abstract", "off", only_off, "an abstract socket name"},
    {"tls-creds", "(refused)", refuse_key, "TLS"},
    {"logfile", "(refused)", refuse_key, "logs of character devices"},
    {"logappend", "(refused)", refuse_key, "logs of character devices"},
};
constexpr KeyTable<ChardevDraft> kKeys = kChardevKeys;

struct Backend {
    std::string_view name;
    Kind kind;
};
constexpr Backend kBackends[] = {{"file", Kind::File},       {"null", Kind::Null},     {"pty", Kind::Pty},
                                 {"ringbuf", Kind::Ringbuf}, {"socket", Kind::Socket}, {"stdio", Kind::Stdio},
                                 {"testdev", Kind::Testdev}};

Result<Kind> find_backend(std::string_view name) {
    std::vector<std::string_view> known;
    for (const Backend& backend : kBackends) {
        if (backend.name == name) return backend.kind;
        known.push_back(backend.name);
    }
    if (name.empty()) return fail("the back end is missing");
    if (const std::string missing = missing_device(name); !missing.empty()) return fail("{}", missing);
    return fail("unknown back end '{}'{}", show(name), hint(name, known));
}

std::string chardev_help() {
    std::string text = "Character device back ends:\n";
    for (const Backend& backend : kBackends) text += fmt::format("  {}\n", backend.name);
    return text + "Properties:\n" + describe_keys(kKeys);
}

struct MonDraft {
    std::string chardev;
    bool control = false;
    bool pretty = false;
};

Result<void> set_mon_chardev(MonDraft& mon, const KeyArgument& argument) {
    mon.chardev = argument.value;
    return {};
}

Result<void> set_mon_mode(MonDraft& mon, const KeyArgument& argument) {
    if (argument.value != "readline" && argument.value != "control")
        return fail("must be readline or control");
    mon.control = argument.value == "control";
    return {};
}

Result<void> set_mon_pretty(MonDraft& mon, const KeyArgument& argument) {
    mon.pretty = TRY(parse_bool(argument.value));
    return {};
}

constexpr KeyRow<MonDraft> kMonKeys[] = {
    {"chardev", "id", set_mon_chardev, "character device"},
    {"mode", "readline|control", set_mon_mode, "for humans, or for programs (QMP)"},
    {"pretty", "on|off", set_mon_pretty, "control: replies over several lines"},
};

}  // namespace

CharConfig stdio_device(bool with_monitor) {
    CharConfig config;
    config.kind = Kind::Stdio;
    config.mux = with_monitor;
    config.monitor = with_monitor;
    // With a monitor Ctrl-C goes to the guest: there is Ctrl-A x to exit.
    config.signals = !with_monitor;
    return config;
}

Result<void> serial_option(Draft& draft, const OptionUse& use) {
    draft.serials.push_back(TRY(parse_device(use)));
    return {};
}

Result<void> chardev_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "backend"));
    if (wants_help(items)) {
        print_and_exit(draft, chardev_help());
        return {};
    }
    const std::string prefix = fmt::format("-{} {}", use.name, show(use.argument));
    ChardevDraft chardev;
    chardev.config.kind = TRY(with_context(find_backend(value_of(items, "backend")), prefix));
    TRY(apply_keys(use.name, kKeys, items, chardev));
    CharConfig& config = chardev.config;
    if (config.id.empty()) return fail("{}: id= is missing", prefix);
    if (config.kind == Kind::File && config.path.empty()) return fail("{}: path= is missing", prefix);
    if (config.kind == Kind::Socket) {
        if (!chardev.wait_given) config.wait = config.server;
        TRY(with_context(check_socket(config), prefix));
    }
    for (const CharConfig& earlier : draft.chardevs) {
        if (earlier.id == config.id) return fail("{}: id '{}' is already taken", prefix, show(config.id));
    }
    draft.chardevs.push_back(std::move(config));
    return {};
}

Result<void> monitor_option(Draft& draft, const OptionUse& use) {
    CharRequest request = TRY(parse_device(use));
    if (request.chardev.empty() && request.config.kind == Kind::Null) {
        draft.no_monitor = true;
        return {};
    }
    draft.monitors.push_back(std::move(request));
    return {};
}

Result<void> qmp_option(Draft& draft, const OptionUse& use) {
    CharRequest request = TRY(parse_device(use));
    if (request.config.mux) return fail("mon: adds a monitor for humans; -monitor takes it");
    if (request.chardev.empty() && request.config.kind == Kind::Null) return {};
    request.control = true;
    request.pretty = use.name == "qmp-pretty";
    draft.monitors.push_back(std::move(request));
    return {};
}

Result<void> mon_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "chardev"));
    MonDraft mon;
    TRY(apply_keys<MonDraft>(use.name, kMonKeys, items, mon));
    CharRequest request{.text = fmt::format("{} {}", use.name, show(use.argument)),
                        .chardev = mon.chardev,
                        .control = mon.control,
                        .pretty = mon.pretty};
    if (mon.chardev.empty()) return fail("-{}: chardev= is missing", request.text);
    draft.monitors.push_back(std::move(request));
    return {};
}

Result<void> echr_option(Draft& draft, const OptionUse& use) {
    draft.config.mux_escape = static_cast<unsigned>(TRY(parse_number(use.argument, 1, 31)));
    return {};
}

}  // namespace trapeze::cli

// -serial, -chardev, -monitor, -mon and -echr: each says one thing; console_wiring.cc puts them together.
#include <algorithm>

#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::CharConfig;
using Kind = CharConfig::Kind;

// What QEMU can attach a character device to and we cannot: the word before the first colon of a -serial, or
// the back end of a -chardev.
constexpr std::string_view kMissingBackends[] = {
    "pty",  "vc",      "unix",    "tcp",      "telnet",   "telnets",   "tn3270",  "websocket",    "udp",
    "pipe", "socket",  "serial",  "parallel", "con",      "fdset",     "testdev", "ringbuf",      "memory",
    "hub",  "braille", "msmouse", "wctablet", "spicevmc", "spiceport", "dbus",    "qemu-vdagent",
};

bool is_missing_backend(std::string_view name) {
    return std::ranges::find(kMissingBackends, name) != std::end(kMissingBackends);
}

std::string missing_device(std::string_view name) {
    return not_supported(fmt::format("character device '{}'", name));
}

constexpr std::string_view kSerialForms[] = {"mon:stdio", "stdio", "null", "none", "file:", "chardev:"};

// The short form of a character device, as -serial takes it.
Result<CharRequest> parse_device(const OptionUse& use) {
    const std::string_view text = use.argument;
    CharRequest request{.text = fmt::format("{} {}", use.name, show(text))};
    if (text == "null" || text == "none") return request;
    if (text == "stdio") {
        request.config = stdio_device(false);
        return request;
    }
    if (text == "mon:stdio") {
        request.config = stdio_device(true);
        return request;
    }
    if (text.starts_with("mon:")) return fail("mon: works with stdio only");
    if (text.starts_with("chardev:")) {
        request.chardev = text.substr(text.find(':') + 1);
        if (request.chardev.empty()) return fail("an id is missing after chardev:");
        return request;
    }
    if (text.starts_with("file:")) {
        request.config.kind = Kind::File;
        request.config.path = text.substr(text.find(':') + 1);
        if (request.config.path.empty()) return fail("a file name is missing after file:");
        return request;
    }
    const std::string_view word = text.substr(0, text.find(':'));
    if (is_missing_backend(word)) return fail("{}", missing_device(word));
    if (text.starts_with('/')) return fail("{}", not_supported("host serial ports"));
    return fail("unknown character device{}", hint(text, kSerialForms));
}

struct ChardevDraft {
    CharConfig config;
};

Result<void> set_backend(ChardevDraft&, const KeyArgument&) {
    return {};  // chardev_option() has looked at it before the other keys
}

Result<void> set_id(ChardevDraft& chardev, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("an id must not be empty");
    chardev.config.id = argument.value;
    return {};
}

Result<void> set_path(ChardevDraft& chardev, const KeyArgument& argument) {
    if (chardev.config.kind != Kind::File) return fail("applies to the file back end only");
    if (argument.value.empty()) return fail("a file name must not be empty");
    chardev.config.path = argument.value;
    return {};
}

Result<void> set_append(ChardevDraft& chardev, const KeyArgument& argument) {
    if (chardev.config.kind != Kind::File) return fail("applies to the file back end only");
    chardev.config.append = TRY(parse_bool(argument.value));
    return {};
}

Result<void> set_mux(ChardevDraft& chardev, const KeyArgument& argument) {
    const bool mux = TRY(parse_bool(argument.value));
    if (mux && chardev.config.kind != Kind::Stdio) return fail("applies to the stdio back end only");
    chardev.config.mux = mux;
    return {};
}

Result<void> set_signal(ChardevDraft& chardev, const KeyArgument& argument) {
    if (chardev.config.kind != Kind::Stdio) return fail("applies to the stdio back end only");
    chardev.config.signals = TRY(parse_bool(argument.value));
    return {};
}

constexpr KeyRow<ChardevDraft> kChardevKeys[] = {
    {"backend", "stdio|null|file", set_backend, "what it is connected to"},
    {"id", "id", set_id, "name for -serial chardev:id and -mon"},
    {"path", "file", set_path, "file: where the output goes"},
    {"append", "on|off", set_append, "file: keep what the file holds"},
    {"mux", "on|off", set_mux, "stdio: take escape keys out of the stream; lets a monitor share it"},
    {"signal", "on|off", set_signal, "stdio: Ctrl-C ends the program instead of going to the guest"},
    {"logfile", "(refused)", refuse_key, "logs of character devices"},
    {"logappend", "(refused)", refuse_key, "logs of character devices"},
    {"input-path", "(refused)", refuse_key, "input from files"},
};
constexpr KeyTable<ChardevDraft> kKeys = kChardevKeys;

struct Backend {
    std::string_view name;
    Kind kind;
};
constexpr Backend kBackends[] = {{"file", Kind::File}, {"null", Kind::Null}, {"stdio", Kind::Stdio}};

Result<Kind> find_backend(std::string_view name) {
    std::vector<std::string_view> known;
    for (const Backend& backend : kBackends) {
        if (backend.name == name) return backend.kind;
        known.push_back(backend.name);
    }
    if (name.empty()) return fail("the back end is missing");
    if (is_missing_backend(name)) return fail("{}", missing_device(name));
    return fail("unknown back end '{}'{}", show(name), hint(name, known));
}

std::string chardev_help() {
    std::string text = "Character device back ends:\n";
    for (const Backend& backend : kBackends) text += fmt::format("  {}\n", backend.name);
    return text + "Properties:\n" + describe_keys(kKeys);
}

struct MonDraft {
    std::string chardev;
};

Result<void> set_mon_chardev(MonDraft& mon, const KeyArgument& argument) {
    mon.chardev = argument.value;
    return {};
}

Result<void> set_mon_mode(MonDraft&, const KeyArgument& argument) {
    if (argument.value == "readline") return {};
    if (argument.value == "control") return fail("{}", not_supported("QMP"));
    return fail("must be readline");
}

constexpr KeyRow<MonDraft> kMonKeys[] = {
    {"chardev", "id", set_mon_chardev, "character device"},
    {"mode", "readline", set_mon_mode, "kind of monitor"},
    {"pretty", "on|off", accept_bool, "no effect"},
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

Result<void> mon_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "chardev"));
    MonDraft mon;
    TRY(apply_keys<MonDraft>(use.name, kMonKeys, items, mon));
    CharRequest request{.text = fmt::format("{} {}", use.name, show(use.argument)), .chardev = mon.chardev};
    if (mon.chardev.empty()) return fail("-{}: chardev= is missing", request.text);
    draft.monitors.push_back(std::move(request));
    return {};
}

Result<void> echr_option(Draft& draft, const OptionUse& use) {
    draft.config.mux_escape = static_cast<unsigned>(TRY(parse_number(use.argument, 1, 31)));
    return {};
}

}  // namespace trapeze::cli

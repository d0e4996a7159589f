// Which streams the serial ports and the monitors get, from all console options together.
#include <algorithm>

#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::CharConfig;
using machine::MonitorConfig;
using Kind = CharConfig::Kind;

Result<CharConfig> resolve(const Draft& draft, const CharRequest& request) {
    if (request.chardev.empty()) return request.config;
    for (const CharConfig& chardev : draft.chardevs) {
        if (chardev.id == request.chardev) return chardev;
    }
    return fail("-{}: there is no -chardev with id '{}'", request.text, show(request.chardev));
}

bool is_stdio(const Draft& draft, const CharRequest& request) {
    const auto stream = resolve(draft, request);
    return stream && stream->kind == Kind::Stdio;
}

bool ports_use_stdio(const Draft& draft) {
    const auto& ports = draft.config.port_devices;
    return std::ranges::find(ports, Kind::Stdio, &CharConfig::kind) != ports.end();
}

// There is no window that could show the console, so it is on stdio even without -nographic, unless that
// speaks QMP or belongs to a device. A monitor that nobody asked for comes with it only if nobody asked for
// another.
CharConfig default_serial(const Draft& draft) {
    if (draft.no_defaults || ports_use_stdio(draft)) return {};
    bool wants_monitor = !draft.no_monitor && draft.monitors.empty();
    for (const CharRequest& request : draft.monitors) {
        if (!is_stdio(draft, request)) continue;
        if (request.control || !request.chardev.empty()) return {};
        wants_monitor = true;
    }
    return stdio_device(wants_monitor);
}

Result<void> add_second_port(Draft& draft) {
    if (draft.serials.size() > 1 && !draft.serials[1].absent)
        draft.config.serial1 = TRY(resolve(draft, draft.serials[1]));
    // More exist only as far as they are connected to nothing.
    for (std::size_t i = 2; i < draft.serials.size(); ++i) {
        const CharConfig stream = TRY(resolve(draft, draft.serials[i]));
        if (stream.kind == Kind::Null) continue;
        return fail("-{}: {}", draft.serials[i].text, not_supported("a third serial port"));
    }
    return {};
}

bool same_stream(const CharConfig& a, const CharConfig& b) {
    return (a.kind == Kind::Stdio && b.kind == Kind::Stdio) || (!a.id.empty() && a.id == b.id);
}

// Who uses a stream besides serial0 and the monitors.
struct User {
    std::string text;
    CharConfig stream;
};

std::vector<User> other_users(const Draft& draft) {
    std::vector<User> users;
    if (draft.config.serial1) users.push_back({draft.serials[1].text, *draft.config.serial1});
    for (std::size_t i = 0; i < draft.config.port_devices.size(); ++i)
        users.push_back({draft.port_texts[i], draft.config.port_devices[i]});
    return users;
}

Result<void> check_sharing(std::string_view text, const CharConfig& stream, const CharConfig& other) {
    if (!same_stream(stream, other)) return {};
    if (stream.id != other.id || stream.id.empty()) return fail("-{}: stdio is in use already", text);
    if (!stream.mux)
        return fail("-{}: chardev '{}' is in use; sharing it needs mux=on", text, show(stream.id));
    return {};
}

// A monitor on the serial port's stream. A device given in short form (no id) can share only a stream that
// was set up for sharing.
Result<void> share_serial(const CharRequest& request, const CharConfig& stream, CharConfig& serial) {
    if (request.control)
        return fail("-{}: QMP needs a stream of its own, not the serial port's", request.text);
    if (serial.mux && (stream.id == serial.id || serial.monitor)) {
        serial.monitor = true;
        return {};
    }
    if (stream.id == serial.id && !stream.id.empty()) {
        return fail("-{}: the serial port uses chardev '{}' too; that needs mux=on", request.text,
                    show(stream.id));
    }
    return fail("-{}: the serial port uses stdio too; -serial mon:stdio lets both share it", request.text);
}

Result<void> attach_monitor(Draft& draft, const CharRequest& request, CharConfig& serial) {
    const CharConfig stream = TRY(resolve(draft, request));
    if (stream.kind == Kind::Null) return {};
    if (same_stream(stream, serial)) return share_serial(request, stream, serial);
    for (const User& user : other_users(draft)) {
        if (request.control && same_stream(stream, user.stream))
            return fail("-{}: QMP needs a stream of its own", request.text);
        TRY(check_sharing(request.text, stream, user.stream));
    }
    std::vector<MonitorConfig>& monitors = draft.config.monitors;
    if (std::ranges::any_of(monitors, [&](const MonitorConfig& m) { return same_stream(m.device, stream); }))
        return fail("-{}: another monitor uses this stream already", request.text);
    monitors.push_back({.device = stream, .control = request.control, .pretty = request.pretty});
    return {};
}

}  // namespace

Result<void> finish_console(Draft& draft) {
    CharConfig serial =
        draft.serials.empty() ? default_serial(draft) : TRY(resolve(draft, draft.serials.front()));
    TRY(add_second_port(draft));
    const std::vector<User> users = other_users(draft);
    for (auto user = users.begin(); user != users.end(); ++user) {
        TRY(check_sharing(user->text, user->stream, serial));
        for (auto other = users.begin(); other != user; ++other)
            TRY(check_sharing(user->text, user->stream, other->stream));
    }
    for (const CharRequest& request : draft.monitors) TRY(attach_monitor(draft, request, serial));
    draft.config.serial = std::move(serial);
    return {};
}

}  // namespace trapeze::cli

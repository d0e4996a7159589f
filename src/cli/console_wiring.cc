// Which stream the serial port gets and whether a monitor shares it, from all console options together.
#include "draft.h"

namespace trapeze::cli {
namespace {

using machine::CharConfig;
using Kind = CharConfig::Kind;

Result<CharConfig> resolve(const Draft& draft, const CharRequest& request) {
    if (request.chardev.empty()) return request.config;
    for (const CharConfig& chardev : draft.chardevs) {
        if (chardev.id == request.chardev) return chardev;
    }
    return fail("-{}: there is no -chardev with id '{}'", request.text, show(request.chardev));
}

// There is no window that could show the console, so it is on stdio even without -nographic. A monitor that
// nobody asked for comes with it only if it can share the stream.
CharConfig default_serial(const Draft& draft) {
    if (draft.no_defaults) return {};
    const bool wants_monitor = !draft.no_monitor || !draft.monitors.empty();
    return stdio_device(wants_monitor);
}

// Ports beyond the first exist only as far as they are connected to nothing.
Result<void> check_further_ports(const Draft& draft) {
    for (std::size_t i = 1; i < draft.serials.size(); ++i) {
        if (TRY(resolve(draft, draft.serials[i])).kind == Kind::Null) continue;
        return fail("-{}: {}", draft.serials[i].text, not_supported("a second serial port"));
    }
    return {};
}

Result<void> attach_monitor(const Draft& draft, const CharRequest& request, CharConfig& serial) {
    const CharConfig stream = TRY(resolve(draft, request));
    if (stream.kind == Kind::Null) return {};
    const bool same_stdio = stream.kind == Kind::Stdio && serial.kind == Kind::Stdio;
    // A device given in short form (no id) can share only a stream that was set up for sharing.
    const bool shares = same_stdio && serial.mux && (stream.id == serial.id || serial.monitor);
    if (shares) {
        serial.monitor = true;
        return {};
    }
    if (same_stdio && stream.id == serial.id && !stream.id.empty()) {
        return fail("-{}: the serial port uses chardev '{}' too; that needs mux=on", request.text,
                    show(stream.id));
    }
    if (same_stdio) {
        return fail("-{}: the serial port uses stdio too; -serial mon:stdio lets both share it",
                    request.text);
    }
    return fail("-{}: {}; use -serial mon:stdio", request.text,
                not_supported("a monitor apart from the serial port"));
}

}  // namespace

Result<void> finish_console(Draft& draft) {
    CharConfig serial =
        draft.serials.empty() ? default_serial(draft) : TRY(resolve(draft, draft.serials.front()));
    TRY(check_further_ports(draft));
    for (const CharRequest& request : draft.monitors) TRY(attach_monitor(draft, request, serial));
    draft.config.serial = std::move(serial);
    return {};
}

}  // namespace trapeze::cli

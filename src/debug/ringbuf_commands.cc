// The commands of both monitors for the back end ringbuf.
#include "base64.h"
#include "hmp_command.h"
#include "qmp_command.h"

namespace trapeze::debug {
namespace {

// As QEMU's monitor shows it: text stays text.
std::string visible(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        const auto code = static_cast<u8>(byte);
        if (byte == '\\') {
            text += "\\\\";
        } else if ((code < 0x20 && byte != '\n' && byte != '\t') || code == 0x7f) {
            text += fmt::format("\\u{:04X}", code);
        } else {
            text += byte;
        }
    }
    return text;
}

Result<bool> wants_base64(const QmpCall& call) {
    if (!call.has("format") || call.text("format") == "utf8") return false;
    if (call.text("format") == "base64") return true;
    return fail("Parameter 'format' does not accept value '{}'", call.text("format"));
}

}  // namespace

HmpResult hmp_ringbuf_read(HmpCall& call) {
    const std::string bytes = TRY(call.machine.read_ring(call.words[0], call.numbers[0]));
    return visible(bytes) + "\n";
}

HmpResult hmp_ringbuf_write(HmpCall& call) {
    TRY(call.machine.write_ring(call.words[0], call.words.size() > 1 ? call.words[1] : std::string()));
    return "";
}

Result<Json> qmp_ringbuf_read(QmpCall& call) {
    const bool base64 = TRY(wants_base64(call));
    if (call.arguments["size"].get<s64>() <= 0) return fail("size must be greater than zero");
    const std::string bytes = TRY(call.machine.read_ring(call.text("device"), call.number("size")));
    return Json(base64 ? to_base64(bytes) : bytes);
}

Result<Json> qmp_ringbuf_write(QmpCall& call) {
    std::string data = call.text("data");
    const bool base64 = TRY(wants_base64(call));
    if (base64) {
        const std::optional<std::string> bytes = from_base64(data);
        if (!bytes) return fail("Parameter 'data' is not base64");
        data = *bytes;
    }
    TRY(call.machine.write_ring(call.text("device"), data));
    return Json::object();
}

}  // namespace trapeze::debug

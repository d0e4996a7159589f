// Session: q and Q packets, QEMU's own among them ("GDB usage" in its system emulation manual).
#include <fmt/core.h>

#include <algorithm>

#include "gdb/session.h"

namespace trapeze::debug::gdb {
namespace {

constexpr unsigned kEinval = 22;

// In an attribute or as text.
std::string escape_xml(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default: out += c;
        }
    }
    return out;
}

}  // namespace

const Session::Command* Session::find_query(std::string_view packet) {
    // A name ends with its separator, so that a longer one is not taken for it.
    static constexpr Command kQueries[] = {
        {"qSupported", &Session::query_supported},
        {"qXfer:", &Session::query_transfer},
        {"qfThreadInfo", &Session::query_threads_first},
        {"qsThreadInfo", &Session::query_threads_next},
        {"qThreadExtraInfo,", &Session::query_thread_info},
        {"qC", &Session::query_current},
        {"qAttached", &Session::query_attached},
        {"qRcmd,", &Session::query_command},
        {"QStartNoAckMode", &Session::no_ack_mode},
        {"qqemu.Supported", &Session::query_qemu_supported},
        {"qqemu.sstepbits", &Session::query_step_bits},
        {"qqemu.sstep", &Session::query_step},
        {"Qqemu.sstep=", &Session::set_step},
        {"qqemu.PhyMemMode", &Session::query_physical},
        {"Qqemu.PhyMemMode:", &Session::set_physical},
    };
    for (const Command& command : kQueries) {
        if (!packet.starts_with(command.name)) continue;
        const std::string_view rest = packet.substr(command.name.size());
        const char last = command.name.back();
        const bool ends = rest.empty() || rest[0] == ':' || last == ',' || last == ':' || last == '=';
        if (ends) return &command;
    }
    return nullptr;
}

void Session::query(std::string_view packet) {
    const Command* command = find_query(packet);
    if (command == nullptr) return reply("");
    (this->*command->handle)(packet.substr(command->name.size()));
}

void Session::query_supported(std::string_view features) {
    multiprocess_ = features.find("multiprocess+") != std::string_view::npos;
    reply(
        fmt::format("PacketSize={:x};QStartNoAckMode+;multiprocess+;swbreak+;hwbreak+;vContSupported+;"
                    "qXfer:features:read+;qXfer:memory-map:read+;qXfer:threads:read+;binary-upload+",
                    kMaxPacket));
}

void Session::no_ack_mode(std::string_view) {
    ok();
    no_ack_ = true;
}

// --- Documents: "OBJECT:read:ANNEX:OFFSET,LENGTH"
// --------------------------------------------------------------------

void Session::query_transfer(std::string_view text) {
    struct Object {
        std::string_view prefix;
        std::string (*document)(Session&);
    };
    static constexpr Object kObjects[] = {
        {"features:read:target.xml:", [](Session& s) { return std::string(s.target_.description_xml()); }},
        {"memory-map:read::", [](Session& s) { return s.target_.memory_map_xml(s.physical_); }},
        {"threads:read::", [](Session& s) { return s.threads_xml(); }},
    };
    for (const Object& object : kObjects) {
        if (!text.starts_with(object.prefix)) continue;
        if (refuse_while_running()) return;
        return send_range(object.document(*this), text.substr(object.prefix.size()));
    }
    // An object that exists, without that annex, is an error; no such object, an empty reply.
    if (text.starts_with("features:read:")) return reply("E00");
    reply("");
}

void Session::send_range(std::string_view document, std::string_view text) {
    const std::size_t comma = text.find(',');
    if (comma == std::string_view::npos) return reply_error(kEinval);
    const auto offset = parse_hex(text.substr(0, comma));
    const auto length = parse_hex(text.substr(comma + 1));
    if (!offset || !length || *offset > document.size()) return reply_error(kEinval);
    // Half, because each byte may need an escape.
    const u64 most = std::min<u64>(*length, kMaxPacket / 2 - 1);
    const std::string_view part = document.substr(*offset, most);
    reply((*offset + part.size() == document.size() ? "l" : "m") + escape_binary(part));
}

std::string Session::threads_xml() {
    std::string text = "<?xml version=\"1.0\"?>\n<threads>\n";
    for (std::size_t cpu = 0; cpu < target_.cpu_count(); ++cpu) {
        text += fmt::format("<thread id=\"{}\" core=\"{}\">{}</thread>\n", thread_id(cpu), cpu,
                            escape_xml(target_.cpu_description(cpu)));
    }
    return text + "</threads>\n";
}

// --- Threads and process
// ---------------------------------------------------------------------------------------------

void Session::query_threads_first(std::string_view) {
    std::string text = "m";
    for (std::size_t cpu = 0; cpu < target_.cpu_count(); ++cpu) {
        if (cpu > 0) text += ',';
        text += thread_id(cpu);
    }
    reply(text);
}

void Session::query_threads_next(std::string_view) {
    reply("l");
}

void Session::query_thread_info(std::string_view text) {
    const auto id = parse_thread(text);
    if (!id || id->kind != ThreadId::Kind::One) return reply_error(kEinval);
    reply(to_hex(target_.cpu_description(id->cpu)));
}

void Session::query_current(std::string_view) {
    reply("QC" + thread_id(general_cpu_));
}

void Session::query_attached(std::string_view) {
    reply("1");  // the peer did not start the machine: quitting leaves it running
}

void Session::query_command(std::string_view text) {
    const auto line = from_hex(text);
    if (!line) return reply_error(kEinval);
    const std::string output = target_.monitor({reinterpret_cast<const char*>(line->data()), line->size()});
    if (!active_) return;  // the command was `quit`
    constexpr std::size_t kPiece = kMaxPacket / 2 - 1;
    for (std::size_t at = 0; at < output.size(); at += kPiece) {
        reply("O" + to_hex(std::string_view(output).substr(at, kPiece)));
    }
    ok();
}

// --- QEMU's
// ----------------------------------------------------------------------------------------------------------

void Session::query_qemu_supported(std::string_view) {
    reply("sstepbits;sstep;PhyMemMode");
}

void Session::query_step_bits(std::string_view) {
    reply(fmt::format("ENABLE={:x},NOIRQ={:x},NOTIMER={:x}", kStepEnable, kStepNoIrq, kStepNoTimer));
}

void Session::query_step(std::string_view) {
    reply(fmt::format("0x{:x}", step_flags_));
}

void Session::set_step(std::string_view text) {
    const auto flags = parse_hex(text.starts_with("0x") ? text.substr(2) : text);
    if (!flags || *flags > (kStepEnable | kStepNoIrq | kStepNoTimer)) return reply_error(kEinval);
    step_flags_ = static_cast<unsigned>(*flags);
    ok();
}

void Session::query_physical(std::string_view) {
    reply(physical_ ? "1" : "0");
}

void Session::set_physical(std::string_view text) {
    const auto mode = parse_hex(text);
    if (!mode) return reply_error(kEinval);
    physical_ = *mode != 0;
    ok();
}

}  // namespace trapeze::debug::gdb

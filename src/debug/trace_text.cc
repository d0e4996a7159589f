// Trace records as lines of text.
#include <fmt/core.h>

#include <algorithm>
#include <span>

#include "trace_format.h"

namespace trapeze::debug {
namespace {

// Appends to a fixed buffer and stops at its end.
class Line {
public:
    explicit Line(std::span<char> buffer) : buffer_(buffer) {}
    template <typename... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        const std::size_t room = buffer_.size() - size_;
        const auto result =
            fmt::format_to_n(buffer_.data() + size_, room, format, std::forward<Args>(args)...);
        size_ += std::min(result.size, room);
    }
    std::string_view view() const { return {buffer_.data(), size_}; }

private:
    std::span<char> buffer_;
    std::size_t size_ = 0;
};

void add_time(Line& line, const TraceContext& context, unsigned track, u64 ns) {
    // Events from before the start: another thread had already looked at the clock.
    const u64 since = ns > context.start_ns ? ns - context.start_ns : 0;
    line.add("{}.{:09} ", since / 1'000'000'000u, since % 1'000'000'000u);
    if (track < context.vcpus) {
        line.add("vcpu{} ", track);
    } else {
        line.add("host ");
    }
}

void add_operands(Line& line, const ExitRecord& r) {
    const bool has_value = (r.flags & ExitRecord::kHasValue) != 0;
    switch (r.exit_class) {
        case ExitClass::SysRegRead:
        case ExitClass::SysRegWrite:
            if (has_value) line.add(" = {:#x}", r.value);
            break;
        case ExitClass::Hvc:
        case ExitClass::Smc:
            line.add("({:#x}, {:#x}, {:#x}, {:#x})", r.arguments[0], r.arguments[1], r.arguments[2],
                     r.arguments[3]);
            if (has_value) line.add(" = {:#x}", r.value);
            break;
        case ExitClass::MmioRead:
        case ExitClass::MmioWrite:
            line.add(" {:#x} size {}", r.address, r.size);
            if (has_value) line.add(" = {:#x}", r.value);
            break;
        case ExitClass::MmioUndescribed: line.add(" {:#x} ISS {:#x}", r.address, r.iss); break;
        case ExitClass::Unexpected: line.add(" ISS {:#x}", r.iss); break;
        case ExitClass::Wfx:
        case ExitClass::Interrupted:
        case ExitClass::Other: break;
    }
    if ((r.flags & ExitRecord::kException) != 0) line.add(" exception");
    if (r.pc != 0) line.add(" @ {:#x}", r.pc);
}

class TextFormat final : public TraceFormat {
public:
    explicit TextFormat(const TraceContext& context) : context_(context) {}

    void begin(std::string& out) override {
        out += "# seconds track event operands @ PC; guest, handling and blocked time in ns\n";
    }
    void record(std::string& out, unsigned track, const RecordWords& record) override {
        char buffer[512];
        out += format_line(context_, track, record, buffer);
        out += '\n';
    }
    void end(std::string& out, u64 records, u64 dropped) override {
        out += fmt::format("# {} records, {} dropped\n", records, dropped);
    }

private:
    const TraceContext& context_;
};

}  // namespace

std::string_view format_line(const TraceContext& context, unsigned track, const RecordWords& record,
                             std::span<char> buffer) {
    Line line(buffer);
    add_time(line, context, track, end_time(record));
    if (kind_of(record) == RecordKind::Instant) {
        const auto r = from_words<InstantRecord>(record);
        line.add("{} {}{}", r.event->name(), r.view(), r.cut != 0 ? "..." : "");
        return line.view();
    }
    const auto r = from_words<ExitRecord>(record);
    ExitNames::Buffer name;
    line.add("{} {}", exit_class_event(r.exit_class).name(), context.names.name(r.key(), name));
    add_operands(line, r);
    line.add("; guest {} handling {}", r.exited_ns - r.entered_ns,
             r.done_ns - r.exited_ns - (r.blocked_until_ns - r.blocked_from_ns));
    if (r.blocked_until_ns != 0) line.add(" blocked {}", r.blocked_until_ns - r.blocked_from_ns);
    return line.view();
}

std::unique_ptr<TraceFormat> make_text_format(const TraceContext& context) {
    return std::make_unique<TextFormat>(context);
}

}  // namespace trapeze::debug

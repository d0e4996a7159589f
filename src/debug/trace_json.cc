// Trace records in the Trace Event Format: complete events ("X") for what takes time, instants ("i") for the
// rest. Times are microseconds with three decimals, that is, exact.
#include <fmt/core.h>

#include <iterator>

#include "json_text.h"
#include "trace_format.h"
#include "trapeze/base/version.h"

namespace trapeze::debug {
namespace {

constexpr unsigned kPid = 1;

class JsonFormat final : public TraceFormat {
public:
    explicit JsonFormat(const TraceContext& context) : context_(context) {}

    void begin(std::string& out) override {
        out += "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
        metadata(out, "process_name", 0,
                 fmt::format("{{\"name\":{}}}", json_string("trapeze: " + context_.machine)));
        for (unsigned track = 0; track <= context_.vcpus; ++track) {
            const std::string name = track < context_.vcpus ? fmt::format("vCPU {}", track) : "host threads";
            out += ",\n";
            metadata(out, "thread_name", track + 1, fmt::format("{{\"name\":\"{}\"}}", name));
            out += ",\n";
            metadata(out, "thread_sort_index", track + 1, fmt::format("{{\"sort_index\":{}}}", track));
        }
    }

    void record(std::string& out, unsigned track, const RecordWords& record) override {
        if (kind_of(record) == RecordKind::Exit) {
            exit(out, track + 1, from_words<ExitRecord>(record));
        } else {
            instant(out, track + 1, from_words<InstantRecord>(record));
        }
    }

    void end(std::string& out, u64 records, u64 dropped) override {
        append(
            out,
            "\n],\"otherData\":{{\"version\":\"trapeze {}\",\"start_monotonic_ns\":\"{}\",\"records\":\"{}\","
            "\"dropped\":\"{}\"}}}}\n",
            kVersion, context_.start_ns, records, dropped);
    }

private:
    template <typename... Args>
    static void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
    }

    static void metadata(std::string& out, std::string_view name, unsigned tid, std::string_view args) {
        append(out, R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{}}})", name, kPid, tid, args);
    }

    static void add_us(std::string& out, u64 ns) { append(out, "{}.{:03}", ns / 1000, ns % 1000); }

    // Up to the arguments; the caller adds those, if any, and the end.
    void slice(std::string& out, unsigned tid, std::string_view name, std::string_view category, u64 from,
               u64 until) {
        append(out, ",\n{{\"ph\":\"X\",\"name\":{},\"cat\":\"{}\",\"pid\":{},\"tid\":{},\"ts\":",
               json_string(name), category, kPid, tid);
        add_us(out, from > context_.start_ns ? from - context_.start_ns : 0);
        out += ",\"dur\":";
        add_us(out, until - from);
    }

    void exit(std::string& out, unsigned tid, const ExitRecord& r) {
        slice(out, tid, "guest", "guest", r.entered_ns, r.exited_ns);
        out += "}";
        slice(out, tid, slice_name(r), fmt::format("handling,{}", exit_class_name(r.exit_class)), r.exited_ns,
              r.done_ns);
        arguments(out, r);
        out += "}";
        if (r.blocked_until_ns != 0) {
            slice(out, tid, "blocked", "blocked", r.blocked_from_ns, r.blocked_until_ns);
            out += "}";
        }
    }

    std::string slice_name(const ExitRecord& r) {
        const std::string name = context_.names.name(r.key());
        switch (r.exit_class) {
            case ExitClass::SysRegRead:
            case ExitClass::MmioRead: return "read " + name;
            case ExitClass::SysRegWrite:
            case ExitClass::MmioWrite: return "write " + name;
            case ExitClass::MmioUndescribed: return "undescribed " + name;
            case ExitClass::Hvc: return "HVC " + name;
            case ExitClass::Smc: return "SMC " + name;
            default: return name;
        }
    }

    // Numbers wider than a double's mantissa would be rounded by readers of JSON, so all are strings.
    static void arguments(std::string& out, const ExitRecord& r) {
        append(out, ",\"args\":{{\"event\":\"{}\"", exit_class_event(r.exit_class).name());
        if (r.pc != 0) append(out, ",\"pc\":\"{:#x}\"", r.pc);
        switch (r.exit_class) {
            case ExitClass::MmioRead:
            case ExitClass::MmioWrite:
                append(out, ",\"address\":\"{:#x}\",\"size\":{}", r.address, r.size);
                break;
            case ExitClass::MmioUndescribed:
                append(out, ",\"address\":\"{:#x}\",\"iss\":\"{:#x}\"", r.address, r.iss);
                break;
            case ExitClass::Unexpected: append(out, ",\"iss\":\"{:#x}\"", r.iss); break;
            case ExitClass::Hvc:
            case ExitClass::Smc:
                for (unsigned n = 0; n < 4; ++n) append(out, ",\"x{}\":\"{:#x}\"", n, r.arguments[n]);
                break;
            default: break;
        }
        if ((r.flags & ExitRecord::kHasValue) != 0) {
            const bool call = r.exit_class == ExitClass::Hvc || r.exit_class == ExitClass::Smc;
            append(out, ",\"{}\":\"{:#x}\"", call ? "result" : "value", r.value);
        }
        if ((r.flags & ExitRecord::kException) != 0) out += ",\"exception\":true";
        out += "}";
    }

    void instant(std::string& out, unsigned tid, const InstantRecord& r) {
        append(out,
               ",\n{{\"ph\":\"i\",\"s\":\"t\",\"name\":{},\"cat\":\"event\",\"pid\":{},\"tid\":{},\"ts\":",
               json_string(r.event->name()), kPid, tid);
        add_us(out, r.time_ns > context_.start_ns ? r.time_ns - context_.start_ns : 0);
        append(out, ",\"args\":{{\"text\":{}{}}}}}", json_string(r.view()),
               r.cut != 0 ? ",\"cut\":true" : "");
    }

    const TraceContext& context_;
};

}  // namespace

std::unique_ptr<TraceFormat> make_json_format(const TraceContext& context) {
    return std::make_unique<JsonFormat>(context);
}

}  // namespace trapeze::debug

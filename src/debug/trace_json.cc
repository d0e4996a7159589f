// Trace records in the Trace Event Format: a begin and an end ("B", "E") for what takes time, instants ("i")
// for the rest. Times are microseconds with three decimals, that is, exact. Not complete events ("X"), whose
// ends viewers calculate in binary fractions: that may put one after the begin of the next, although both are
// the same nanosecond, and some then show one inside of the other.
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

    void add_time(std::string& out, u64 ns) {
        add_us(out, ns > context_.start_ns ? ns - context_.start_ns : 0);
    }

    void begin_slice(std::string& out, unsigned tid, std::string_view name, std::string_view category,
                     u64 ns) {
        append(out, ",\n{{\"ph\":\"B\",\"name\":{},\"cat\":\"{}\",\"pid\":{},\"tid\":{},\"ts\":",
               json_string(name), category, kPid, tid);
        add_time(out, ns);
        out += "}";
    }
    // Up to the arguments of the slice; the caller adds those, if any, and the end.
    void end_slice(std::string& out, unsigned tid, std::string_view name, u64 ns) {
        append(out, ",\n{{\"ph\":\"E\",\"name\":{},\"pid\":{},\"tid\":{},\"ts\":", json_string(name), kPid,
               tid);
        add_time(out, ns);
    }

    void exit(std::string& out, unsigned tid, const ExitRecord& r) {
        begin_slice(out, tid, "guest", "guest", r.entered_ns);
        end_slice(out, tid, "guest", r.exited_ns);
        out += "}";
        const std::string name = slice_name(r);
        begin_slice(out, tid, name, fmt::format("handling,{}", exit_class_name(r.exit_class)), r.exited_ns);
        if (r.blocked_until_ns != 0) {
            begin_slice(out, tid, "blocked", "blocked", r.blocked_from_ns);
            end_slice(out, tid, "blocked", r.blocked_until_ns);
            out += "}";
        }
        end_slice(out, tid, name, r.done_ns);
        arguments(out, r);
        out += "}";
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
        add_time(out, r.time_ns);
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

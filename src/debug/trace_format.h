// Records as text lines and as trace-event JSON.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "trace_record.h"

namespace trapeze::debug {

// What a formatter must know about the whole trace.
struct TraceContext {
    const ExitNames& names;
    std::string machine;  // its name
    u64 start_ns = 0;     // times are shown relative to this
    unsigned vcpus = 0;   // track n is vCPU n; track `vcpus` is all other threads
};

// One record as a line without its end, in a buffer of the caller's and without allocation. Cut if too long.
std::string_view format_line(const TraceContext& context, unsigned track, const RecordWords& record,
                             std::span<char> buffer);

// The parts of a file. Everything appends to `out`.
class TraceFormat {
public:
    virtual ~TraceFormat() = default;
    virtual void begin(std::string& out) = 0;
    virtual void record(std::string& out, unsigned track, const RecordWords& record) = 0;
    // `records` in the file, and how many were lost.
    virtual void end(std::string& out, u64 records, u64 dropped) = 0;
};

std::unique_ptr<TraceFormat> make_text_format(const TraceContext& context);
// The Trace Event Format of Chrome's tracing, which Perfetto reads too: JSON Object Format, one event a line.
std::unique_ptr<TraceFormat> make_json_format(const TraceContext& context);

}  // namespace trapeze::debug

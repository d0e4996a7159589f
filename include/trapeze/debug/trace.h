// The recorder of traces: the last events of every vCPU in memory and, if wanted, all events in a file.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "trapeze/base/log.h"
#include "trapeze/base/result.h"
#include "trapeze/debug/exit_key.h"

namespace trapeze::debug {

struct TraceOptions {
    std::string machine = {};       // its name
    unsigned vcpus = 1;             // 1 or more
    u64 buffer_bytes = 1ull << 20;  // for each vCPU, and for all other threads together; rounded up
    // Empty: only in memory. A name that ends in .json gets trace-event JSON, any other text.
    std::string file = {};
    bool stream = true;  // false: the file gets what the buffers still hold in the end
};

// Records go to a ring per vCPU, and to one that all other threads share. Nobody waits for the file unless a
// ring is full of records that are not in it yet; then up to kPatience per stall, and what comes until there
// is room again is dropped and counted.
class Tracer final : public TraceSink {
public:
    static constexpr u64 kPatienceMs = 1000;

    // Creates the file. `names` outlives the tracer.
    static Result<std::unique_ptr<Tracer>> create(const TraceOptions& options, const ExitNames& names);
    ~Tracer() override;
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;

    // The calling thread is vCPU n's: its events go to that ring.
    void bind_thread(unsigned vcpu);
    // On that thread. Recorded if the event of the key's class is on.
    void exit(unsigned vcpu, ExitKey key, const vcpu::ObservedExit& exit);
    // Any thread, with any lock held.
    void record(const TraceEvent& event, std::string_view text) override;

    // Completes the file. No thread records any more. Once; an error is one of the file.
    Result<> finish();

    // The last records, oldest first, as text lines: at most `limit` of each ring, of one vCPU or of all
    // threads. Any thread, at any time.
    std::string dump(std::size_t limit, std::optional<unsigned> vcpu = std::nullopt) const;
    // The same on stderr if the program fails an internal check (set_crash_report). One tracer at a time.
    void report_crashes();

    u64 dropped() const;

private:
    struct Parts;
    explicit Tracer(std::unique_ptr<Parts> parts);
    static void crash_report();

    std::unique_ptr<Parts> parts_;
};

}  // namespace trapeze::debug

// Everything that watches the exits of a machine's vCPUs: statistics and traces. One observer per vCPU feeds
// both, so their totals agree.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "trapeze/base/fd.h"
#include "trapeze/debug/statistics.h"
#include "trapeze/debug/trace.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::debug {

struct InstrumentOptions {
    bool statistics = false;
    std::string statistics_file = {};  // empty: none
    bool statistics_json = false;
    std::optional<TraceOptions> trace = {};
};

// Loop thread, except where the parts say otherwise. Outlives the vCPUs.
class Instruments {
public:
    // Creates the files. `mmio` and `hypercalls` are complete and outlive the instruments.
    static Result<std::unique_ptr<Instruments>> create(const InstrumentOptions& options,
                                                       const bus::MmioBus& mmio,
                                                       const trap::HypercallSpace& hypercalls);
    ~Instruments();
    Instruments(const Instruments&) = delete;
    Instruments& operator=(const Instruments&) = delete;

    // For every vCPU, in order, before it starts.
    void attach(vcpu::Vcpu& vcpu);

    // Statistics are counted from when they are switched on; off keeps what there is.
    void set_statistics(bool on);
    bool statistics_on() const { return statistics_on_; }
    // What -stats writes.
    std::string statistics_table() const;
    std::string statistics_json() const;
    // The last `limit` records of each vCPU; a sentence if nothing is recorded.
    std::string trace_dump(std::size_t limit, std::optional<unsigned> vcpu = std::nullopt) const;

    // Writes the files. All vCPUs are paused for good. Once.
    Result<> finish();

private:
    class Observer;
    struct Channel {
        vcpu::Vcpu* vcpu;
        std::unique_ptr<Observer> observer;
    };

    Instruments(const InstrumentOptions& options, const bus::MmioBus& mmio,
                const trap::HypercallSpace& hypercalls);
    StatisticsReport report() const;

    const InstrumentOptions options_;
    const ExitNames names_;
    Fd statistics_fd_;
    std::unique_ptr<Tracer> tracer_;  // const after create()
    bool statistics_on_ = false;
    std::vector<Channel> channels_;  // const after the vCPUs start
};

}  // namespace trapeze::debug

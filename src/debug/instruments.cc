#include "trapeze/debug/instruments.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace trapeze::debug {
namespace {

constexpr std::string_view kTraceOff = "nothing is recorded: see -trace, file= and buffer=\n";

Result<> write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "could not write the statistics");
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

}  // namespace

class Instruments::Observer final : public vcpu::ExitObserver {
public:
    Observer(unsigned index, const ExitNames& names, Tracer* tracer)
        : index_(index), names_(names), tracer_(tracer) {}

    void thread_started() override {
        if (tracer_ != nullptr) tracer_->bind_thread(index_);
    }
    void exit_observed(const vcpu::ObservedExit& exit) override {
        const ExitKey key = names_.key(exit);
        if (counting_.load(std::memory_order_relaxed)) statistics_.add(key, exit);
        if (tracer_ != nullptr) tracer_->exit(index_, key, exit);
    }

    void set_counting(bool on) { counting_.store(on, std::memory_order_relaxed); }
    const ExitStatistics& statistics() const { return statistics_; }

private:
    const unsigned index_;
    const ExitNames& names_;
    Tracer* const tracer_;
    std::atomic<bool> counting_{false};
    ExitStatistics statistics_;
};

Instruments::Instruments(const InstrumentOptions& options, const bus::MmioBus& mmio,
                         const trap::HypercallSpace& hypercalls)
    : options_(options), names_(mmio, hypercalls) {}

Instruments::~Instruments() {
    if (tracer_ == nullptr) return;
    set_trace_sink(nullptr);
    TraceEvent::set_default_destination(TraceTo::Log);
}

Result<std::unique_ptr<Instruments>> Instruments::create(const InstrumentOptions& options,
                                                         const bus::MmioBus& mmio,
                                                         const trap::HypercallSpace& hypercalls) {
    std::unique_ptr<Instruments> made(new Instruments(options, mmio, hypercalls));
    made->statistics_on_ = options.statistics;
    if (const std::string& file = options.statistics_file; !file.empty()) {
        made->statistics_fd_ = Fd(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        if (!made->statistics_fd_.valid())
            return fail_errno(errno, "could not open the statistics file '{}'", file);
    }
    if (options.trace) {
        made->tracer_ = TRY(Tracer::create(*options.trace, made->names_));
        made->tracer_->report_crashes();
        set_trace_sink(made->tracer_.get());
        TraceEvent::set_default_destination(TraceTo::Recorder);
    }
    return made;
}

void Instruments::attach(vcpu::Vcpu& vcpu) {
    auto observer =
        std::make_unique<Observer>(static_cast<unsigned>(channels_.size()), names_, tracer_.get());
    observer->set_counting(statistics_on_);
    vcpu.set_observer(*observer);
    vcpu.observe(statistics_on_ || tracer_ != nullptr);
    channels_.push_back({&vcpu, std::move(observer)});
}

void Instruments::set_statistics(bool on) {
    statistics_on_ = on;
    for (const Channel& channel : channels_) {
        channel.observer->set_counting(on);
        channel.vcpu->observe(on || tracer_ != nullptr);
    }
}

StatisticsReport Instruments::report() const {
    std::vector<const ExitStatistics*> statistics;
    for (const Channel& channel : channels_) statistics.push_back(&channel.observer->statistics());
    return {statistics, names_};
}

std::string Instruments::statistics_table() const {
    return report().table();
}

std::string Instruments::statistics_json() const {
    return report().json();
}

std::string Instruments::trace_dump(std::size_t limit, std::optional<unsigned> vcpu) const {
    return tracer_ != nullptr ? tracer_->dump(limit, vcpu) : std::string(kTraceOff);
}

Result<> Instruments::finish() {
    Result<> traced;
    if (tracer_ != nullptr) {
        set_trace_sink(nullptr);
        traced = tracer_->finish();
    }
    if (statistics_fd_.valid()) {
        TRY(with_context(
            write_all(statistics_fd_.get(), options_.statistics_json ? report().json() : report().table()),
            options_.statistics_file));
    }
    return traced;
}

}  // namespace trapeze::debug

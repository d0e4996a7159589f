// The machine's traces and statistics.
#include "machine_impl.h"

namespace trapeze::machine {

Result<> Machine::Impl::create_instruments() {
    debug::InstrumentOptions options;
    options.statistics = !config_.statistics.file.empty();
    options.statistics_file = config_.statistics.file;
    options.statistics_json = config_.statistics.json;
    if (const TraceConfig& trace = config_.trace; trace.record) {
        options.trace = debug::TraceOptions{.machine = config_.name,
                                            .vcpus = config_.vcpus,
                                            .buffer_bytes = trace.buffer_bytes,
                                            .file = trace.file,
                                            .stream = trace.stream};
    }
    instruments_ = TRY(debug::Instruments::create(options, platform_->mmio(), firmware_->calls()));
    for (std::size_t n = 0; n < cpus_.size(); ++n) instruments_->attach(cpus_.at(n));
    return {};
}

std::string Machine::Impl::trap_statistics() {
    std::string text;
    if (instruments_->statistics_on()) {
        text = instruments_->statistics_table();
    } else {
        instruments_->set_statistics(true);
        text = "exit statistics were off (see -stats); exits are counted from now on\n";
    }
    return text + "\nkept by the kernel, and not counted:\n" + vm_->kept();
}

}  // namespace trapeze::machine

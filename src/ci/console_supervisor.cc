#include "console_supervisor.h"

#include <algorithm>

#include "trapeze/base/log.h"

namespace trapeze::ci {

using debug::ShutdownCause;

// The log takes bytes again.
class ConsoleSupervisor::LogReceiver final : public bus::CharReceiver {
public:
    explicit LogReceiver(ConsoleSupervisor& owner) : owner_(owner) {}
    std::size_t receive_capacity() override { return 0; }
    void receive(std::span<const u8>) override {}
    void receive_break() override {}
    void send_ready() override { owner_.drain(); }

private:
    ConsoleSupervisor& owner_;
};

ConsoleSupervisor::ConsoleSupervisor(const Options& options, Patterns patterns, SymbolTable symbols,
                                     std::unique_ptr<chardev::Backend> log, Scheduler& scheduler)
    : options_(options),
      patterns_(std::move(patterns)),
      symbols_(std::move(symbols)),
      log_(std::move(log)),
      log_receiver_(std::make_unique<LogReceiver>(*this)),
      scheduler_(scheduler) {
    if (log_) log_->set_receiver(log_receiver_.get());
}

ConsoleSupervisor::~ConsoleSupervisor() {
    for (const TimerId timer : {timeout_, quiet_, prompt_, quit_}) scheduler_.cancel(timer);
    if (log_) log_->set_receiver(nullptr);
}

bus::CharPort& ConsoleSupervisor::watch(bus::CharPort& port) {
    tap_ = std::make_unique<ConsoleTap>(port, [this] { scheduler_.call_at(0, [this] { drain(); }); });
    return *tap_;
}

void ConsoleSupervisor::attach(debug::MachineControl& machine, const irqchip::Controller* irqchip) {
    machine_ = &machine;
    irqchip_ = irqchip;
    machine.add_observer(*this);
}

// --- The console -------------------------------------------------------------------------------------------

void ConsoleSupervisor::drain() {
    if (!tap_) return;
    backlog_ += tap_->take();
    const std::span bytes(reinterpret_cast<const u8*>(backlog_.data()), backlog_.size());
    const std::size_t taken = log_ ? log_->send(bytes) : bytes.size();
    if (taken == 0) return;
    lines_.feed(bytes.first(taken));
    backlog_.erase(0, taken);
    if (lingering_) linger();
    scheduler_.cancel(prompt_);
    prompt_ = TimerId::None;
    if (!outcome_ && !lines_.rest().empty()) {
        prompt_ = scheduler_.call_after(kPromptNs, [this] { on_prompt_timer(); });
    }
    tap_->release(taken);
}

// All that there is, with a second for a slow log; what is left then is judged, but not logged.
void ConsoleSupervisor::drain_all() {
    drain();
    constexpr u64 kFlushNs = 1'000'000'000;
    while (!backlog_.empty() && log_->flush(kFlushNs)) drain();
    lines_.feed(std::span(reinterpret_cast<const u8*>(backlog_.data()), backlog_.size()));
    backlog_.clear();
    lines_.finish();
}

void ConsoleSupervisor::on_line(std::string_view line) {
    tail_.append(line).append("\n");
    if (tail_.size() > 2 * kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
    if (!settled()) judge(patterns_.match(line), line);
}

void ConsoleSupervisor::judge(const LineMatch& match, std::string_view line) {
    switch (match.meaning) {
        case LineMeaning::Nothing: return;
        case LineMeaning::Expected:
            if (!outcome_ && patterns_.all_seen()) {
                decide(Verdict::Matched, fmt::format("the console has '{}'", match.pattern));
            }
            return;
        case LineMeaning::Failed:
            return suspect(Verdict::FailPattern,
                           fmt::format("the console has fail={}: {}", match.pattern, line));
        case LineMeaning::KernelOops:
            oops_seen_ = true;
            return suspect(Verdict::FailPattern, fmt::format("the guest's kernel reports a fault: {}", line));
        case LineMeaning::KernelPanic:
            return suspect(Verdict::GuestPanic, fmt::format("the guest panicked: {}", line));
    }
}

void ConsoleSupervisor::on_prompt_timer() {
    prompt_ = TimerId::None;
    if (!outcome_) judge(patterns_.match_unfinished(lines_.rest()), lines_.rest());
}

// --- The guest's fate --------------------------------------------------------------------------------------

void ConsoleSupervisor::resumed() {
    if (started_ns_) return;
    started_ns_ = scheduler_.now_ns();
    if (!options_.timeout_seconds) return;
    timeout_ = scheduler_.call_after(*options_.timeout_seconds * 1'000'000'000, [this] { on_timeout(); });
}

void ConsoleSupervisor::on_timeout() {
    drain();
    // A guest that fails just now gets its time.
    if (outcome_) return;
    std::string message = fmt::format("nothing conclusive in {} s", *options_.timeout_seconds);
    for (const std::string& pattern : patterns_.missing())
        message += fmt::format("; not seen: '{}'", pattern);
    end_with_report(Verdict::Timeout, std::move(message));
}

void ConsoleSupervisor::guest_panicked(std::string_view) {
    drain();
    suspect(Verdict::GuestPanic, "the guest reported a panic");
}

void ConsoleSupervisor::guest_crash_loaded() {
    drain();
    suspect(Verdict::GuestPanic, "the guest reported a panic, and started its crash kernel");
}

void ConsoleSupervisor::shutting_down(ShutdownCause cause, std::string_view) {
    ending_ = true;
    drain_all();
    switch (cause) {
        case ShutdownCause::GuestShutdown:
            if (!outcome_ && !patterns_.expects_anything()) {
                return decide(Verdict::Matched, "the guest powered off");
            }
            return no_more(Verdict::GuestPowerOff, "the guest powered off");
        case ShutdownCause::GuestReset:
            if (oops_seen_) suspect(Verdict::GuestPanic, "the guest rebooted after a fault of its kernel");
            return no_more(Verdict::GuestReset, "the guest rebooted");
        case ShutdownCause::GuestPanic: return no_more(Verdict::GuestPanic, "the guest reported a panic");
        case ShutdownCause::HostSignal: return no_more(Verdict::Interrupted, "a signal ended the run");
        case ShutdownCause::HostQmpQuit:
        case ShutdownCause::HostQmpSystemReset:
        case ShutdownCause::HostUi: return no_more(Verdict::Interrupted, "a user or a monitor ended the run");
        case ShutdownCause::HostError: return no_more(Verdict::InternalError, "the machine failed");
    }
}

// The run is over; what has been decided stays.
void ConsoleSupervisor::no_more(Verdict verdict, std::string_view what) {
    std::string message(what);
    for (const std::string& pattern : patterns_.missing())
        message += fmt::format("; not seen: '{}'", pattern);
    decide(verdict, std::move(message));
}

void ConsoleSupervisor::host_signal(const std::string& line) {
    drain();
    if (outcome_) return;
    end_with_report(Verdict::Interrupted, line);
}

void ConsoleSupervisor::machine_failed(const std::string& reason) {
    drain();
    if (outcome_) return;
    end_with_report(Verdict::InternalError, reason);
}

// --- Verdicts ----------------------------------------------------------------------------------------------

// The first decision counts.
void ConsoleSupervisor::decide(Verdict verdict, std::string message) {
    if (!outcome_) outcome_ = Outcome{verdict, std::move(message)};
    lingering_ = false;
    end();
}

// The guest fails, and may have more to say. A panic is worse than the fault that led to it.
void ConsoleSupervisor::suspect(Verdict verdict, std::string message) {
    if (settled()) return;
    const bool first = !outcome_;
    const bool worse =
        verdict == Verdict::GuestPanic && oops_seen_ && !first && outcome_->verdict == Verdict::FailPattern;
    if (first || worse) outcome_ = Outcome{verdict, std::move(message)};
    if (!first || ending_) return;
    lingering_ = true;
    linger_until_ = scheduler_.now_ns() + kLingerNs;
    linger();
}

void ConsoleSupervisor::linger() {
    scheduler_.cancel(quiet_);
    quiet_ = scheduler_.call_at(std::min(scheduler_.now_ns() + kQuietNs, linger_until_), [this] {
        lingering_ = false;
        end();
    });
}

void ConsoleSupervisor::end_with_report(Verdict verdict, std::string message) {
    if (machine_ != nullptr) {
        const std::vector<bool> asleep = sleeping_cpus(*machine_);
        machine_->stop(debug::RunState::Paused);
        report_ = describe(take_report(*machine_, irqchip_, asleep), symbols_);
        append_trace();
    }
    decide(verdict, std::move(message));
}

void ConsoleSupervisor::append_trace() {
    if (!options_.trace) return;
    const std::string trace = machine_->trace_dump(kTraceRecords);
    report_.emplace_back("the last trace records of each vCPU:");
    for (std::size_t begin = 0; begin < trace.size();) {
        const std::size_t end = std::min(trace.find('\n', begin), trace.size());
        report_.push_back("  " + trace.substr(begin, end - begin));
        begin = end + 1;
    }
}

// Not at once: the machine tells its observers before quit() returns, us too, and we may be in the middle of
// the console.
void ConsoleSupervisor::end() {
    if (ending_ || machine_ == nullptr) return;
    ending_ = true;
    quit_ = scheduler_.call_at(0, [this] { machine_->quit(ShutdownCause::HostUi); });
}

// --- Results -----------------------------------------------------------------------------------------------

std::vector<std::string> ConsoleSupervisor::report_lines() const {
    const Outcome& outcome = *outcome_;
    std::vector<std::string> lines;
    lines.push_back(fmt::format("{}: {} (exit status {})", verdict_name(outcome.verdict), outcome.message,
                                exit_status(outcome.verdict)));
    lines.insert(lines.end(), report_.begin(), report_.end());
    return lines;
}

bool ConsoleSupervisor::write_log(std::string_view text) {
    constexpr u64 kFlushNs = 1'000'000'000;
    while (!text.empty()) {
        const std::size_t taken = log_->send({reinterpret_cast<const u8*>(text.data()), text.size()});
        text.remove_prefix(taken);
        if (taken == 0 && !log_->flush(kFlushNs)) return false;
    }
    return log_->flush(kFlushNs);
}

int ConsoleSupervisor::conclude() {
    ending_ = true;
    drain_all();
    if (!outcome_) outcome_ = Outcome{Verdict::InternalError, "the machine ended for no known reason"};
    lingering_ = false;
    scheduler_.cancel(quit_);
    if (machine_ != nullptr) machine_->remove_observer(*this);
    machine_ = nullptr;

    std::string text;
    for (const std::string& line : report_lines()) {
        print_note(line);
        text += line + "\n";
    }
    if (log_ && !write_log("\n--- trapeze ---\n" + text)) {
        print_error(fmt::format("-ci log={}: could not be written in full", options_.log));
    }
    if (options_.junit.empty()) return exit_status(outcome_->verdict);
    const u64 now = scheduler_.now_ns();
    if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
    const Result<> written =
        replace_file(options_.junit, junit_xml({.name = options_.name,
                                                .verdict = outcome_->verdict,
                                                .message = outcome_->message,
                                                .details = text,
                                                .console = tail_,
                                                .duration_ns = started_ns_ ? now - *started_ns_ : 0}));
    if (written) return exit_status(outcome_->verdict);
    print_error("-ci junit: " + written.error().message());
    return exit_status(Verdict::InternalError);
}

}  // namespace trapeze::ci

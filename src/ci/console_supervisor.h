// The implementation of Supervisor, apart from the files it needs.
#pragma once

#include <optional>

#include "console_tap.h"
#include "junit.h"
#include "line_splitter.h"
#include "machine_report.h"
#include "patterns.h"
#include "symbol_table.h"
#include "trapeze/chardev/backend.h"
#include "trapeze/ci/supervisor.h"
#include "trapeze/ci/verdict.h"

namespace trapeze::ci {

class ConsoleSupervisor final : public Supervisor, private debug::MachineObserver {
public:
    // A guest that fails may go on for as long as it keeps talking, so that what it says about its failure is
    // in the log: until its console has been quiet for kQuietNs, at most kLingerNs.
    static constexpr u64 kQuietNs = 1'000'000'000;
    static constexpr u64 kLingerNs = 10'000'000'000;
    // An unfinished line that has not grown for so long may be a prompt.
    static constexpr u64 kPromptNs = 50'000'000;
    // Of each vCPU, in the report.
    static constexpr std::size_t kTraceRecords = 16;
    // Of the console, in the JUnit file.
    static constexpr std::size_t kTailBytes = 64 * 1024;

    // `log` may be nullptr.
    ConsoleSupervisor(const Options& options, Patterns patterns, SymbolTable symbols,
                      std::unique_ptr<chardev::Backend> log, Scheduler& scheduler);
    ~ConsoleSupervisor() override;

    bus::CharPort& watch(bus::CharPort& port) override;
    void attach(debug::MachineControl& machine, const irqchip::Controller* irqchip) override;
    void host_signal(const std::string& line) override;
    void machine_failed(const std::string& reason) override;
    int conclude() override;

private:
    struct Outcome {
        Verdict verdict;
        std::string message;
    };
    class LogReceiver;

    // debug::MachineObserver
    void resumed() override;
    void shutting_down(debug::ShutdownCause cause, std::string_view action) override;
    void guest_panicked(std::string_view action) override;
    void guest_crash_loaded() override;

    void drain();
    void drain_all();
    void on_line(std::string_view line);
    void judge(const LineMatch& match, std::string_view line);
    void on_prompt_timer();
    void on_timeout();

    void decide(Verdict verdict, std::string message);
    void suspect(Verdict verdict, std::string message);
    void linger();
    void append_trace();
    void end();
    void end_with_report(Verdict verdict, std::string message);
    void no_more(Verdict verdict, std::string_view what);
    bool settled() const { return outcome_ && !lingering_; }

    std::vector<std::string> report_lines() const;
    bool write_log(std::string_view text);

    const Options options_;
    Patterns patterns_;
    const SymbolTable symbols_;
    const std::unique_ptr<chardev::Backend> log_;
    const std::unique_ptr<LogReceiver> log_receiver_;
    Scheduler& scheduler_;
    std::unique_ptr<ConsoleTap> tap_;
    debug::MachineControl* machine_ = nullptr;
    const irqchip::Controller* irqchip_ = nullptr;

    LineSplitter lines_{[this](std::string_view line) { on_line(line); }};
    std::string backlog_;  // taken from the tap, not yet by the log
    std::string tail_;     // lines
    std::optional<u64> started_ns_;
    TimerId timeout_ = TimerId::None;
    TimerId quiet_ = TimerId::None;
    TimerId prompt_ = TimerId::None;
    TimerId quit_ = TimerId::None;

    std::optional<Outcome> outcome_;
    bool lingering_ = false;  // outcome_ may become a worse one
    bool oops_seen_ = false;
    bool ending_ = false;  // the machine is being ended
    u64 linger_until_ = 0;
    std::vector<std::string> report_;
};

}  // namespace trapeze::ci

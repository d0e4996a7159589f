// The stub's life: peers come and go, vCPUs and the machine stop.
#include <algorithm>
#include <optional>
#include <utility>

#include "gdb/catch_points.h"
#include "gdb/machine_target.h"
#include "gdb/session.h"
#include "trapeze/base/log.h"
#include "trapeze/debug/gdb.h"

namespace trapeze::debug {

struct GdbStub::Parts {
    Parts(MachineControl& machine, RunMonitor monitor_line, gdb::MachineTarget::Monitor line,
          gdb::Session::Send send)
        : monitor(std::move(monitor_line)),
          target(machine, std::move(line)),
          session(target, std::move(send)) {}

    const RunMonitor monitor;
    gdb::MachineTarget target;
    gdb::Session session;
    gdb::CatchPoints catches;
    // While the machine stops because of a vCPU: what to tell, and what it caught.
    std::optional<gdb::StopInfo> reason;
    std::optional<vcpu::DebugEvent> event;
};

GdbStub::GdbStub(MachineControl& machine, RunMonitor monitor)
    : machine_(machine),
      parts_(std::make_unique<Parts>(
          machine, std::move(monitor), [this](std::string_view line) { return run_monitor(line); },
          [this](std::string_view bytes) {
              // A peer that lets the queue fill up loses the rest, and with it the connection's sense: its
              // own doing.
              if (port_ != nullptr) {
                  (void)port_->send({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
              }
          })) {
    machine_.add_observer(*this);
}

GdbStub::~GdbStub() {
    if (port_ != nullptr) port_->set_receiver(nullptr);
    machine_.remove_observer(*this);
}

void GdbStub::serve(bus::CharPort& port) {
    port_ = &port;
    port.set_receiver(this);
}

// --- Peers
// ---------------------------------------------------------------------------------------------------------

std::size_t GdbStub::receive_capacity() {
    return gdb::kMaxPacket;
}

void GdbStub::receive(std::span<const u8> bytes) {
    if (!parts_->session.is_active()) {
        // Standard input announces no peer: its first packet does. What follows a detachment on a stream that
        // does announce them, such as an acknowledgement, means nothing.
        if (announces_peers_ || std::ranges::find(bytes, u8{'$'}) == bytes.end()) return;
        attach();
    }
    parts_->session.receive(bytes);
}

void GdbStub::receive_break() {
    constexpr u8 kInterrupt[] = {0x03};
    receive(kInterrupt);
}

void GdbStub::peer_changed(bool connected) {
    announces_peers_ = true;
    if (connected) {
        attach();
    } else {
        peer_gone();
    }
}

void GdbStub::attach() {
    parts_->session.end();
    machine_.stop(RunState::Debug);
    parts_->target.settle();
    parts_->session.start();
}

// Without a word: its breakpoints go, and a machine that ran goes on.
void GdbStub::peer_gone() {
    if (!parts_->session.is_active()) return;
    parts_->session.end();
    const bool ran = machine_.is_running();
    machine_.stop(RunState::Debug);
    parts_->target.remove_all();
    parts_->target.settle();
    if (!ran) return;
    if (const Result<> running = machine_.cont(); !running) print_warning(running.error().message());
}

// --- The monitor
// -----------------------------------------------------------------------------------------------------

std::string GdbStub::run_monitor(std::string_view line) {
    constexpr std::string_view kCatch = "catch";
    if (line == kCatch || line.starts_with("catch ")) return catch_command(line.substr(kCatch.size()));
    return parts_->monitor ? parts_->monitor(line) : "there is no monitor\n";
}

std::string GdbStub::catch_command(std::string_view arguments) {
    bool changed = false;
    std::string output = parts_->catches.command(arguments, changed);
    if (!changed) return output;
    const bool ran = machine_.is_running();
    machine_.stop(RunState::Debug);
    parts_->target.set_catches(parts_->catches.filter());
    parts_->target.settle();
    if (ran) {
        if (const Result<> running = machine_.cont(); !running) output += running.error().message() + "\n";
    }
    return output;
}

// --- The machine
// -----------------------------------------------------------------------------------------------------

void GdbStub::vcpu_stopped(std::size_t index, const vcpu::DebugEvent& event) {
    // Another stop was faster: this vCPU will meet the same again when it is resumed.
    if (!machine_.is_running() || !machine_.cpu(index).is_debug_stopped()) return;
    const bool step = event.kind == vcpu::DebugEvent::Kind::Step;
    if (step && parts_->session.steps_on(index, event.pc) && parts_->target.step_again(index)) return;
    const auto reason = parts_->target.explain(index, event);
    if (!reason) return parts_->target.reflect(index);
    parts_->reason = reason;
    parts_->event = event;
    machine_.stop(RunState::Debug);
    parts_->reason.reset();
    parts_->event.reset();
}

void GdbStub::stopped(RunState) {
    parts_->target.settle();
    if (!parts_->reason) {
        return parts_->session.stopped(
            {.cpu = parts_->session.current_cpu(), .signal = gdb::kSignalInterrupt});
    }
    const vcpu::DebugEvent& event = *parts_->event;
    if (event.kind == vcpu::DebugEvent::Kind::Catch) {
        if (!event.completed) machine_.cpu(parts_->reason->cpu).pass_catch();
        const std::string line =
            fmt::format("vCPU {}: {} at {:#x}\n", parts_->reason->cpu, event.text, event.pc);
        if (!parts_->session.is_active()) print_note(line.substr(0, line.size() - 1));
        parts_->session.console(line);
    }
    parts_->session.stopped(*parts_->reason);
}

void GdbStub::was_reset(ShutdownCause) {
    parts_->target.was_reset();
    if (!machine_.is_running()) parts_->target.settle();
}

void GdbStub::shutting_down(ShutdownCause cause, std::string_view action) {
    if (action == "pause") return;
    constexpr unsigned kSigterm = 15;
    if (cause == ShutdownCause::HostSignal) {
        parts_->session.killed_by_signal(kSigterm);
    } else {
        parts_->session.exited(cause == ShutdownCause::HostError ? 1 : 0);
    }
}

}  // namespace trapeze::debug

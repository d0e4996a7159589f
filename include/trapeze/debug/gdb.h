// The gdbstub: a GDB remote target on a character port. The protocol is in src/debug/gdb/session.h, what it
// acts on in src/debug/gdb/machine_target.h; this joins them to the machine.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "trapeze/bus/char_port.h"
#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

// Loop thread only.
class GdbStub final : public bus::CharReceiver, private MachineObserver {
public:
    // Runs a line of the human monitor and returns what it prints (`monitor ...` in gdb).
    using RunMonitor = std::function<std::string(std::string_view)>;

    // `machine` outlives the stub.
    GdbStub(MachineControl& machine, RunMonitor monitor);
    ~GdbStub() override;
    GdbStub(const GdbStub&) = delete;
    GdbStub& operator=(const GdbStub&) = delete;

    // Serves the peers of `port`, which outlives the stub. Once. Without, there are still catch points.
    void serve(bus::CharPort& port);

    // A vCPU met what a debugger asked for (vcpu::VcpuHost::debug_stopped), unless it has been resumed since.
    void vcpu_stopped(std::size_t index, const vcpu::DebugEvent& event);

    // The monitor's `catch` command: sets, lists and removes traps that stop the vCPU.
    std::string catch_command(std::string_view arguments);

    // bus::CharReceiver
    std::size_t receive_capacity() override;
    void receive(std::span<const u8> bytes) override;
    void receive_break() override;
    void peer_changed(bool connected) override;

private:
    // MachineObserver
    void stopped(RunState state) override;
    void was_reset(ShutdownCause cause) override;
    void shutting_down(ShutdownCause cause, std::string_view action) override;

    void attach();
    void peer_gone();
    std::string run_monitor(std::string_view line);

    struct Parts;
    MachineControl& machine_;
    const std::unique_ptr<Parts> parts_;
    bus::CharPort* port_ = nullptr;
    bool announces_peers_ = false;  // by peer_changed()
};

}  // namespace trapeze::debug

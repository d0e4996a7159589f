// The machine protocol on a character port: QEMU's QMP, version and message formats of its "QEMU Machine
// Protocol Specification".
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "trapeze/bus/char_port.h"
#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

struct QmpSession;  // what one peer has negotiated

// Loop thread only. Both references outlive it. Peers may be hostile: messages, nesting and memory are
// bounded, and a peer that does not read its replies is not asked for more commands and loses events.
class Qmp final : public bus::CharReceiver, private MachineObserver {
public:
    Qmp(bus::CharPort& port, MachineControl& machine, bool pretty);
    ~Qmp() override;
    Qmp(const Qmp&) = delete;
    Qmp& operator=(const Qmp&) = delete;

    std::size_t receive_capacity() override;
    void receive(std::span<const u8> bytes) override;
    void receive_break() override {}
    void send_ready() override;
    // A new peer is greeted and has to negotiate.
    void peer_changed(bool connected) override;

private:
    // MachineObserver
    void stopped(RunState state) override;
    void resumed() override;
    void was_reset(ShutdownCause cause) override;
    void powerdown_requested() override;
    void shutting_down(ShutdownCause cause, std::string_view action) override;
    void guest_panicked(std::string_view action) override;
    void guest_crash_loaded() override;
    void balloon_changed(u64 bytes) override;

    void work();
    void send(std::string text);

    bus::CharPort& port_;
    MachineControl& machine_;
    const bool pretty_;
    std::unique_ptr<QmpSession> session_;
    std::string unsent_;
    bool working_ = false;  // in work(): what is sent now leaves it to go on
};

}  // namespace trapeze::debug

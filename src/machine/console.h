// The host end of serial0, with the multiplexer and the monitor if the command line asks for them.
#pragma once

#include <memory>

#include "trapeze/bus/clock.h"
#include "trapeze/chardev/backend.h"
#include "trapeze/chardev/mux.h"
#include "trapeze/debug/monitor.h"
#include "trapeze/machine/config.h"

namespace trapeze::machine {

// Created and destroyed on the loop thread or while the loop does not run.
class Console {
public:
    // `quit` is what Ctrl-A x does.
    static Result<std::unique_ptr<Console>> create(const MachineConfig& config, EventLoop& loop,
                                                   std::function<void()> quit);

    bus::CharPort& serial() { return *serial_; }
    // Starts the monitor on its front end, if there is one.
    void attach_monitor(debug::MachineControl& machine);
    // Gives the host up to a second to take what the guest has written.
    void flush();

private:
    explicit Console(std::unique_ptr<chardev::Backend> backend) : backend_(std::move(backend)) {}

    bus::HostClock clock_;
    const std::unique_ptr<chardev::Backend> backend_;
    std::unique_ptr<chardev::Mux> mux_;
    bus::CharPort* serial_ = nullptr;
    bus::CharPort* monitor_port_ = nullptr;
    std::unique_ptr<debug::Monitor> monitor_;
};

}  // namespace trapeze::machine

// The host ends of serial0 and of the monitors, with the multiplexers that the command line asks for.
#pragma once

#include <memory>
#include <vector>

#include "trapeze/bus/clock.h"
#include "trapeze/chardev/backend.h"
#include "trapeze/chardev/mux.h"
#include "trapeze/debug/machine_control.h"
#include "trapeze/debug/monitor.h"
#include "trapeze/debug/qmp.h"
#include "trapeze/machine/config.h"

namespace trapeze::machine {

// Created and destroyed on the loop thread or while the loop does not run.
class Console {
public:
    // `quit` is what Ctrl-A x does. With wait=on this call lasts until the peer is there; a signal ends the
    // program.
    static Result<std::unique_ptr<Console>> create(const MachineConfig& config, EventLoop& loop,
                                                   std::function<void()> quit);

    bus::CharPort& serial() { return *serial_; }
    // Starts the monitors.
    void attach_monitors(debug::MachineControl& machine);
    // Ends them; before the machine's state dies.
    void detach_monitors() { monitors_.clear(); }
    // Gives the host up to a second to take what the guest and the monitors have written.
    void flush();
    std::vector<debug::CharDeviceInfo> devices() const;

private:
    struct Stream {
        CharConfig config;
        std::string label;
        std::string filename;  // QEMU's word for what is behind it
        std::unique_ptr<chardev::Backend> backend;
        std::unique_ptr<chardev::Mux> mux;
        bus::CharPort* port = nullptr;  // for the first user: the backend itself, or a front end
    };

    Console() = default;
    Result<> open(Stream& stream, EventLoop& loop);

    bus::HostClock clock_;
    std::vector<Stream> streams_;  // serial0, then the monitors' own; const after create()
    std::vector<MonitorConfig> monitor_configs_;
    bus::CharPort* serial_ = nullptr;
    bus::CharPort* shared_monitor_ = nullptr;
    std::vector<std::unique_ptr<bus::CharReceiver>> monitors_;
};

}  // namespace trapeze::machine

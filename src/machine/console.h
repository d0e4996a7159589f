// The host ends of serial ports, of the ports of virtio consoles and of the monitors, with the multiplexers
// that the command line asks for.
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
#include "virtio_devices.h"

namespace trapeze::machine {

// Created and destroyed on the loop thread or while the loop does not run.
class Console {
public:
    // What streams ask of the program; on the loop thread.
    struct Actions {
        std::function<void()> quit;            // Ctrl-A x
        std::function<void(int status)> exit;  // a test device, for the guest
    };
    // With wait=on this call lasts until the peer is there; a signal ends the program.
    static Result<std::unique_ptr<Console>> create(const MachineConfig& config, EventLoop& loop,
                                                   const Actions& actions);

    bus::CharPort& serial() { return *serial_; }
    // nullptr: the machine has one serial port.
    bus::CharPort* serial1() { return serial1_; }
    // Of MachineConfig::port_devices.
    std::span<const HostPort> ports() const { return ports_; }
    // Starts the monitors.
    void attach_monitors(debug::MachineControl& machine);
    // Ends them; before the machine's state dies.
    void detach_monitors() { monitors_.clear(); }
    // Gives the host up to a second to take what the guest and the monitors have written.
    void flush();
    std::vector<debug::CharDeviceInfo> devices() const;
    // The back end `label`, if it is one.
    Result<chardev::RingBuffer*> ring(const std::string& label);

private:
    struct Stream {
        CharConfig config;
        std::string label;
        std::string filename;  // QEMU's word for what is behind it
        std::unique_ptr<chardev::Backend> backend;
        std::unique_ptr<chardev::Mux> mux;
    };

    Console() = default;
    // The index of a stream for `config`: a new one, or the one that is shared.
    std::size_t add(const CharConfig& config, std::string label);
    Result<> open(Stream& stream, EventLoop& loop, const Actions& actions);
    // For one more user, whose name the multiplexer's help shows.
    bus::CharPort& use(std::size_t stream, std::string name);
    // As use(), for a device that has `config`, with the monitor that it may want to share its stream with.
    bus::CharPort& use_with_monitor(std::size_t stream, const CharConfig& config, std::string name);

    bus::HostClock clock_;
    std::vector<Stream> streams_;  // const after create()
    bus::CharPort* serial_ = nullptr;
    bus::CharPort* serial1_ = nullptr;
    std::vector<HostPort> ports_;
    struct MonitorPort {
        bus::CharPort* port;
        bool control = false;
        bool pretty = false;
    };
    std::vector<MonitorPort> monitor_ports_;
    std::vector<std::unique_ptr<bus::CharReceiver>> monitors_;
};

}  // namespace trapeze::machine

#include "console.h"

#include <cstdio>

#include "trapeze/base/terminal.h"

namespace trapeze::machine {
namespace {

using Kind = CharConfig::Kind;

constexpr u64 kFlushNs = 1'000'000'000;
constexpr u64 kNsPerMs = 1'000'000;

SocketAddress address_of(const CharConfig& config) {
    return {.path = config.path, .host = config.host, .port = config.port, .fd = config.fd};
}

}  // namespace

std::size_t Console::add(const CharConfig& config, std::string label) {
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        if (!config.id.empty() && streams_[i].config.id == config.id) return i;
    }
    Stream& stream = streams_.emplace_back();
    stream.config = config;
    stream.label = config.id.empty() ? std::move(label) : config.id;
    return streams_.size() - 1;
}

Result<> Console::open(Stream& stream, EventLoop& loop, const Actions& actions) {
    const CharConfig& config = stream.config;
    switch (config.kind) {
        case Kind::Stdio: {
            const bool pass = config.mux || !config.signals;
            stream.backend =
                TRY(chardev::open_stdio(loop, pass ? TerminalSignals::Pass : TerminalSignals::Raise));
            stream.filename = "stdio";
            return {};
        }
        case Kind::File:
            stream.backend = TRY(chardev::open_file(loop, config.path, config.append, config.input_path));
            stream.filename = "file";
            return {};
        case Kind::Null:
            stream.backend = chardev::open_null();
            stream.filename = "null";
            return {};
        case Kind::Socket: {
            const SocketAddress address = address_of(config);
            if (config.server) {
                stream.backend = TRY(chardev::open_socket_server(loop, address, config.wait));
            } else {
                stream.backend =
                    TRY(chardev::open_socket_client(loop, address, config.reconnect_ms * kNsPerMs));
            }
            stream.filename = address.text() + (config.server ? ",server=on" : "");
            return {};
        }
        case Kind::Pty: {
            std::string name;
            stream.backend = TRY(chardev::open_pty(loop, name));
            stream.filename = "pty:" + name;
            // Scripts read the path from this line.
            std::printf("char device redirected to %s (label %s)\n", name.c_str(), stream.label.c_str());
            std::fflush(stdout);
            return {};
        }
        case Kind::Testdev:
            stream.backend = chardev::open_testdev(loop, actions.exit);
            stream.filename = "testdev";
            return {};
        case Kind::Ringbuf:
            stream.backend = chardev::open_ringbuf(config.ring_bytes);
            stream.filename = "ringbuf";
            return {};
    }
    return fail("unknown character device");
}

bus::CharPort& Console::use(std::size_t index, std::string name) {
    Stream& stream = streams_[index];
    if (stream.mux) return stream.mux->add_front_end(std::move(name));
    return *stream.backend;
}

bus::CharPort& Console::use_with_monitor(std::size_t stream, const CharConfig& config, std::string name) {
    bus::CharPort& port = use(stream, std::move(name));
    if (config.mux && config.monitor) monitor_ports_.push_back({&use(stream, "monitor")});
    return port;
}

Result<std::unique_ptr<Console>> Console::create(const MachineConfig& config, EventLoop& loop,
                                                 const Actions& actions) {
    std::unique_ptr<Console> console(new Console);
    // All users in the order of their front ends, before any stream is opened.
    const std::size_t serial = console->add(config.serial, "serial0");
    std::size_t serial1 = 0;
    if (config.serial1) serial1 = console->add(*config.serial1, "serial1");
    std::vector<std::size_t> ports;
    std::vector<std::size_t> monitors;
    for (std::size_t n = 0; n < config.port_devices.size(); ++n)
        ports.push_back(console->add(config.port_devices[n], fmt::format("virtio-port{}", n)));
    for (std::size_t n = 0; n < config.monitors.size(); ++n)
        monitors.push_back(console->add(config.monitors[n].device, fmt::format("compat_monitor{}", n)));
    // Raw mode last: while we wait for a peer, Ctrl-C still ends the program.
    for (const bool stdio : {false, true}) {
        for (Stream& stream : console->streams_) {
            if ((stream.config.kind == Kind::Stdio) == stdio) TRY(console->open(stream, loop, actions));
        }
    }
    for (Stream& stream : console->streams_) {
        if (!stream.config.mux) continue;
        stream.mux = std::make_unique<chardev::Mux>(loop, console->clock_, *stream.backend,
                                                    static_cast<u8>(config.mux_escape),
                                                    chardev::MuxActions{.quit = actions.quit});
    }
    console->serial_ = &console->use_with_monitor(serial, config.serial, "serial0");
    if (config.serial1) console->serial1_ = &console->use_with_monitor(serial1, *config.serial1, "serial1");
    for (std::size_t n = 0; n < ports.size(); ++n) {
        const Kind kind = config.port_devices[n].kind;
        const bool peers = (kind == Kind::Socket || kind == Kind::Pty) && !config.port_devices[n].mux;
        console->ports_.push_back({&console->use(ports[n], fmt::format("virtio port {}", n)), peers});
    }
    for (std::size_t n = 0; n < monitors.size(); ++n) {
        const MonitorConfig& monitor = config.monitors[n];
        console->monitor_ports_.push_back(
            {&console->use(monitors[n], "monitor"), monitor.control, monitor.pretty});
    }
    return console;
}

void Console::attach_monitors(debug::MachineControl& machine) {
    for (const MonitorPort& monitor : monitor_ports_) {
        if (monitor.control) {
            monitors_.push_back(std::make_unique<debug::Qmp>(*monitor.port, machine, monitor.pretty));
        } else {
            monitors_.push_back(std::make_unique<debug::Monitor>(*monitor.port, machine));
        }
    }
}

void Console::flush() {
    for (const Stream& stream : streams_) (void)stream.backend->flush(kFlushNs);
}

std::vector<debug::CharDeviceInfo> Console::devices() const {
    std::vector<debug::CharDeviceInfo> devices;
    for (const Stream& stream : streams_) {
        const bool connected = stream.backend->connected();
        devices.push_back({stream.label, (connected ? "" : "disconnected:") + stream.filename, connected});
    }
    return devices;
}

Result<chardev::RingBuffer*> Console::ring(const std::string& label) {
    for (const Stream& stream : streams_) {
        if (stream.label != label) continue;
        if (stream.config.kind != Kind::Ringbuf) return fail("{} is not a ringbuf device", label);
        return static_cast<chardev::RingBuffer*>(stream.backend.get());
    }
    return fail("Device '{}' not found", label);
}

}  // namespace trapeze::machine

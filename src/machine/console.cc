#include "console.h"

#include <cstdio>

#include "trapeze/base/terminal.h"

namespace trapeze::machine {
namespace {

using Kind = CharConfig::Kind;

constexpr u64 kFlushNs = 1'000'000'000;

SocketAddress address_of(const CharConfig& config) {
    return {.path = config.path, .host = config.host, .port = config.port, .fd = config.fd};
}

}  // namespace

Result<> Console::open(Stream& stream, EventLoop& loop) {
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
            stream.backend = TRY(chardev::open_file(loop, config.path, config.append));
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
                stream.backend = TRY(chardev::open_socket_client(loop, address));
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
    }
    return fail("unknown character device");
}

Result<std::unique_ptr<Console>> Console::create(const MachineConfig& config, EventLoop& loop,
                                                 std::function<void()> quit) {
    std::unique_ptr<Console> console(new Console);
    const auto add = [&](const CharConfig& device, std::string label) {
        console->streams_.emplace_back().config = device;
        console->streams_.back().label = device.id.empty() ? std::move(label) : device.id;
    };
    add(config.serial, "serial0");
    console->monitor_configs_ = config.monitors;
    for (std::size_t n = 0; n < config.monitors.size(); ++n) {
        add(config.monitors[n].device, fmt::format("compat_monitor{}", n));
    }
    // Raw mode last: while we wait for a peer, Ctrl-C still ends the program.
    for (const bool stdio : {false, true}) {
        for (Stream& stream : console->streams_) {
            if ((stream.config.kind == Kind::Stdio) == stdio) TRY(console->open(stream, loop));
        }
    }
    for (Stream& stream : console->streams_) {
        stream.port = stream.backend.get();
        if (!stream.config.mux) continue;
        stream.mux = std::make_unique<chardev::Mux>(loop, console->clock_, *stream.backend,
                                                    static_cast<u8>(config.mux_escape),
                                                    chardev::MuxActions{.quit = quit});
        stream.port = &stream.mux->add_front_end(stream.label);
    }
    Stream& serial = console->streams_.front();
    console->serial_ = serial.port;
    if (serial.mux && serial.config.monitor) console->shared_monitor_ = &serial.mux->add_front_end("monitor");
    return console;
}

void Console::attach_monitors(debug::MachineControl& machine) {
    if (shared_monitor_ != nullptr)
        monitors_.push_back(std::make_unique<debug::Monitor>(*shared_monitor_, machine));
    for (std::size_t n = 0; n < monitor_configs_.size(); ++n) {
        bus::CharPort& port = *streams_[n + 1].port;
        const MonitorConfig& config = monitor_configs_[n];
        if (config.control) {
            monitors_.push_back(std::make_unique<debug::Qmp>(port, machine, config.pretty));
        } else {
            monitors_.push_back(std::make_unique<debug::Monitor>(port, machine));
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

}  // namespace trapeze::machine

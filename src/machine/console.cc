#include "console.h"

#include "trapeze/base/terminal.h"

namespace trapeze::machine {
namespace {

Result<std::unique_ptr<chardev::Backend>> open_backend(const CharConfig& config, EventLoop& loop) {
    switch (config.kind) {
        case CharConfig::Kind::Stdio:
            return chardev::open_stdio(
                loop, config.mux || !config.signals ? TerminalSignals::Pass : TerminalSignals::Raise);
        case CharConfig::Kind::File: return chardev::open_file(loop, config.path, config.append);
        case CharConfig::Kind::Null: return chardev::open_null();
    }
    return fail("unknown character device");
}

}  // namespace

Result<std::unique_ptr<Console>> Console::create(const MachineConfig& config, EventLoop& loop,
                                                 std::function<void()> quit) {
    auto backend = TRY(open_backend(config.serial, loop));
    std::unique_ptr<Console> console(new Console(std::move(backend)));
    console->serial_ = console->backend_.get();
    if (config.serial.mux) {
        console->mux_ = std::make_unique<chardev::Mux>(loop, console->clock_, *console->backend_,
                                                       static_cast<u8>(config.mux_escape),
                                                       chardev::MuxActions{.quit = std::move(quit)});
        console->serial_ = &console->mux_->add_front_end("serial0");
        if (config.serial.monitor) console->monitor_port_ = &console->mux_->add_front_end("monitor");
    }
    return console;
}

void Console::attach_monitor(debug::MachineControl& machine) {
    if (monitor_port_ != nullptr) monitor_ = std::make_unique<debug::Monitor>(*monitor_port_, machine);
}

void Console::flush() {
    constexpr u64 kTimeoutNs = 1'000'000'000;
    (void)backend_->flush(kTimeoutNs);
}

}  // namespace trapeze::machine

#include "gdb_server.h"

#include "trapeze/base/terminal.h"

namespace trapeze::machine {
namespace {

using Kind = CharConfig::Kind;

constexpr u64 kFlushNs = 1'000'000'000;

Result<std::unique_ptr<chardev::Backend>> open(const CharConfig& config, EventLoop& loop) {
    if (config.kind == Kind::Stdio) return chardev::open_stdio(loop, TerminalSignals::Raise);
    if (config.kind != Kind::Socket) return std::unique_ptr<chardev::Backend>();
    return chardev::open_socket_server(loop, {.path = config.path, .host = config.host, .port = config.port},
                                       config.wait);
}

}  // namespace

GdbServer::GdbServer(std::unique_ptr<chardev::Backend> backend, debug::MachineControl& machine)
    : backend_(std::move(backend)),
      monitor_(machine),
      stub_(machine, [this](std::string_view line) { return monitor_.execute(line); }) {
    if (backend_ != nullptr) stub_.serve(*backend_);
}

Result<std::unique_ptr<GdbServer>> GdbServer::create(const CharConfig& config, EventLoop& loop,
                                                     debug::MachineControl& machine) {
    auto backend = TRY(with_context(open(config, loop), "-gdb"));
    return std::unique_ptr<GdbServer>(new GdbServer(std::move(backend), machine));
}

void GdbServer::flush() {
    if (backend_ != nullptr) (void)backend_->flush(kFlushNs);
}

}  // namespace trapeze::machine

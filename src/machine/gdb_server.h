// -gdb: the gdbstub with the stream that its peers come on.
#pragma once

#include <memory>

#include "trapeze/chardev/backend.h"
#include "trapeze/debug/gdb.h"
#include "trapeze/debug/hmp.h"
#include "trapeze/machine/config.h"

namespace trapeze::machine {

// Created and destroyed on the loop thread or while the loop does not run.
class GdbServer {
public:
    // Kind::Null: nobody can come, but there are catch points. `machine` and `loop` outlive the server.
    static Result<std::unique_ptr<GdbServer>> create(const CharConfig& config, EventLoop& loop,
                                                     debug::MachineControl& machine);

    debug::GdbStub& stub() { return stub_; }
    // Gives the peer up to a second to take how the run ended.
    void flush();

private:
    GdbServer(std::unique_ptr<chardev::Backend> backend, debug::MachineControl& machine);

    const std::unique_ptr<chardev::Backend> backend_;  // nullptr for Kind::Null
    debug::Hmp monitor_;
    debug::GdbStub stub_;
};

}  // namespace trapeze::machine

// -ci: watches the guest's console and fate, ends the machine, and says how it went: an exit status, a JUnit
// file, a log. When nothing comes of the guest, the report says what every vCPU was doing.
#pragma once

#include <memory>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"
#include "trapeze/bus/char_port.h"
#include "trapeze/ci/options.h"
#include "trapeze/debug/machine_control.h"
#include "trapeze/irqchip/controller.h"

namespace trapeze::ci {

// Loop thread, or while the loop does not run.
class Supervisor {
public:
    // Checks the options as far as it can be done before the guest runs: compiles the regular expressions,
    // opens the log, reads the symbols, sees whether a JUnit file can be written.
    static Result<std::unique_ptr<Supervisor>> create(const Options& options, EventLoop& loop);
    virtual ~Supervisor() = default;

    // The port that a serial device is to use in place of `port`, which outlives this object. Once.
    virtual bus::CharPort& watch(bus::CharPort& port) = 0;
    // Observes the machine, and may end it, from here on until conclude(). `irqchip` may be nullptr.
    virtual void attach(debug::MachineControl& machine, const irqchip::Controller* irqchip) = 0;

    // The program is about to end because of a signal; `line` says which. Before the vCPUs are paused.
    virtual void host_signal(const std::string& line) = 0;
    // It is about to end because a vCPU or the machine cannot go on.
    virtual void machine_failed(const std::string& reason) = 0;

    // After the loop has ended: writes the results and returns the exit status. Once. vCPUs are paused.
    virtual int conclude() = 0;
};

}  // namespace trapeze::ci

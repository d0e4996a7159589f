// What a monitor may ask of the machine. Loop thread only.
#pragma once

#include <string>

namespace trapeze::debug {

class MachineControl {
public:
    virtual ~MachineControl() = default;

    // "running", "paused", "shutdown": QEMU's names of the run states.
    virtual std::string run_state() const = 0;
    // One line per vCPU: index, MPIDR affinity, power state.
    virtual std::string cpu_list() const = 0;
    virtual std::string machine_name() const = 0;
    virtual void stop() = 0;
    // Fails, with a sentence, in a state that only a reset can leave.
    virtual std::string cont() = 0;
    virtual void system_reset() = 0;
    // Presses the power button: the guest decides what to do.
    virtual void system_powerdown() = 0;
    virtual void quit() = 0;
};

}  // namespace trapeze::debug

// What debuggers and monitors may ask of the machine. Loop thread only.
#pragma once

#include <string>

#include "trapeze/debug/run_state.h"
#include "trapeze/mem/guest_memory.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::debug {

class MachineControl {
public:
    virtual ~MachineControl() = default;

    // --- The parts. Registers and guest RAM may be touched only while no vCPU runs. ---
    virtual std::size_t cpu_count() const = 0;
    virtual vcpu::Vcpu& cpu(std::size_t index) = 0;
    virtual u64 cpu_affinity(std::size_t index) const = 0;  // MPIDR_EL1 layout
    virtual mem::GuestMemory& memory() = 0;
    virtual std::string machine_name() const = 0;

    // --- State ---
    virtual RunState run_state() const = 0;
    bool is_running() const { return run_state() == RunState::Running; }
    // An observer removes itself before it dies.
    virtual void add_observer(MachineObserver& observer) = 0;
    virtual void remove_observer(MachineObserver& observer) = 0;

    // --- Control ---
    // Pauses all vCPUs; on return none of them runs. `why` is Paused or Debug. No effect unless running.
    virtual void stop(RunState why = RunState::Paused) = 0;
    // Fails, with a sentence, in a state that only a reset can leave.
    virtual Result<> cont() = 0;
    // Stays paused if it was paused.
    virtual void system_reset(ShutdownCause cause) = 0;
    // Presses the power button: the guest decides what to do.
    virtual void system_powerdown() = 0;
    // Ends the machine and the program.
    virtual void quit(ShutdownCause cause) = 0;
};

}  // namespace trapeze::debug

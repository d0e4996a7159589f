// What debuggers and monitors may ask of the machine. Loop thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "trapeze/debug/balloon_control.h"
#include "trapeze/debug/network_control.h"
#include "trapeze/debug/run_state.h"
#include "trapeze/mem/guest_memory.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::debug {

// As QEMU's query-chardev has it.
struct CharDeviceInfo {
    std::string label;
    std::string filename;
    bool frontend_open = false;
};

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

    // --- What monitors show; see docs/monitor.md ---
    // Runs `look` while no vCPU runs. No state changes, and nobody is told.
    virtual void inspect(const std::function<void()>& look) { look(); }
    // A system register as the guest would read it. Inside inspect().
    virtual std::optional<u64> read_sysreg(std::size_t cpu_index, arch::SysReg reg) {
        return cpu(cpu_index).accel().get(reg);
    }
    virtual std::string accelerator() const { return {}; }
    // Texts of whole lines. Empty: there is nothing of the kind.
    virtual std::string memory_tree() const { return {}; }
    virtual std::string interrupt_controller_state() const { return {}; }
    // The exits and what they cost, as a table; the first call switches the counting on if -stats did not.
    virtual std::string trap_statistics() { return {}; }
    // The same as JSON (docs/debugging.md), whether or not anything is counted.
    virtual std::string trap_statistics_json() { return "{}"; }
    virtual void set_trap_statistics(bool /*on*/) {}
    // The last `limit` records of each vCPU, of one or of all, as text lines.
    virtual std::string trace_dump(std::size_t /*limit*/, std::optional<unsigned> /*vcpu*/ = std::nullopt) {
        return {};
    }
    virtual std::vector<CharDeviceInfo> character_devices() const { return {}; }
    // Takes the oldest bytes out of a character device that keeps them (ringbuf), or adds some. Errors are
    // QEMU's.
    virtual Result<std::string> read_ring(const std::string& device, u64 /*most*/) {
        return fail("Device '{}' not found", device);
    }
    virtual Result<> write_ring(const std::string& device, std::string_view /*bytes*/) {
        return fail("Device '{}' not found", device);
    }
    // nullptr: there are none.
    virtual NetworkControl* networks() { return nullptr; }
    virtual BalloonControl* balloon() { return nullptr; }
    // Raises an SDEI event: a private one on `cpu` or, without, on `usual`; a shared one where it goes.
    // Returns why it waits, or nothing.
    virtual Result<std::string> inject_sdei_event(u32 /*event*/, std::optional<std::size_t> /*cpu*/,
                                                  std::size_t /*usual*/) {
        return fail("this machine has no SDEI");
    }
    virtual Result<std::string> sdei_state() const { return fail("this machine has no SDEI"); }
    virtual Result<> inject_nmi() { return fail("this machine has no non-maskable interrupt"); }
    // `monitor catch ARGUMENTS`: the answer, as whole lines.
    virtual Result<std::string> catch_traps(std::string_view /*arguments*/) {
        return fail("no debugger is there to catch traps for: start with -gdb");
    }
};

}  // namespace trapeze::debug

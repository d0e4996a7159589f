// One virtual CPU: its thread, its power and pause state, and the loop
//     run() -> Exit -> trap::decode() -> trap::dispatch() -> Outcome -> complete().
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "trapeze/accel/accel.h"
#include "trapeze/base/mutex.h"
#include "trapeze/trap/dispatch.h"

namespace trapeze::vcpu {

// What a vCPU asks of the machine around it. Called on the vCPU's thread, without locks held.
class VcpuHost {
public:
    virtual ~VcpuHost() = default;
    // The guest asked for PowerOff or Reset. The vCPU then sleeps until the machine resets or ends it.
    virtual void machine_stop_requested(bus::VcpuIndex vcpu, trap::StopReason reason) = 0;
    // The accelerator gave up. The vCPU then sleeps as above.
    virtual void vcpu_failed(bus::VcpuIndex vcpu, const std::string& reason) = 0;
    // The PE is being turned on or off: state kept outside the accelerator goes to its reset value.
    virtual void reset_pe_state(bus::VcpuIndex vcpu) = 0;
};

// INTIDs of the interrupts that the accelerator generates for each vCPU.
struct PrivateInterrupts {
    bus::IntId virtual_timer;
    bus::IntId physical_timer;
    bus::IntId pmu;
};

// Features that change exception entry to EL1.
struct EntryFeatures {
    bool pan = false;
    bool mte = false;
    bool ssbs = false;
};

enum class PowerState : u8 { Off, OnPending, On };
enum class PowerOnResult : u8 { Success, AlreadyOn, OnPending };

class Vcpu final : private trap::CpuPort {
public:
    struct Config {
        bus::VcpuIndex index;
        PrivateInterrupts private_interrupts;
        EntryFeatures entry_features;
    };

    // `irqs` and `host` outlive the vCPU. The thread is not started.
    Vcpu(const Config& config, std::unique_ptr<accel::Vcpu> accel, const trap::Handlers& handlers,
         bus::IrqSink& irqs, VcpuHost& host);
    ~Vcpu() override;
    Vcpu(const Vcpu&) = delete;
    Vcpu& operator=(const Vcpu&) = delete;

    // --- Any thread ---

    // Starts the thread, paused and powered off. Once. Fails when the host has no thread to give.
    Result<> start();
    // Ends the thread and waits for it. Idempotent.
    void quit();

    // pause() asks; wait_paused() returns when no guest code runs and registers are complete.
    void pause();
    void wait_paused();
    void resume();

    // PSCI CPU_ON: atomic against other callers. `entry` and `context` become PC and X0.
    PowerOnResult power_on(u64 entry, u64 context);
    PowerState power_state() const;
    // Machine reset; the vCPU must be paused. Afterwards it is off.
    void power_off_paused();

    // The interrupt controller's output for this vCPU. Called with the controller's lock held.
    void set_interrupt_lines(bool irq, bool fiq);

    // --- While paused, one outside thread at a time ---
    accel::Vcpu& accel() { return *accel_; }

private:
    friend class Completer;

    // trap::CpuPort; vCPU thread only
    bus::VcpuIndex index() const override { return config_.index; }
    u64 pc() const override { return exit_.pc; }
    u64 x(unsigned n) override;
    arch::Pstate pstate() override;
    u64 sysreg(arch::SysReg reg) override;
    void set_sysreg(arch::SysReg reg, u64 value) override;

    void thread_main();
    bool wait_until_runnable();
    void apply_power_on(u64 entry, u64 context);
    void publish_device_irqs(const accel::DeviceIrqLevels& levels);
    void handle(const accel::Exit& exit);
    void begin_exit(u64 pc, unsigned instruction_length, bool pc_is_after);
    void complete(const trap::Outcome& outcome);
    void block(std::optional<u64> deadline_cntvct);
    void stop(trap::StopReason reason);
    void give_up(const std::string& reason);
    void sleep_until_control();
    std::optional<u64> ns_until_timer(std::optional<u64> deadline_cntvct);

    // State of the exit being handled. vCPU thread.
    struct ExitState {
        u64 pc = 0;
        unsigned instruction_length = 4;
        bool pc_is_after = false;  // PC already points past the instruction (HVC)
    };

    const Config config_;
    const std::unique_ptr<accel::Vcpu> accel_;
    const trap::Handlers handlers_;
    bus::IrqSink& irqs_;
    VcpuHost& host_;

    ExitState exit_;                    // vCPU thread
    accel::DeviceIrqLevels published_;  // vCPU thread: levels the interrupt controller has been told

    mutable Mutex mutex_;  // leaf lock: nothing else is taken while it is held
    std::condition_variable_any wake_;
    PowerState power_ GUARDED_BY(mutex_) = PowerState::Off;
    u64 entry_ GUARDED_BY(mutex_) = 0;
    u64 context_ GUARDED_BY(mutex_) = 0;
    bool pause_requested_ GUARDED_BY(mutex_) = true;
    bool paused_ GUARDED_BY(mutex_) = false;
    bool halted_ GUARDED_BY(mutex_) = false;  // asked the machine to stop, or failed: waits for reset or quit
    bool quit_requested_ GUARDED_BY(mutex_) = false;

    // Named mailbox: anything in the guarded state needs the thread's attention before the next run().
    std::atomic<bool> attention_{true};
    // Interrupt inputs, as last driven by the controller.
    std::atomic<bool> line_asserted_{false};
    std::atomic<bool> parked_{false};

    std::thread thread_;
};

}  // namespace trapeze::vcpu

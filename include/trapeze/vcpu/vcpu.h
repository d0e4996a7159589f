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
#include "trapeze/vcpu/debug.h"
#include "trapeze/vcpu/exit_observer.h"

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
    // After Vcpu::post_event(), before guest code runs again: the switch to an event's handler, if one is
    // due.
    virtual std::optional<trap::Redirect> take_event(trap::CpuPort&) { return std::nullopt; }
    // The vCPU met what a debugger asked for. It then sleeps until it is resumed.
    virtual void debug_stopped(bus::VcpuIndex /*vcpu*/, const DebugEvent&) {}
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
        // accel::Vm::manages_power(): the thread runs while the guest has the vCPU turned off, too.
        bool accel_manages_power = false;
    };

    // `irqs` and `host` outlive the vCPU. The thread is not started.
    Vcpu(const Config& config, std::unique_ptr<accel::Vcpu> accel, const trap::Handlers& handlers,
         bus::IrqSink& irqs, VcpuHost& host);
    ~Vcpu() override;
    Vcpu(const Vcpu&) = delete;
    Vcpu& operator=(const Vcpu&) = delete;

    // Before start(); the observer outlives the vCPU.
    void set_observer(ExitObserver& observer);

    // --- Any thread ---

    // Whether the observer is told about exits, from the next entry on. Off at first.
    void observe(bool on);

    // Starts the thread, paused and powered off. Once. Fails when the host has no thread to give.
    Result<> start();
    // Ends the thread and waits for it. Idempotent.
    void quit();

    // pause() asks; wait_paused() returns when no guest code runs and registers are complete.
    void pause();
    void wait_paused();
    // Also ends a debug stop.
    void resume();
    // Between VcpuHost::debug_stopped() and resume() or the machine's reset.
    bool is_debug_stopped() const;

    // PSCI CPU_ON: atomic against other callers. `entry` and `context` become PC and X0.
    PowerOnResult power_on(u64 entry, u64 context);
    // Where the accelerator manages power: as of the latest pause.
    PowerState power_state() const;
    // The kernel's number for the thread; 0 until it has started.
    int thread_id() const { return thread_id_.load(); }
    // Sleeps in WFI or the like at this moment. Never while paused.
    bool asleep() const { return parked_.load(); }
    // Machine reset; the vCPU must be paused. Afterwards it is off.
    void power_off_paused();

    // Makes the vCPU, wherever it is, call VcpuHost::take_event() soon. May be called with locks held.
    void post_event();

    // The interrupt controller's output for this vCPU. Called with the controller's lock held.
    void set_interrupt_lines(bool irq, bool fiq);

    // --- While paused, one outside thread at a time ---
    accel::Vcpu& accel() { return *accel_; }
    // For the time after resume(), until changed.
    Result<> set_debug(DebugSettings settings);
    // The trap at PC is not caught once more.
    void pass_catch();
    // A vCPU that is about to turn on does so now: its registers become those it will start with.
    void settle_power_on();
    // The debugger's BRK that the vCPU stopped at is in truth the guest's: takes the exception.
    void reflect_breakpoint();
    // A system register as the guest's EL1 would access it. nullopt, false: UNDEFINED or not accessible.
    std::optional<u64> read_sysreg(arch::SysReg reg);
    bool write_sysreg(arch::SysReg reg, u64 value);

private:
    friend class Completer;

    // trap::CpuPort; vCPU thread only
    bus::VcpuIndex index() const override { return config_.index; }
    u64 pc() const override { return exit_.pc; }
    u64 x(unsigned n) override;
    arch::Pstate pstate() override;
    u64 sysreg(arch::SysReg reg) override;
    void set_sysreg(arch::SysReg reg, u64 value) override;
    u64 sp() override { return accel_->get(accel::sp_reg(pstate())); }
    trap::VectorValue vector(unsigned n) override;
    mem::MmuFeatures mmu_features() override;
    std::optional<trap::ExclusiveMonitor> monitor() override { return monitor_; }
    bool start_monitor() override;

    void thread_main();
    bool wait_until_runnable();
    void apply_power_on(u64 entry, u64 context);
    void take_event();
    void publish_device_irqs(const accel::DeviceIrqLevels& levels);
    void run_observed();
    void handle(const accel::Exit& exit);
    void serve(const trap::Trap& trap);
    void note_outcome(const trap::Trap& trap, const trap::Outcome& outcome);
    void handle_debug(const accel::DebugExit& exit);
    bool caught(const trap::Trap& trap);
    void served();
    void step_completed();
    void debug_stop(DebugEvent event);
    void set_vector(unsigned n, const trap::VectorValue& value);
    void set_monitor(std::optional<trap::ExclusiveMonitor> marked);
    void follow_monitor();
    void clear_monitor();
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

    // Bits of hooks_.
    static constexpr u32 kObserve = 1u << 0;
    static constexpr u32 kDebug = 1u << 1;  // steps or catches traps

    ExitState exit_;                    // vCPU thread
    accel::DeviceIrqLevels published_;  // vCPU thread: levels the interrupt controller has been told

    ExitObserver* observer_ = nullptr;  // const after start()
    bool observing_ = false;            // vCPU thread: observed_ is of the exit being handled
    ObservedExit observed_;             // vCPU thread

    DebugSettings debug_;                // vCPU thread
    std::optional<u64> passed_catch_;    // vCPU thread: the trap at this address has been shown already
    std::optional<std::string> caught_;  // vCPU thread: the trap being served stops the vCPU afterwards

    std::optional<mem::MmuFeatures> mmu_features_;   // vCPU thread: once they were asked for
    std::optional<trap::ExclusiveMonitor> monitor_;  // vCPU thread: the guest is stepped meanwhile
    unsigned monitored_steps_ = 0;                   // vCPU thread

    mutable Mutex mutex_;  // leaf lock: nothing else is taken while it is held
    std::condition_variable_any wake_;
    PowerState power_ GUARDED_BY(mutex_) = PowerState::Off;
    bool off_in_accel_ GUARDED_BY(mutex_) = false;
    u64 entry_ GUARDED_BY(mutex_) = 0;
    u64 context_ GUARDED_BY(mutex_) = 0;
    bool pause_requested_ GUARDED_BY(mutex_) = true;
    bool paused_ GUARDED_BY(mutex_) = false;
    bool halted_ GUARDED_BY(mutex_) = false;  // asked the machine to stop, or failed: waits for reset or quit
    bool debug_stopped_ GUARDED_BY(mutex_) = false;
    bool held_ GUARDED_BY(mutex_) = false;  // DebugSettings::held
    bool quit_requested_ GUARDED_BY(mutex_) = false;
    bool event_posted_ GUARDED_BY(mutex_) = false;

    // Named mailbox: anything in the guarded state needs the thread's attention before the next run().
    std::atomic<bool> attention_{true};
    // Named mailbox: what the loop does beyond its work, one bit each. Zero costs one relaxed load per exit.
    std::atomic<u32> hooks_{0};
    // Interrupt inputs, as last driven by the controller.
    std::atomic<bool> line_asserted_{false};
    std::atomic<bool> parked_{false};

    std::atomic<int> thread_id_{0};
    std::thread thread_;
};

}  // namespace trapeze::vcpu

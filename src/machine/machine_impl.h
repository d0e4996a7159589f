#pragma once

#include <atomic>

#include "balloon_access.h"
#include "console.h"
#include "cpu_set.h"
#include "firmware.h"
#include "gdb_server.h"
#include "host_signals.h"
#include "irqchip_choice.h"
#include "networks.h"
#include "pid_file.h"
#include "platform.h"
#include "processors.h"
#include "run_control.h"
#include "trapeze/boot/boot_plan.h"
#include "trapeze/ci/supervisor.h"
#include "trapeze/debug/instruments.h"
#include "trapeze/debug/machine_control.h"
#include "trapeze/firmware/sdei.h"
#include "trapeze/machine/machine.h"
#include "trapeze/mem/guest_memory.h"

namespace trapeze::machine {

// Everything is touched by the loop thread only, except where a base class says otherwise and except for what
// the parts themselves allow.
class Machine::Impl final : private vcpu::VcpuHost,
                            private firmware::SdeiHost,
                            private debug::MachineControl {
public:
    Impl(const MachineConfig& config, EventLoop& loop);
    ~Impl() override;

    Result<> build();
    Result<int> run();

    static boot::MachineFdt fdt_inputs(const MachineConfig& config, const Platform& platform, bool has_pmu,
                                       bool has_sdei);

private:
    using RunState = debug::RunState;
    using ShutdownCause = debug::ShutdownCause;

    // vcpu::VcpuHost: vCPU threads
    void machine_stop_requested(bus::VcpuIndex vcpu, trap::StopReason reason) override;
    void vcpu_failed(bus::VcpuIndex vcpu, const std::string& reason) override;
    void reset_pe_state(bus::VcpuIndex vcpu) override;
    std::optional<trap::Redirect> take_event(trap::CpuPort& cpu) override {
        return sdei_ ? sdei_->take_event(cpu) : std::nullopt;
    }
    void debug_stopped(bus::VcpuIndex vcpu, const vcpu::DebugEvent& event) override;
    void pvpanic_event(devices::PvpanicEvent event);

    // firmware::SdeiHost: any thread
    void post_event(bus::VcpuIndex vcpu) override { cpus_.post_event(vcpu); }
    Activity activity(bus::IntId interrupt) override;

    // debug::MachineControl
    std::size_t cpu_count() const override { return cpus_.size(); }
    vcpu::Vcpu& cpu(std::size_t index) override { return cpus_.at(index); }
    u64 cpu_affinity(std::size_t index) const override { return cpus_.mpidr(index); }
    mem::GuestMemory& memory() override { return memory_; }
    std::string machine_name() const override { return config_.name; }
    RunState run_state() const override { return run_.state(); }
    void add_observer(debug::MachineObserver& observer) override { run_.add(observer); }
    void remove_observer(debug::MachineObserver& observer) override { run_.remove(observer); }
    void stop(RunState why) override;
    Result<> cont() override;
    void system_reset(ShutdownCause cause) override;
    void system_powerdown() override;
    void quit(ShutdownCause cause) override;
    // machine_views.cc
    void inspect(const std::function<void()>& look) override;
    std::string accelerator() const override { return std::string(vm_->name()); }
    std::string memory_tree() const override;
    Result<> inject_nmi() override;
    Result<std::string> inject_sdei_event(u32 event, std::optional<std::size_t> cpu,
                                          std::size_t usual) override;
    Result<std::string> sdei_state() const override;
    std::string interrupt_controller_state() const override;
    std::string trap_statistics() override;
    std::string trap_statistics_json() override { return instruments_->statistics_json(); }
    void set_trap_statistics(bool on) override { instruments_->set_statistics(on); }
    std::string trace_dump(std::size_t limit, std::optional<unsigned> vcpu) override {
        return instruments_->trace_dump(limit, vcpu);
    }
    Result<std::string> catch_traps(std::string_view arguments) override {
        return gdb_->stub().catch_command(arguments);
    }
    std::vector<debug::CharDeviceInfo> character_devices() const override { return console_->devices(); }
    Result<std::string> read_ring(const std::string& device, u64 most) override;
    Result<> write_ring(const std::string& device, std::string_view bytes) override;
    debug::NetworkControl* networks() override { return networks_->empty() ? nullptr : networks_.get(); }
    debug::BalloonControl* balloon() override { return balloon_.get(); }

    Result<std::unique_ptr<Irqchip>> create_irqchip(const IrqchipChoice& choice);
    std::unique_ptr<firmware::Sdei> create_sdei(const IrqchipChoice& choice);
    // Where devices and vCPUs send their interrupts.
    bus::IrqSink& wires() { return sdei_ ? sdei_->wires() : irqchip_->controller(); }
    Result<> create_instruments();
    Result<> restart();
    void guest_power_off(ShutdownCause cause);
    void guest_reset();
    void handle_pvpanic_events();
    void guest_panicked();
    void exit_with(int status);
    void end(int status);
    void fail_machine(std::string reason);

    const MachineConfig config_;
    EventLoop& loop_;
    std::optional<PidFile> pid_file_;
    std::unique_ptr<HostSignals> signals_;
    std::unique_ptr<Console> console_;
    std::unique_ptr<ci::Supervisor> supervisor_;  // nullptr: no -ci
    mem::GuestMemory memory_;
    std::unique_ptr<accel::Vm> vm_;
    std::unique_ptr<Processors> processors_;
    std::unique_ptr<Irqchip> irqchip_;
    std::unique_ptr<firmware::Sdei> sdei_;  // nullptr: there is none
    std::unique_ptr<Platform> platform_;
    std::unique_ptr<Networks> networks_;
    std::unique_ptr<BalloonAccess> balloon_;  // nullptr: there is none
    std::unique_ptr<Firmware> firmware_;
    std::unique_ptr<debug::Instruments> instruments_;
    std::optional<boot::BootPlan> boot_;
    CpuSet cpus_;

    std::atomic<u64> boots_{0};  // resets so far; written by the loop thread while all vCPUs are paused
    std::atomic<u32> pvpanic_events_{0};  // bits of PvpanicEvent that the loop thread has not seen yet
    RunControl run_;
    std::unique_ptr<GdbServer> gdb_;  // observes run_
    int exit_status_ = 0;
    bool guest_status_ = false;  // it is the guest's: of a test device
    std::string failure_;
};

}  // namespace trapeze::machine

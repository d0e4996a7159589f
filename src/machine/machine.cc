// The composition root. Members are declared in the order of dependency; all vCPU threads have ended before
// any of them dies.
#include "trapeze/machine/machine.h"

#include "accel_select.h"
#include "console.h"
#include "host_signals.h"
#include "kernel_irqchip.h"
#include "machine_impl.h"
#include "trapeze/base/log.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {

boot::MachineFdt Machine::Impl::fdt_inputs(const MachineConfig& config, const Platform& platform,
                                           bool has_pmu, bool has_sdei) {
    boot::MachineFdt fdt;
    fdt.mpidrs = map::mpidrs(config.vcpus);
    fdt.ram = {map::kRam, config.ram_bytes};
    fdt.has_pmu = has_pmu;
    fdt.bootargs = config.append;
    fdt.stdout_path = fmt::format("/pl011@{:x}", map::kUart.base.value);
    if (platform.has_second_uart())
        fdt.further_serials.push_back(fmt::format("/pl011@{:x}", map::kUart1.base.value));
    fdt.randomness = config.dtb_randomness;
    fdt.interrupts = platform.irqchip().fdt_interrupts();
    fdt.devices = platform.describers();
    if (has_sdei) fdt.devices.emplace_back(firmware::Sdei::describe);
    return fdt;
}

Machine::Impl::Impl(const MachineConfig& config, EventLoop& loop) : config_(config), loop_(loop) {}

Machine::Impl::~Impl() {
    // They watch the run state, which dies before them.
    if (console_) console_->detach_monitors();
    cpus_.quit();
}

Result<> Machine::Impl::build() {
    SelectedAccel selected = TRY(select_accel(config_, map::address_bits(config_.ram_bytes, config_.vcpus)));
    vm_ = std::move(selected.vm);
    processors_ = TRY(Processors::create(config_.cpu, config_.vcpus, *vm_, selected.irqchip));
    irqchip_ = TRY(create_irqchip(selected.irqchip));
    if (selected.irqchip.sdei) sdei_ = create_sdei(selected.irqchip);
    TRY(processors_->finish(*vm_, memory_));

    TRY(memory_.add_ram({map::kRam, config_.ram_bytes}, config_.ram));
    for (const auto& region : memory_.regions()) TRY(vm_->map_ram(region.range, region.host));

    if (config_.ci) {
        ci::Options options = *config_.ci;
        options.trace = config_.trace.record;
        supervisor_ = TRY(ci::Supervisor::create(options, loop_));
    }
    // From here on the terminal is in raw mode.
    console_ = TRY(Console::create(config_, loop_,
                                   {.quit = [this] { quit(ShutdownCause::HostUi); },
                                    .exit = [this](int status) { exit_with(status); }}));
    bus::CharPort& serial = supervisor_ ? supervisor_->watch(console_->serial()) : console_->serial();
    platform_ = std::make_unique<Platform>(*irqchip_, wires(), serial, loop_);
    if (console_->serial1() != nullptr) platform_->add_second_uart(*console_->serial1(), wires());
    platform_->add_virtio(TRY(VirtioSlots::create(config_, memory_, wires(), console_->ports())));
    TRY(platform_->virtio()->add_doorbells(*vm_));
    networks_ = std::make_unique<Networks>(config_, *platform_->virtio());
    balloon_ = BalloonAccess::find(config_, *platform_->virtio(), loop_, [this](u64 bytes) {
        run_.notify([bytes](debug::MachineObserver& o) { o.balloon_changed(bytes); });
    });
    if (config_.pvpanic) {
        platform_->add_pvpanic([this](devices::PvpanicEvent event) { pvpanic_event(event); });
    }
    if (config_.test_device) platform_->add_test_device();
    firmware_ = std::make_unique<Firmware>(cpus_, memory_,
                                           [this](unsigned n) { return processors_->smccc_workaround(n); });
    irqchip_->add_hypercalls(firmware_->calls());
    if (sdei_) sdei_->add_hypercalls(firmware_->calls());
    boot_ = TRY(boot::BootPlan::make({config_.kernel, config_.initrd, config_.dtb},
                                     fdt_inputs(config_, *platform_, processors_->features().pmu, !!sdei_)));
    processors_->connect(cpus_, *platform_, *firmware_, memory_, wires(), *this);
    if (supervisor_) supervisor_->attach(*this, &irqchip_->controller());
    TRY(create_instruments());
    console_->attach_monitors(*this);
    gdb_ = TRY(GdbServer::create(config_.gdb, loop_, *this));
    pid_file_ = TRY(PidFile::create(config_.pid_file));
    // Until here a signal simply ends the program, whatever a file or the host kept it waiting for.
    signals_ = TRY(HostSignals::create(loop_, [this](const std::string& line) {
        print_note(line);
        if (supervisor_) supervisor_->host_signal(line);
        quit(ShutdownCause::HostSignal);
    }));
    return {};
}

Result<std::unique_ptr<Irqchip>> Machine::Impl::create_irqchip(const IrqchipChoice& choice) {
    if (is_in_kernel(choice.kind)) return make_kernel_irqchip(choice, config_.vcpus, vm_.get());
    return make_irqchip(choice.kind, config_.vcpus, {map::kRam, config_.ram_bytes}, cpus_);
}

std::unique_ptr<firmware::Sdei> Machine::Impl::create_sdei(const IrqchipChoice& choice) {
    firmware::SdeiConfig config;
    config.mpidrs = map::mpidrs(config_.vcpus);
    config.shared_wires = irqchip_->controller().wire_count();
    config.private_wires = !is_in_kernel(choice.kind);
    firmware::SdeiHost& host = *this;
    return std::make_unique<firmware::Sdei>(config, irqchip_->controller(), host);
}

firmware::SdeiHost::Activity Machine::Impl::activity(bus::IntId interrupt) {
    const irqchip::Controller::Activity activity = irqchip_->controller().activity(interrupt);
    return {activity.pending, activity.active};
}

Result<int> Machine::Impl::run() {
    TRY(cpus_.start());
    cpus_.pause();
    TRY(restart());
    if (!config_.start_paused) TRY(cont());
    loop_.run();
    cpus_.pause();
    platform_->finish();
    console_->flush();
    gdb_->flush();
    const Result<> instruments_finished = instruments_->finish();
    flush_log();
    if (!instruments_finished) fail_machine(instruments_finished.error().message());
    if (supervisor_) return supervisor_->conclude();
    if (!failure_.empty()) return fail("{}", failure_);
    return exit_status_;
}

// Everything to its state after power-on, ready to run. vCPUs are paused.
Result<> Machine::Impl::restart() {
    boots_.fetch_add(1);
    pvpanic_events_.store(0);
    if (sdei_) sdei_->reset();
    platform_->reset();
    TRY(boot_->write_to(memory_));
    const boot::BootLayout& layout = boot_->layout();
    cpus_.reset_paused(layout.entry.value, layout.dtb.base.value, vm_->manages_power());
    return {};
}

void Machine::Impl::end(int status) {
    if (!guest_status_) exit_status_ = status;
    loop_.stop();
}

void Machine::Impl::fail_machine(std::string reason) {
    if (supervisor_) {
        print_error(reason);
        supervisor_->machine_failed(reason);
    }
    if (failure_.empty()) failure_ = std::move(reason);
    end(1);
}

// --- Requests of the guest; vCPU threads -------------------------------------------------------------------

void Machine::Impl::machine_stop_requested(bus::VcpuIndex, trap::StopReason reason) {
    loop_.post([this, reason, boot = boots_.load()] {
        // Another request was faster: this one is about a machine that has been reset since.
        if (boot != boots_.load()) return;
        if (reason == trap::StopReason::Reset) {
            guest_reset();
        } else {
            guest_power_off(ShutdownCause::GuestShutdown);
        }
    });
}

void Machine::Impl::vcpu_failed(bus::VcpuIndex, const std::string& reason) {
    loop_.post([this, reason] { fail_machine(reason); });
}

// One task at a time waits for the loop, however often the guest writes.
void Machine::Impl::pvpanic_event(devices::PvpanicEvent event) {
    if (pvpanic_events_.fetch_or(static_cast<u32>(event)) != 0) return;
    loop_.post([this] { handle_pvpanic_events(); });
}

void Machine::Impl::debug_stopped(bus::VcpuIndex vcpu, const vcpu::DebugEvent& event) {
    loop_.post([this, vcpu, event, boot = boots_.load()] {
        if (boot == boots_.load()) gdb_->stub().vcpu_stopped(vcpu, event);
    });
}

void Machine::Impl::reset_pe_state(bus::VcpuIndex vcpu) {
    processors_->reset(vcpu);
    if (sdei_) sdei_->reset_pe(vcpu);
    irqchip_->controller().reset_cpu(vcpu);
}

// --- Loop thread -------------------------------------------------------------------------------------------

void Machine::Impl::guest_power_off(ShutdownCause cause) {
    if (!config_.no_shutdown) return quit(cause);
    cpus_.pause();
    run_.notify([cause](debug::MachineObserver& o) { o.shutting_down(cause, "pause"); });
    run_.enter(RunState::Shutdown);
}

void Machine::Impl::guest_reset() {
    if (config_.no_reboot) return guest_power_off(ShutdownCause::GuestReset);
    system_reset(ShutdownCause::GuestReset);
}

void Machine::Impl::handle_pvpanic_events() {
    const u32 events = pvpanic_events_.exchange(0);
    if ((events & static_cast<u32>(devices::PvpanicEvent::Panicked)) != 0) return guest_panicked();
    if ((events & static_cast<u32>(devices::PvpanicEvent::CrashLoaded)) != 0) {
        run_.notify([](debug::MachineObserver& o) { o.guest_crash_loaded(); });
    }
}

void Machine::Impl::guest_panicked() {
    const auto tell = [this](std::string_view action) {
        run_.notify([action](debug::MachineObserver& o) { o.guest_panicked(action); });
    };
    if (debug::needs_reset(run_.state())) return;
    // A supervisor ends the run itself, when it has heard what the guest has to say.
    if (supervisor_ || config_.panic_action == PanicAction::None) return tell("run");
    cpus_.pause();
    const bool pause = config_.panic_action == PanicAction::Pause ||
                       (config_.panic_action == PanicAction::Shutdown && config_.no_shutdown);
    tell(pause ? "pause" : "poweroff");
    run_.enter(RunState::GuestPanicked);
    if (pause) return;
    guest_power_off(ShutdownCause::GuestPanic);
    if (!config_.no_shutdown && config_.panic_action == PanicAction::ExitFailure) exit_status_ = 1;
}

void Machine::Impl::system_reset(ShutdownCause cause) {
    const RunState before = run_.state();
    cpus_.pause();
    if (const Result<> restarted = restart(); !restarted) return fail_machine(restarted.error().message());
    run_.notify([cause](debug::MachineObserver& o) { o.was_reset(cause); });
    // What only a reset can leave has been left.
    if (before == RunState::Running || debug::needs_reset(before)) {
        cpus_.resume();
        run_.enter(RunState::Running);
    }
}

void Machine::Impl::system_powerdown() {
    platform_->power_button().press();
    run_.notify([](debug::MachineObserver& o) { o.powerdown_requested(); });
}

void Machine::Impl::stop(RunState why) {
    if (run_.state() != RunState::Running) return;
    cpus_.pause();
    run_.enter(why);
}

Result<> Machine::Impl::cont() {
    if (run_.state() == RunState::Running) return {};
    if (debug::needs_reset(run_.state())) {
        return fail("the machine is in state '{}': system_reset starts it again",
                    debug::run_state_name(run_.state()));
    }
    cpus_.resume();
    run_.enter(RunState::Running);
    return {};
}

void Machine::Impl::quit(ShutdownCause cause) {
    cpus_.pause();
    run_.notify([cause](debug::MachineObserver& o) { o.shutting_down(cause, "poweroff"); });
    end(0);
}

// What the guest asks for next, to be switched off for example, changes nothing.
void Machine::Impl::exit_with(int status) {
    if (!guest_status_) exit_status_ = status;
    guest_status_ = true;
    quit(ShutdownCause::GuestShutdown);
}

// --- Public face -------------------------------------------------------------------------------------------

Machine::Machine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Machine::~Machine() = default;

Result<std::unique_ptr<Machine>> Machine::create(const MachineConfig& config, EventLoop& loop) {
    auto impl = std::make_unique<Impl>(config, loop);
    TRY(impl->build());
    return std::unique_ptr<Machine>(new Machine(std::move(impl)));
}

Result<int> Machine::run() {
    return impl_->run();
}

}  // namespace trapeze::machine

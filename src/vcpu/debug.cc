// Debugging: debug exceptions, completed steps and caught traps park the vCPU until the machine resumes it.
#include <algorithm>

#include "trapeze/base/check.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::vcpu {
namespace {

using arch::ExceptionClass;
using Kind = DebugEvent::Kind;

// The exception as EL1 would take it: the class says whether it came from a lower Exception level.
arch::Esr as_taken_to_el1(arch::Esr esr, unsigned el) {
    const bool has_levels = esr.ec() >= ExceptionClass::BreakpointLower && esr.ec() < ExceptionClass::Bkpt32;
    if (!has_levels) return esr;
    const u64 ec = static_cast<u64>(esr.ec()) & ~u64{1};
    return {arch::Esr::Ec::set(esr.value, ec | (el == 0 ? 0u : 1u))};
}

}  // namespace

Result<> Vcpu::set_debug(DebugSettings settings) {
    const u32 wanted = settings.guest.single_step || settings.catches ? kDebug : 0;
    if (!(settings.guest == debug_.guest) || settings.guest.single_step || monitor_) {
        TRY(accel_->set_guest_debug(settings.guest));
    }
    {
        LockGuard lock(mutex_);
        CHECK(paused_);
        held_ = settings.held;
    }
    debug_ = std::move(settings);
    monitor_.reset();
    hooks_.fetch_and(~kDebug);
    hooks_.fetch_or(wanted);
    return {};
}

bool Vcpu::is_debug_stopped() const {
    LockGuard lock(mutex_);
    return debug_stopped_;
}

void Vcpu::pass_catch() {
    passed_catch_ = accel_->get(accel::CoreReg::Pc);
}

void Vcpu::settle_power_on() NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock lock(mutex_);
    CHECK(paused_);
    if (power_ != PowerState::OnPending || halted_) return;
    const u64 entry = entry_;
    const u64 context = context_;
    lock.unlock();
    apply_power_on(entry, context);
    lock.lock();
    off_in_accel_ = config_.accel_manages_power && accel_->is_off();
    if (!halted_) power_ = PowerState::On;
}

void Vcpu::reflect_breakpoint() {
    begin_exit(accel_->get(accel::CoreReg::Pc), 4, false);
    complete(trap::Inject{arch::Esr::make(ExceptionClass::Brk64, kDebuggerBrk)});
}

std::optional<u64> Vcpu::read_sysreg(arch::SysReg reg) {
    begin_exit(accel_->get(accel::CoreReg::Pc), 4, false);
    const trap::SysRegEntry* entry = handlers_.sysregs.find(reg);
    if (entry == nullptr) return accel_->get(reg);
    if (entry->hidden || entry->read_el == trap::MinEl::None) return std::nullopt;
    const trap::SysRegValue value = entry->read(*entry, *this);
    if (value.undef) return std::nullopt;
    return value.value;
}

bool Vcpu::write_sysreg(arch::SysReg reg, u64 value) {
    begin_exit(accel_->get(accel::CoreReg::Pc), 4, false);
    const trap::SysRegEntry* entry = handlers_.sysregs.find(reg);
    if (entry == nullptr) return accel_->set(reg, value);
    if (entry->hidden || entry->write_el == trap::MinEl::None) return false;
    return !entry->write(*entry, *this, value).exception;
}

void Vcpu::handle_debug(const accel::DebugExit& exit) {
    begin_exit(exit.pc, 4, false);
    const accel::GuestDebug& wanted = debug_.guest;
    switch (exit.esr.ec()) {
        case ExceptionClass::SoftwareStepLower:
        case ExceptionClass::SoftwareStepCurrent:
            if (monitor_) return follow_monitor();
            if (wanted.single_step) return debug_stop({.kind = Kind::Step, .pc = exit.pc});
            break;
        case ExceptionClass::BreakpointLower:
        case ExceptionClass::BreakpointCurrent:
            if (std::ranges::find(wanted.breakpoints, exit.pc) != wanted.breakpoints.end()) {
                return debug_stop({.kind = Kind::HardwareBreakpoint, .pc = exit.pc});
            }
            break;
        case ExceptionClass::WatchpointLower:
        case ExceptionClass::WatchpointCurrent:
            if (!wanted.watchpoints.empty()) {
                return debug_stop({.kind = Kind::Watchpoint, .pc = exit.pc, .address = exit.far});
            }
            set_sysreg(arch::reg::FAR_EL1, exit.far);
            break;
        case ExceptionClass::Brk64:
            if (wanted.software_breakpoints && arch::hypercall_immediate(exit.esr.iss()) == kDebuggerBrk) {
                return debug_stop({.kind = Kind::SoftwareBreakpoint, .pc = exit.pc});
            }
            break;
        default: break;
    }
    // The guest's own: it debugs itself.
    complete(trap::Inject{as_taken_to_el1(exit.esr, pstate().el())});
    step_completed();
}

// True: the vCPU stops at the instruction, which will be executed again.
bool Vcpu::caught(const trap::Trap& trap) {
    if (!debug_.catches) return false;
    const u64 at = exit_.pc_is_after ? exit_.pc - exit_.instruction_length : exit_.pc;
    if (passed_catch_ == at) {
        passed_catch_.reset();
        return false;
    }
    caught_ = debug_.catches(trap, *this);
    if (!caught_) return false;
    // The accelerator finishes an MMIO access in any case: served() stops after it.
    if (std::holds_alternative<trap::MmioTrap>(trap)) return false;
    complete(trap::Retry{});
    debug_stop({.kind = Kind::Catch, .pc = at, .text = *std::exchange(caught_, std::nullopt)});
    return true;
}

void Vcpu::served() {
    if (caught_) {
        debug_stop({.kind = Kind::Catch, .completed = true, .text = *std::exchange(caught_, std::nullopt)});
    } else {
        step_completed();
    }
}

// An instruction that was finished here instead of by the CPU is a step too, which no exit reports.
void Vcpu::step_completed() {
    if (debug_.guest.single_step) debug_stop({.kind = Kind::Step});
}

void Vcpu::debug_stop(DebugEvent event) {
    if (accel_->exit_pending()) accel_->flush_pending();
    if (event.pc == 0) event.pc = accel_->get(accel::CoreReg::Pc);
    {
        LockGuard lock(mutex_);
        if (halted_) return;  // the machine stops for a better reason
        debug_stopped_ = true;
        attention_.store(true);
    }
    host_.debug_stopped(config_.index, event);
}

}  // namespace trapeze::vcpu

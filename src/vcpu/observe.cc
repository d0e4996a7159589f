// The run loop's turn while somebody observes: the same steps, with time stamps, and the operands of what
// happened.
#include "trapeze/base/check.h"
#include "trapeze/base/monotonic_clock.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::vcpu {

void Vcpu::set_observer(ExitObserver& observer) {
    CHECK(!thread_.joinable());
    observer_ = &observer;
}

void Vcpu::observe(bool on) {
    CHECK(observer_ != nullptr);
    if (on) {
        hooks_.fetch_or(kObserve, std::memory_order_relaxed);
    } else {
        hooks_.fetch_and(~kObserve, std::memory_order_relaxed);
    }
}

void Vcpu::run_observed() {
    observed_ = {};
    observing_ = true;
    observed_.entered_ns = monotonic_ns();
    const accel::Exit exit = accel_->run();
    observed_.exited_ns = monotonic_ns();
    observed_.kind = std::holds_alternative<accel::InterruptedExit>(exit) ? ObservedExit::Kind::Interrupted
                                                                          : ObservedExit::Kind::Other;
    publish_device_irqs(accel_->device_irq_levels());
    handle(exit);
    observed_.done_ns = monotonic_ns();
    observing_ = false;
    observer_->exit_observed(observed_);
}

// Between dispatch and completion, while the registers are those of the trapped instruction.
void Vcpu::note_outcome(const trap::Trap& trap, const trap::Outcome& outcome) {
    observed_.kind = ObservedExit::Kind::Trap;
    observed_.trap = trap;
    observed_.pc = exit_.pc;
    if (const auto* sysreg = std::get_if<trap::SysRegTrap>(&trap)) {
        if (!sysreg->is_read) observed_.value = x(sysreg->rt);
    } else if (const auto* mmio = std::get_if<trap::MmioTrap>(&trap)) {
        if (mmio->is_write) observed_.value = mmio->value;
    } else if (std::holds_alternative<trap::HypercallTrap>(trap)) {
        for (unsigned n = 0; n < observed_.arguments.size(); ++n) observed_.arguments[n] = x(n);
    }
    if (const auto* read = std::get_if<trap::WriteReg>(&outcome)) observed_.value = read->value;
    if (const auto* read = std::get_if<trap::MmioData>(&outcome)) observed_.value = read->value;
    if (const auto* call = std::get_if<trap::CallResult>(&outcome)) observed_.value = call->x[0];
    observed_.exception = std::holds_alternative<trap::Inject>(outcome) ||
                          std::holds_alternative<trap::InjectExternalAbort>(outcome);
}

}  // namespace trapeze::vcpu

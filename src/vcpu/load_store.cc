// What emulated loads and stores need beyond the general registers, and the local monitor of exclusive
// accesses to devices.
//
// A Load-Exclusive that was emulated leaves its mark here, but a Store-Exclusive need not come here: CPUs may
// look at their own monitor first (DDI0487 pseudocode "AArch64.ExclusiveMonitorsPass", IMPLEMENTATION
// DEFINED), which the return to the guest has cleared, and then it fails without an abort, again and again.
// So the guest is stepped from the one to the other.
#include <algorithm>

#include "trapeze/base/log.h"
#include "trapeze/mem/walker_registers.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::vcpu {
namespace {

// DDI0487 "Load-Exclusive and Store-Exclusive instruction usage restrictions": loops make progress if the two
// are within 128 bytes. The monitor of whoever takes longer, or is interrupted, is cleared.
constexpr unsigned kMostSteps = 128 / 4;

// The architecture's longest SVE register.
constexpr unsigned kMostVectorBytes = 256;

}  // namespace

trap::VectorValue Vcpu::vector(unsigned n) {
    trap::VectorValue value{};
    if (!accel_->get_vector(accel::VectorReg::V, n, value))
        UNIMP("vCPU {}: the accelerator has no V{}", config_.index, n);
    return value;
}

// "V[] (write)": a longer register (SVE) gets zeros above.
void Vcpu::set_vector(unsigned n, const trap::VectorValue& value) {
    const unsigned length = accel_->vector_length();
    std::array<u8, kMostVectorBytes> whole{};
    std::ranges::copy(value, whole.begin());
    const bool done = length == 0
                          ? accel_->set_vector(accel::VectorReg::V, n, value)
                          : accel_->set_vector(accel::VectorReg::Z, n, std::span(whole).first(length));
    if (!done) UNIMP("vCPU {}: the accelerator has no V{}", config_.index, n);
}

// They do not change once the vCPU runs.
mem::MmuFeatures Vcpu::mmu_features() {
    if (!mmu_features_) {
        mmu_features_ =
            mem::read_mmu_features([this](arch::SysReg reg) { return read_sysreg(reg).value_or(0); });
    }
    return *mmu_features_;
}

bool Vcpu::start_monitor() {
    accel::GuestDebug stepping = debug_.guest;
    stepping.single_step = true;
    if (!accel_->set_guest_debug(stepping)) return false;
    hooks_.fetch_or(kDebug);
    return true;
}

void Vcpu::set_monitor(std::optional<trap::ExclusiveMonitor> marked) {
    // A debugger's steps clear it in any case, as each is an exception.
    if (!marked || debug_.guest.single_step) return clear_monitor();
    monitor_ = marked;
    monitored_steps_ = kMostSteps;
    follow_monitor();
}

// Before the guest executes the instruction at PC.
void Vcpu::follow_monitor() {
    if (monitored_steps_-- == 0) return clear_monitor();
    begin_exit(accel_->get(accel::CoreReg::Pc), 4, false);
    switch (trap::monitor_use_at_pc(*this, handlers_)) {
        case trap::MonitorUse::None: break;
        case trap::MonitorUse::StoreExclusive: serve(trap::UndescribedMmioTrap{monitor_->address, 0}); break;
        case trap::MonitorUse::Clear: clear_monitor(); break;
    }
}

void Vcpu::clear_monitor() {
    if (!monitor_) return;
    monitor_.reset();
    if (!debug_.guest.single_step && !debug_.catches) hooks_.fetch_and(~kDebug);
    if (const Result<> off = accel_->set_guest_debug(debug_.guest); !off) give_up(off.error().message());
}

}  // namespace trapeze::vcpu

#include "cpu_set.h"

#include "trapeze/base/check.h"

namespace trapeze::machine {

void CpuSet::add(std::unique_ptr<vcpu::Vcpu> cpu, u64 mpidr) {
    cpus_.push_back(std::move(cpu));
    mpidrs_.push_back(mpidr);
}

Result<> CpuSet::start() {
    for (const auto& cpu : cpus_) TRY(cpu->start());
    return {};
}

void CpuSet::quit() {
    // Ask all before waiting for one: a vCPU that waits for another's lock must still come out.
    for (const auto& cpu : cpus_) cpu->pause();
    for (const auto& cpu : cpus_) cpu->quit();
}

void CpuSet::pause() {
    for (const auto& cpu : cpus_) cpu->pause();
    for (const auto& cpu : cpus_) cpu->wait_paused();
}

void CpuSet::resume() {
    for (const auto& cpu : cpus_) cpu->resume();
}

void CpuSet::reset_paused(u64 entry, u64 x0, bool accel_manages_power) {
    for (const auto& cpu : cpus_) cpu->power_off_paused();
    const std::size_t count = accel_manages_power ? cpus_.size() : 1;
    for (std::size_t n = 0; n < count; ++n) {
        // A vCPU that the accelerator has yet to turn on gets its entry point from there. Its reset comes first:
        // done by its own thread later, it would undo what the first vCPU asks of the accelerator.
        CHECK(cpus_[n]->power_on(n == 0 ? entry : 0, n == 0 ? x0 : 0) == vcpu::PowerOnResult::Success);
        if (accel_manages_power) cpus_[n]->settle_power_on();
    }
}

vcpu::Vcpu* CpuSet::find(u64 affinity) const {
    for (std::size_t i = 0; i < cpus_.size(); ++i) {
        if (mpidrs_[i] == affinity) return cpus_[i].get();
    }
    return nullptr;
}

void CpuSet::set_cpu_lines(bus::VcpuIndex vcpu, bool irq, bool fiq) {
    // The controller resets itself before the vCPUs exist; all lines are low then.
    if (vcpu < cpus_.size()) cpus_[vcpu]->set_interrupt_lines(irq, fiq);
}

}  // namespace trapeze::machine

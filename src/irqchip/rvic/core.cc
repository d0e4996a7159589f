#include "rvic/core.h"

#include <utility>

#include "rvic/trace.h"
#include "trapeze/arch/rvic.h"
#include "trapeze/base/check.h"

namespace trapeze::irqchip::rvic {
namespace {

constexpr std::size_t kMaxVcpus = 512;

constexpr bool is_interrupt_count(u32 count) {
    return count != 0 && count <= arch::rvic::kMaxInterrupts && count % arch::rvic::kInterruptGranule == 0;
}

}  // namespace

Core::Core(const RvicConfig& config, bus::CpuLineSink& lines)
    : lines_(lines),
      trusted_count_(config.nr_trusted),
      intid_count_(config.nr_trusted + config.nr_untrusted),
      affinities_(config.mpidrs),
      inputs_(config.nr_untrusted) {
    CHECK(!config.mpidrs.empty() && config.mpidrs.size() <= kMaxVcpus);
    CHECK(is_interrupt_count(config.nr_trusted) && is_interrupt_count(config.nr_untrusted) &&
          is_interrupt_count(intid_count_));
    vcpus_.reserve(config.mpidrs.size());
    for (std::size_t i = 0; i < config.mpidrs.size(); ++i) vcpus_.emplace_back(intid_count_);
    dirty_.reserve(vcpus_.size());
}

RvicIrqState Core::irq_state(VcpuIndex vcpu, u32 intid) const {
    const Instance::Interrupt& irq = vcpus_[vcpu].rvic.irq(intid);
    return {irq.pending, irq.masked, irq.wires_high != 0};
}

RvicCpuState Core::cpu_state(VcpuIndex vcpu) const {
    const Vcpu& v = vcpus_[vcpu];
    const DeliveryQueue& queue = v.rvic.queue();
    RvicCpuState state{.enabled = v.rvic.enabled(), .irq = v.line, .queue = {}};
    for (u32 intid = queue.front(); intid != queue.end(); intid = queue.after(intid)) {
        state.queue.push_back(intid);
    }
    return state;
}

// The new target is told of a level that it does not know; the old one keeps what it was told.
void Core::map(u32 input, RvidTarget target) {
    unmap(input);
    inputs_[input].target = target;
    if (inputs_[input].level) rvic(target.vcpu).wire_rises(target.intid);
}

void Core::unmap(u32 input) {
    RvidInputState& in = inputs_[input];
    if (in.target && in.level) rvic(in.target->vcpu).wire_falls(in.target->intid);
    in.target.reset();
}

// A high level that is driven again is an event again.
void Core::set_input(u32 input, bool level) {
    RvidInputState& in = inputs_[input];
    const bool before = std::exchange(in.level, level);
    if (!in.target) return;
    Instance& target = rvic(in.target->vcpu);
    if (before) target.wire_falls(in.target->intid);
    if (level) target.wire_rises(in.target->intid);
}

void Core::pulse_input(u32 input) {
    set_input(input, true);
    set_input(input, false);
}

void Core::set_trusted(VcpuIndex vcpu, u32 intid, bool level) {
    Instance& target = rvic(vcpu);
    if (target.irq(intid).wires_high != 0) target.wire_falls(intid);
    if (level) target.wire_rises(intid);
}

void Core::reset() {
    for (u32 input = 0; input < input_count(); ++input) unmap(input);
    for (VcpuIndex i = 0; i < vcpu_count(); ++i) rvic(i).reset();
}

void Core::mark_dirty(VcpuIndex index) {
    if (std::exchange(vcpus_[index].dirty, true)) return;
    dirty_.push_back(index);
}

void Core::flush() {
    for (const VcpuIndex index : dirty_) {
        Vcpu& v = vcpus_[index];
        v.dirty = false;
        const bool level = v.rvic.signals();
        if (level == v.line) continue;
        v.line = level;
        TRACE(trace::rvic_set_line, "vCPU {}: IRQ {}", index, level);
        lines_.set_cpu_lines(index, level, false);
    }
    dirty_.clear();
}

}  // namespace trapeze::irqchip::rvic

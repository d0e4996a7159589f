// Saving and restoring. A snapshot can come from a file or from another host, so all of it is checked before
// any of it counts. What follows from the rest is not looked at: the CPU lines, and the levels of untrusted
// INTIDs, which are those of the inputs that lead there.
#include <algorithm>
#include <utility>

#include "rvic/core.h"

namespace trapeze::irqchip::rvic {

RvicSnapshot Core::save() const {
    RvicSnapshot snapshot{.cpus = {}, .inputs = inputs_, .nr_trusted = trusted_count_};
    for (VcpuIndex i = 0; i < vcpu_count(); ++i) {
        RvicSnapshot::Cpu& saved = snapshot.cpus.emplace_back();
        saved.cpu = cpu_state(i);
        for (u32 intid = 0; intid < intid_count_; ++intid) saved.irqs.push_back(irq_state(i, intid));
    }
    return snapshot;
}

Result<> Core::check(const RvicSnapshot& snapshot) const {
    if (snapshot.cpus.size() != vcpus_.size() || snapshot.inputs.size() != inputs_.size() ||
        snapshot.nr_trusted != trusted_count_) {
        return fail(
            "the state is of an rVIC with {} vCPUs, {} trusted INTIDs and {} inputs, not {}, {} and {}",
            snapshot.cpus.size(), snapshot.nr_trusted, snapshot.inputs.size(), vcpus_.size(), trusted_count_,
            inputs_.size());
    }
    for (std::size_t i = 0; i < snapshot.cpus.size(); ++i) {
        TRY(with_context(check(snapshot.cpus[i]), fmt::format("vCPU {}", i)));
    }
    for (std::size_t i = 0; i < snapshot.inputs.size(); ++i) {
        const std::optional<RvidTarget>& target = snapshot.inputs[i].target;
        if (target && (target->vcpu >= vcpu_count() || target->intid < trusted_count_ ||
                       target->intid >= intid_count_)) {
            return fail("rVID input {} leads to INTID {} of vCPU {}", i, target->intid, target->vcpu);
        }
    }
    return {};
}

Result<> Core::check(const RvicSnapshot::Cpu& saved) const {
    if (saved.irqs.size() != intid_count_) return fail("{} INTIDs, not {}", saved.irqs.size(), intid_count_);
    std::vector<bool> queued(intid_count_);
    for (const u32 intid : saved.cpu.queue) {
        if (intid >= intid_count_ || queued[intid])
            return fail("a queue with INTID {} in a wrong place", intid);
        queued[intid] = true;
    }
    for (u32 intid = 0; intid < intid_count_; ++intid) {
        const RvicIrqState& irq = saved.irqs[intid];
        if (queued[intid] != (irq.pending && !irq.masked))
            return fail("a queue that contradicts the state of INTID {}", intid);
    }
    return {};
}

Result<> Core::restore(const RvicSnapshot& snapshot) {
    TRY(check(snapshot));
    std::vector<std::vector<Instance::Interrupt>> irqs(vcpus_.size());
    for (VcpuIndex i = 0; i < vcpu_count(); ++i) {
        for (u32 intid = 0; intid < intid_count_; ++intid) {
            const RvicIrqState& irq = snapshot.cpus[i].irqs[intid];
            const bool trusted_wire = intid < trusted_count_ && irq.level;
            irqs[i].push_back({irq.pending, irq.masked, static_cast<u16>(trusted_wire ? 1 : 0)});
        }
    }
    inputs_ = snapshot.inputs;
    for (const RvidInputState& input : inputs_) {
        if (input.level && input.target) ++irqs[input.target->vcpu][input.target->intid].wires_high;
    }
    for (VcpuIndex i = 0; i < vcpu_count(); ++i) {
        const RvicCpuState& cpu = snapshot.cpus[i].cpu;
        rvic(i).restore(cpu.enabled, std::move(irqs[i]), cpu.queue);
    }
    return {};
}

}  // namespace trapeze::irqchip::rvic

#include "gicv3/core.h"

#include <utility>

#include "gicv3/trace.h"
#include "trapeze/base/check.h"

namespace trapeze::irqchip::gicv3 {

Core::Core(const Gicv3Config& config, bus::CpuLineSink& lines)
    : lines_(lines), spi_count_(config.spi_count), affinities_(config.mpidrs), routes_(config.spi_count) {
    CHECK(!config.mpidrs.empty() && config.mpidrs.size() <= kMaxVcpus);
    CHECK(spi_count_ > 0 && intid_count() <= kFirstSpecial);
    CHECK(intid_count() % kBankSize == 0 || intid_count() == kFirstSpecial);

    for (u32 first = kFirstSpi; first < intid_count(); first += kBankSize) {
        const u32 size = std::min(kBankSize, intid_count() - first);
        spi_banks_.emplace_back(first, kNoVcpu, static_cast<u32>(low_mask(size)), 0u);
    }
    vcpus_.reserve(config.mpidrs.size());
    for (VcpuIndex i = 0; i < config.mpidrs.size(); ++i) vcpus_.emplace_back(i, config.mpidrs[i]);
    vcpus_.back().last_of_region = true;
    dirty_.reserve(vcpus_.size());
    reset();
    flush();
}

void Core::set_redistributor_regions(std::span<const u32> counts) {
    for (Vcpu& v : vcpus_) v.last_of_region = false;
    u64 end = 0;
    for (const u32 count : counts) {
        end += count;
        if (count > 0 && end <= vcpus_.size()) vcpus_[end - 1].last_of_region = true;
    }
    CHECK(end >= vcpus_.size());
    vcpus_.back().last_of_region = true;
}

IrqBank* Core::spi_bank(u32 n) {
    return n >= 1 && n < bank_count() ? &spi_banks_[n - 1] : nullptr;
}

IrqBank* Core::bank_of(u32 intid, VcpuIndex viewer) {
    if (intid >= intid_count()) return nullptr;
    return intid < kPrivateCount ? &vcpus_[viewer].bank : spi_bank(intid / kBankSize);
}

void Core::bank_changed(IrqBank& bank, u32 reprioritised) {
    for_each_bit((bank.candidates() ^ bank.queued) | (reprioritised & bank.queued),
                 [&](unsigned n) { requeue(bank, n); });
}

void Core::requeue(IrqBank& bank, unsigned n) {
    const u32 mask = 1u << n;
    const VcpuIndex current = bank.queued_on[n];
    if ((bank.queued & mask) != 0) dequeue(bank, n);
    if ((bank.candidates() & mask) == 0) return;

    const VcpuIndex target = route(bank, n, current);
    bank.queued |= mask;
    bank.queued_on[n] = target;
    bank.queued_group |= bank.group & mask;
    bank.queued_priority[n] = bank.priority[n];
    if ((bank.one_of_n & mask) != 0) {
        bank.floating |= mask;
        ++floating_count_;
    }
    if (target == kNoVcpu) return;
    vcpus_[target]
        .queue(bank.group_of(n))
        .insert(PendingQueue::make_key(bank.priority[n], bank.first_intid + n));
    mark_dirty(target);
}

void Core::dequeue(IrqBank& bank, unsigned n) {
    const u32 mask = 1u << n;
    const VcpuIndex target = std::exchange(bank.queued_on[n], kNoVcpu);
    if (target != kNoVcpu) {
        const Group group = (bank.queued_group & mask) != 0 ? Group::G1 : Group::G0;
        vcpus_[target].queue(group).erase(
            PendingQueue::make_key(bank.queued_priority[n], bank.first_intid + n));
        mark_dirty(target);
    }
    if ((bank.floating & mask) != 0) --floating_count_;
    bank.queued &= ~mask;
    bank.queued_group &= ~mask;
    bank.floating &= ~mask;
}

VcpuIndex Core::route(const IrqBank& bank, unsigned n, VcpuIndex current) const {
    if (bank.owner != kNoVcpu) return bank.owner;
    const u32 intid = bank.first_intid + n;
    if ((bank.one_of_n >> n & 1u) == 0) return routes_[intid - kFirstSpi].by_affinity;
    return select_one_of_n(intid, vcpu_count(), current,
                           [&](VcpuIndex v) { return suitability(v, bank.group_of(n), bank.priority[n]); });
}

Suitability Core::suitability(VcpuIndex index, Group group, u8 priority) const {
    const Vcpu& v = vcpus_[index];
    const unsigned g = index_of(group);
    if (v.asleep || v.opted_out[g] || !v.regs.group_enable[g]) return Suitability::None;
    return has_sufficient_priority(v.regs, group, priority) ? Suitability::Ready : Suitability::Eligible;
}

void Core::cpu_changed(VcpuIndex index) {
    mark_dirty(index);
    if (floating_count_ != 0) rebalance(index);
}

// Interrupts of the 1 of N model follow the vCPUs: those on the changed one leave if another would take them
// at once, and those that wait elsewhere come if this one now would. One pass over what is queued under that
// model, which is nothing for most guests.
void Core::rebalance(VcpuIndex changed) {
    for (IrqBank& bank : spi_banks_) {
        for_each_bit(bank.floating, [&](unsigned n) {
            const auto suits = [&](VcpuIndex v) {
                return suitability(v, bank.group_of(n), bank.priority[n]);
            };
            const VcpuIndex current = bank.queued_on[n];
            if (current != kNoVcpu && suits(current) == Suitability::Ready) return;
            const Suitability here = suits(changed);
            if (current == changed || here == Suitability::Ready ||
                (here == Suitability::Eligible && current == kNoVcpu)) {
                requeue(bank, n);
            }
        });
    }
}

void Core::set_irouter(u32 intid, u64 value) {
    IrqBank& bank = *spi_bank(intid / kBankSize);
    const u32 mask_of_irq = 1u << intid % kBankSize;
    Route& route = routes_[intid - kFirstSpi];
    // Aff3, Interrupt_Routing_Mode, Aff2 to Aff0; the rest is RES0.
    route.irouter = value & (mask(39, 32) | bit(31) | mask(23, 0));
    const bool one_of_n = (value & bit(31)) != 0;
    route.by_affinity = affinities_.find(to_affinity(value)).value_or(kNoVcpu);
    bank.one_of_n = one_of_n ? bank.one_of_n | mask_of_irq : bank.one_of_n & ~mask_of_irq;
    bank_changed(bank, mask_of_irq);
}

void Core::set_group_enables(bool group0, bool group1) {
    if (group_enable_ == std::array{group0, group1}) return;
    group_enable_ = {group0, group1};
    for (VcpuIndex i = 0; i < vcpu_count(); ++i) mark_dirty(i);
}

HighestPending Core::highest_pending(const Vcpu& vcpu) const {
    if (vcpu.asleep) return {};
    const auto& at_cpu = vcpu.regs.group_enable;
    return best_of(vcpu.queues, {group_enable_[0] && at_cpu[0], group_enable_[1] && at_cpu[1]});
}

void Core::reset() {
    set_group_enables(false, false);
    const VcpuIndex reset_route = affinities_.find(0).value_or(kNoVcpu);
    for (Route& route : routes_) route = {0, reset_route};
    for (Vcpu& v : vcpus_) {
        v.regs = {};
        v.asleep = true;
        v.opted_out = {};
        v.bank.reset();
        bank_changed(v.bank);
        mark_dirty(v.bank.owner);
    }
    for (IrqBank& bank : spi_banks_) {
        bank.reset();
        bank_changed(bank);
    }
}

void Core::reset_cpu(VcpuIndex index) {
    vcpus_[index].regs = {};
    cpu_changed(index);
}

void Core::mark_dirty(VcpuIndex index) {
    if (std::exchange(vcpus_[index].dirty, true)) return;
    dirty_.push_back(index);
}

void Core::flush() {
    for (const VcpuIndex index : dirty_) {
        Vcpu& v = vcpus_[index];
        v.dirty = false;
        const HighestPending best = highest_pending(v);
        const bool signal = !best.none() && has_sufficient_priority(v.regs, best.group, best.priority);
        const bool irq = signal && best.group == Group::G1;
        const bool fiq = signal && best.group == Group::G0;
        if (irq == v.irq && fiq == v.fiq) continue;
        v.irq = irq;
        v.fiq = fiq;
        TRACE(trace::gicv3_cpuif_set_irqs, "vCPU {}: FIQ {} IRQ {} (INTID {} priority {:#x})", index, fiq,
              irq, best.intid, best.priority);
        lines_.set_cpu_lines(index, irq, fiq);
    }
    dirty_.clear();
}

}  // namespace trapeze::irqchip::gicv3

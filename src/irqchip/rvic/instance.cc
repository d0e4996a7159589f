#include "rvic/instance.h"

#include <utility>

namespace trapeze::irqchip::rvic {

// Whether an interrupt waits for delivery follows from its bits alone, so no order of calls can lose one.
void Instance::update(u32 intid) {
    const Interrupt& irq = irqs_[intid];
    const bool waits = irq.pending && !irq.masked;
    if (waits == queue_.contains(intid)) return;
    if (waits) {
        queue_.push_back(intid);
    } else {
        queue_.remove(intid);
    }
}

void Instance::enable() {
    if (std::exchange(enabled_, true)) return;
    for (u32 intid = 0; intid < irqs_.size(); ++intid) resample(intid);
}

void Instance::set_pending(u32 intid) {
    if (!enabled_) return;
    irqs_[intid].pending = true;
    update(intid);
}

void Instance::clear_pending(u32 intid) {
    irqs_[intid].pending = false;
    update(intid);
}

void Instance::set_masked(u32 intid) {
    irqs_[intid].masked = true;
    update(intid);
}

void Instance::clear_masked(u32 intid) {
    irqs_[intid].masked = false;
    resample(intid);
    update(intid);
}

void Instance::resample(u32 intid) {
    if (irqs_[intid].wires_high != 0) set_pending(intid);
}

std::optional<u32> Instance::acknowledge() {
    if (!signals()) return std::nullopt;
    const u32 intid = queue_.front();
    irqs_[intid].pending = false;
    irqs_[intid].masked = true;
    update(intid);
    return intid;
}

void Instance::wire_rises(u32 intid) {
    ++irqs_[intid].wires_high;
    set_pending(intid);
}

void Instance::reset() {
    enabled_ = false;
    for (Interrupt& irq : irqs_) irq = {.pending = false, .masked = true, .wires_high = irq.wires_high};
    queue_.clear();
}

void Instance::restore(bool enabled, std::vector<Interrupt> irqs, const std::vector<u32>& queue) {
    enabled_ = enabled;
    irqs_ = std::move(irqs);
    queue_.clear();
    for (const u32 intid : queue) queue_.push_back(intid);
}

}  // namespace trapeze::irqchip::rvic

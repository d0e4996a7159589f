// The rVIC of one vCPU: what is pending and masked in it, and what it delivers next (DEN0103). Not
// synchronised. INTIDs are valid.
#pragma once

#include <optional>
#include <vector>

#include "rvic/delivery_queue.h"

namespace trapeze::irqchip::rvic {

class Instance {
public:
    explicit Instance(u32 intid_count) : irqs_(intid_count), queue_(intid_count) {}

    struct Interrupt {
        bool pending = false;
        bool masked = true;
        // How many wires that lead here are high: any number of rVID inputs, or the one wire of a trusted
        // interrupt. A high wire makes the interrupt pending when it rises and whenever the guest may have
        // stopped to know about it: at ENABLE, CLEAR_MASKED and RESAMPLE. A low one takes nothing back.
        u16 wires_high = 0;
    };

    bool enabled() const { return enabled_; }
    const Interrupt& irq(u32 intid) const { return irqs_[intid]; }
    // What is pending and not masked, whether the rVIC is enabled or not.
    const DeliveryQueue& queue() const { return queue_; }
    // The level of the vCPU's IRQ input.
    bool signals() const { return enabled_ && !queue_.empty(); }

    // The calls. What becomes pending while the rVIC is disabled is lost, unless a wire stays high.
    void enable();
    void disable() { enabled_ = false; }
    void set_pending(u32 intid);
    void clear_pending(u32 intid);
    void set_masked(u32 intid);
    void clear_masked(u32 intid);
    void resample(u32 intid);
    // The INTID that has waited longest, now masked and not pending; none if there is nothing to deliver.
    std::optional<u32> acknowledge();

    void wire_rises(u32 intid);
    void wire_falls(u32 intid) { --irqs_[intid].wires_high; }

    // Everything but the wires.
    void reset();
    // To any state. `queue` has what is pending and not masked.
    void restore(bool enabled, std::vector<Interrupt> irqs, const std::vector<u32>& queue);

private:
    void update(u32 intid);

    bool enabled_ = false;
    std::vector<Interrupt> irqs_;  // by INTID
    DeliveryQueue queue_;
};

}  // namespace trapeze::irqchip::rvic

// What is around a vCPU: an interrupt controller and a machine that take no notice. Tests override what they
// look at.
#pragma once

#include "trapeze/vcpu/vcpu.h"

namespace trapeze::vcpu {

class FakeHost : public bus::IrqSink, public VcpuHost {
public:
    void set_level(bus::IntId, bool) override {}
    void pulse(bus::IntId) override {}
    void set_private_level(bus::VcpuIndex, bus::IntId, bool) override {}
    void machine_stop_requested(bus::VcpuIndex, trap::StopReason) override {}
    void vcpu_failed(bus::VcpuIndex, const std::string&) override {}
    void reset_pe_state(bus::VcpuIndex) override {}
};

// With the interrupts of the Arm Base System Architecture.
inline Vcpu::Config fake_config(bus::VcpuIndex index, EntryFeatures features = {}) {
    return {.index = index,
            .private_interrupts = {bus::IntId{27}, bus::IntId{30}, bus::IntId{23}},
            .entry_features = features};
}

}  // namespace trapeze::vcpu

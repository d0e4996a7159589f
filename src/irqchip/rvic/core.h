// The state of all rVICs and of the rVID.
#pragma once

#include <vector>

#include "affinity.h"
#include "rvic/instance.h"
#include "shared_core.h"
#include "trapeze/irqchip/rvic.h"

namespace trapeze::irqchip::rvic {

using bus::VcpuIndex;

// Not synchronised: reachable only through SharedCore::Transaction. Its arguments are valid.
class Core {
public:
    Core(const RvicConfig& config, bus::CpuLineSink& lines);

    u32 trusted_count() const { return trusted_count_; }
    u32 intid_count() const { return intid_count_; }
    u32 input_count() const { return static_cast<u32>(inputs_.size()); }
    VcpuIndex vcpu_count() const { return static_cast<VcpuIndex>(vcpus_.size()); }
    const AffinityMap& affinities() const { return affinities_; }

    // A vCPU's rVIC, whose line follows it when the transaction ends.
    Instance& rvic(VcpuIndex index) {
        mark_dirty(index);
        return vcpus_[index].rvic;
    }
    RvicIrqState irq_state(VcpuIndex vcpu, u32 intid) const;
    RvicCpuState cpu_state(VcpuIndex vcpu) const;
    const RvidInputState& input_state(u32 input) const { return inputs_[input]; }

    void map(u32 input, RvidTarget target);
    void unmap(u32 input);
    void set_input(u32 input, bool level);
    void pulse_input(u32 input);
    void set_trusted(VcpuIndex vcpu, u32 intid, bool level);

    void reset();

    RvicSnapshot save() const;
    Result<> restore(const RvicSnapshot& snapshot);

    // Drives the lines of every vCPU that may have changed.
    void flush();

private:
    struct Vcpu {
        explicit Vcpu(u32 intid_count) : rvic(intid_count) {}

        Instance rvic;
        bool line = false;   // as last driven
        bool dirty = false;  // in dirty_
    };

    void mark_dirty(VcpuIndex index);
    Result<> check(const RvicSnapshot& snapshot) const;
    Result<> check(const RvicSnapshot::Cpu& cpu) const;

    bus::CpuLineSink& lines_;
    const u32 trusted_count_;
    const u32 intid_count_;
    const AffinityMap affinities_;
    std::vector<Vcpu> vcpus_;
    std::vector<RvidInputState> inputs_;
    std::vector<VcpuIndex> dirty_;  // each vCPU at most once
};

using SharedCore = irqchip::SharedCore<Core>;

}  // namespace trapeze::irqchip::rvic

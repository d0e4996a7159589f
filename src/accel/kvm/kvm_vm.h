#pragma once

#include <vector>

#include "kvm/kvm_ioctl.h"
#include "trapeze/accel/kvm.h"

namespace trapeze::accel {

class KvmVcpu;

class KvmVm final : public Vm {
public:
    // `system` is /dev/kvm, `vm` a fresh VM, of the trap-all type or not.
    KvmVm(Fd system, Fd vm, unsigned ipa_bits, bool trap_all);

    std::string_view name() const override { return trap_all_ ? "trap-harder" : "kvm"; }
    bool traps_everything() const override { return trap_all_; }
    IrqchipSupport irqchip_support() const override;
    std::string kept() const override;
    bool manages_power() const override { return !trap_all_ && !forwards_calls_; }
    unsigned max_vcpus() const override;
    unsigned ipa_bits() const override { return ipa_bits_; }
    VcpuFeatures available_features() const override;
    Result<> map_ram(mem::GpaRange range, void* host) override;
    Result<> add_doorbell(mem::Gpa address, u32 value, int fd) override;
    Result<> forward_calls(bool has_gic) override;
    Result<std::unique_ptr<Vcpu>> create_vcpu(unsigned index, u64 mpidr,
                                              const VcpuFeatures& features) override;
    Result<std::unique_ptr<KernelGic>> create_gic(const KernelGicConfig& config) override;
    Result<> finish_vcpus(u32 pmu_interrupt) override;

private:
    const Fd system_;
    const Fd vm_;
    const unsigned ipa_bits_;
    const bool trap_all_;
    u32 slots_ = 0;
    bool forwards_calls_ = false;  // const once there are vCPUs
    bool has_gic_ = false;         // likewise
    std::vector<u64> mpidrs_;
    std::vector<KvmVcpu*> unfinished_;  // created, and alive until finish_vcpus()
};

}  // namespace trapeze::accel

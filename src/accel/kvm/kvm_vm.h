#pragma once

#include "kvm/kvm_ioctl.h"
#include "trapeze/accel/kvm.h"

namespace trapeze::accel {

class KvmVm final : public Vm {
public:
    // `system` is /dev/kvm, `vm` a fresh trap-all VM.
    KvmVm(Fd system, Fd vm, unsigned ipa_bits);

    std::string_view name() const override { return "trap-harder"; }
    unsigned max_vcpus() const override;
    unsigned ipa_bits() const override { return ipa_bits_; }
    VcpuFeatures available_features() const override;
    Result<> map_ram(mem::GpaRange range, void* host) override;
    Result<std::unique_ptr<Vcpu>> create_vcpu(unsigned index, u64 mpidr,
                                              const VcpuFeatures& features) override;

private:
    const Fd system_;
    const Fd vm_;
    const unsigned ipa_bits_;
    u32 slots_ = 0;
};

}  // namespace trapeze::accel

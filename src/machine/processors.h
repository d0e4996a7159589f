// Builds the vCPUs: accelerator vCPUs, the registers the guest sees, and the tables that serve its traps.
#pragma once

#include <memory>
#include <vector>

#include "cpu_set.h"
#include "firmware.h"
#include "irqchip_choice.h"
#include "platform.h"
#include "trapeze/accel/accel.h"
#include "trapeze/machine/config.h"
#include "trapeze/trap/sysregs/cpu_sysregs.h"

namespace trapeze::machine {

class Processors {
public:
    // Creates the accelerator's vCPUs with the features that `config` asks for and the host has.
    static Result<std::unique_ptr<Processors>> create(const CpuConfig& config, unsigned count, accel::Vm& vm,
                                                      const IrqchipChoice& irqchip);
    // Once the interrupt controller exists, as far as it is the accelerator's: completes the vCPUs, and reads
    // what the guest's identification registers are made of. `memory` is the guest's, and outlives the vCPUs.
    Result<> finish(accel::Vm& vm, const mem::GuestMemory& memory);

    // Hands the vCPUs to `cpus`, connected to everything they can reach. Once. Their timers are wired to `irqs`.
    void connect(CpuSet& cpus, Platform& platform, const Firmware& firmware, mem::GuestMemory& memory,
                 bus::IrqSink& irqs, vcpu::VcpuHost& host);

    const accel::VcpuFeatures& features() const { return features_; }
    // For Firmware; valid until connect().
    std::optional<u64> smccc_workaround(unsigned n) { return accels_.front()->smccc_workaround(n); }
    // PE reset of the state kept here. On the vCPU's thread.
    void reset(bus::VcpuIndex vcpu) { units_[vcpu]->registers.reset(); }

private:
    struct Unit {
        Unit(const trap::IdRegisters& ids, const trap::CacheSizes& caches, const mem::GuestMemory& memory)
            : registers(ids, caches, memory) {}
        trap::PerVcpuSysRegs registers;
        trap::SysRegSpace space;
    };

    Processors(IrqchipKind irqchip, const accel::Vm& vm)
        : irqchip_(irqchip),
          traps_everything_(vm.traps_everything()),
          accel_manages_power_(vm.manages_power()) {}

    bool has_gicv3_registers() const;

    const IrqchipKind irqchip_;
    const bool traps_everything_;
    const bool accel_manages_power_;
    accel::VcpuFeatures features_;  // const after create(), as the next two after finish()
    std::vector<std::unique_ptr<accel::Vcpu>> accels_;  // until connect()
    std::unique_ptr<trap::IdRegisters> ids_;
    trap::CacheSizes caches_{};
    std::vector<std::unique_ptr<Unit>> units_;          // one per vCPU, used on its thread
};

}  // namespace trapeze::machine

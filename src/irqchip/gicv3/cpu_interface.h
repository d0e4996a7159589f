// The ICC_* system registers of one vCPU (IHI0069 "GIC CPU interface registers").
#pragma once

#include <span>

#include "gicv3/core.h"
#include "trapeze/trap/sysreg_table.h"

namespace trapeze::irqchip::gicv3 {

// Called on the thread of its vCPU; the state is in the shared core.
class CpuInterface {
public:
    CpuInterface(SharedCore& shared, VcpuIndex index) : shared_(shared), index_(index) {}

    static std::span<const trap::SysRegRow<CpuInterface>> rows();

    u64 pmr();
    void set_pmr(u64 value);
    template <Group G>
    u64 bpr();
    template <Group G>
    void set_bpr(u64 value);
    template <Group G>
    u64 active_priorities();
    template <Group G>
    void set_active_priorities(u64 value);
    template <Group G>
    u64 group_enable();
    template <Group G>
    void set_group_enable(u64 value);
    u64 ctlr();
    void set_ctlr(u64 value);
    u64 sre() { return 7; }  // DIB, DFB, SRE: the memory-mapped GICC is not there
    void set_sre(u64) {}

    template <Group G>
    u64 iar();
    template <Group G>
    u64 hppir();
    u64 rpr();
    template <Group G>
    void set_eoir(u64 value);
    void set_dir(u64 value);
    // The register for group G; AnyGroup says whether it may also make an SGI of the other group pending.
    template <Group G, bool AnyGroup>
    void set_sgir(u64 value);

private:
    void deactivate(Core& core, u32 intid);

    SharedCore& shared_;
    const VcpuIndex index_;
};

}  // namespace trapeze::irqchip::gicv3

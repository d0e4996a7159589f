// HCR_EL2 as it takes effect on address translation.
#pragma once

#include "trapeze/arch/translation.h"
#include "trapeze/mem/mmu_features.h"
#include "trapeze/mem/mmu_registers.h"

namespace trapeze::mem {

struct HypervisorControls {
    bool e2h = false;
    bool tge = false;
    bool vm = false;  // stage 2 of EL1&0 is on, be it for DC
    bool dc = false;
    bool dct = false;  // what DC makes Write-Back is Tagged, too
    bool ptw = false;
    bool cd = false;
    bool id = false;
    bool fwb = false;
    bool nv1 = false;  // EL1 is a guest hypervisor that believes to be at EL2
    // Without EL2 nobody gates TCR2_EL1.
    bool tcr2_el1 = true;

    // EL0 is the host's: it uses EL2&0, and there is no EL1 (ELIsInHost).
    constexpr bool in_host() const { return e2h && tge; }
};

constexpr HypervisorControls hypervisor_controls(const El2Registers& r, const MmuFeatures& f) {
    using arch::HcrEl2;
    HypervisorControls h;
    if (!f.el2) return h;
    const u64 hcr = r.HCR_EL2;
    h.e2h = f.vhe && (HcrEl2::E2H::get(hcr) != 0 || !f.e2h0);
    h.tge = HcrEl2::TGE::get(hcr) != 0;
    h.tcr2_el1 = f.hcx && arch::HcrxEl2::TCR2En::get(r.HCRX_EL2) != 0;
    // The rest is for EL1, and behaves as 0 for a host.
    if (h.in_host()) return h;
    h.dc = HcrEl2::DC::get(hcr) != 0;
    h.dct = f.mte2 && HcrEl2::DCT::get(hcr) != 0;
    h.vm = h.dc || HcrEl2::VM::get(hcr) != 0;
    h.ptw = HcrEl2::PTW::get(hcr) != 0;
    h.cd = HcrEl2::CD::get(hcr) != 0;
    h.id = HcrEl2::ID::get(hcr) != 0;
    h.fwb = f.fwb && HcrEl2::FWB::get(hcr) != 0;
    h.nv1 = f.nv && HcrEl2::NV::get(hcr) != 0 && HcrEl2::NV1::get(hcr) != 0;
    return h;
}

}  // namespace trapeze::mem

#include "irqchip_choice.h"

#include "trapeze/irqchip/gicv2.h"

namespace trapeze::machine {
namespace {

class Chooser {
public:
    Chooser(const IrqchipConfig& config, const AccelConfig& accel, const accel::IrqchipSupport& support,
            unsigned vcpus)
        : config_(config),
          support_(support),
          trap_harder_(accel.kind == AccelKind::TrapHarder),
          wants_kernel_(accel.kernel_irqchip),
          vcpus_(vcpus) {}

    Result<IrqchipChoice> choose() const {
        if (config_.rvic) return choose_rvic();
        if (trap_harder_ || wants_kernel_ == OnOffAuto::Off) return choose_userspace();
        // Without being asked, not everything the kernel lacks is an error.
        if (wants_kernel_ == OnOffAuto::On || support_.gicv3 || support_.gicv2) return choose_kernel();
        return choose_userspace();
    }

private:
    bool wants(GicVersion version) const { return config_.gic == version; }

    Result<> no_its() const {
        if (config_.its != OnOffAuto::On) return {};
        return fail("its=on: only the GICv3 of the kernel has an ITS here; use -accel kvm,kernel-irqchip=on");
    }

    Result<IrqchipChoice> choose_rvic() const {
        TRY(no_its());
        if (config_.gic != GicVersion::Auto) return fail("irqchip=rvic has no GIC; leave out gic-version");
        if (wants_kernel_ == OnOffAuto::On) {
            return fail("irqchip=rvic: KVM has no rVIC in the kernel; use kernel-irqchip=off");
        }
        if (!support_.forwards_calls) {
            return fail("irqchip=rvic needs a host kernel that forwards hypercalls (Linux 6.4); use "
                        "gic-version=max in its place");
        }
        return IrqchipChoice{IrqchipKind::Rvic};
    }

    Result<IrqchipChoice> choose_userspace() const {
        TRY(no_its());
        const bool gicv3 = support_.forwards_gicv3_registers;
        if (wants(GicVersion::V3) && !gicv3) return no_userspace_gicv3();
        if (!wants(GicVersion::V2) && gicv3) return IrqchipChoice{IrqchipKind::Gicv3};
        return choose_userspace_gicv2();
    }

    Result<IrqchipChoice> no_userspace_gicv3() const {
        if (trap_harder_) {
            return fail("the host has no GICv3 CPU interface, which trap-harder needs to forward the guest's; "
                        "use gic-version=2");
        }
        return fail("gic-version=3 with kernel-irqchip=off: KVM does not forward a guest's accesses to the "
                    "registers of a GICv3, other than with -accel trap-harder; use gic-version=2, or "
                    "kernel-irqchip=on");
    }

    Result<IrqchipChoice> choose_userspace_gicv2() const {
        if (vcpus_ > irqchip::kGicv2MaxVcpus) return too_many_for_gicv2();
        if (!support_.forwards_calls) {
            return fail("kernel-irqchip=off needs a host kernel that forwards hypercalls (Linux 6.4); use "
                        "kernel-irqchip=on");
        }
        return IrqchipChoice{IrqchipKind::Gicv2};
    }

    Result<IrqchipChoice> too_many_for_gicv2() const {
        return fail("a GICv2 has room for {} vCPUs, not for {}; use {}", irqchip::kGicv2MaxVcpus, vcpus_,
                    trap_harder_ || wants_kernel_ != OnOffAuto::Off
                        ? "gic-version=3"
                        : "kernel-irqchip=on with gic-version=3, or irqchip=rvic");
    }

    Result<IrqchipChoice> choose_kernel() const {
        if (wants(GicVersion::V3) && !support_.gicv3) {
            return fail("gic-version=3: this host's KVM has none; use gic-version=2");
        }
        if (!wants(GicVersion::V2) && support_.gicv3) {
            if (config_.its == OnOffAuto::On && !support_.its) {
                return fail("its=on: this host's KVM has no ITS; use its=off");
            }
            return IrqchipChoice{IrqchipKind::KernelGicv3, config_.its != OnOffAuto::Off && support_.its};
        }
        if (config_.its == OnOffAuto::On) return fail("its=on: a GICv2 has no ITS; use gic-version=3");
        if (!support_.gicv2) {
            return fail("{}", wants(GicVersion::V2)
                                  ? "gic-version=2: this host's KVM has none in the kernel; use "
                                    "gic-version=3, or kernel-irqchip=off"
                                  : "kernel-irqchip=on: this host's KVM has no interrupt controller; use "
                                    "kernel-irqchip=off");
        }
        if (vcpus_ > irqchip::kGicv2MaxVcpus) return too_many_for_gicv2();
        return IrqchipChoice{IrqchipKind::KernelGicv2};
    }

    const IrqchipConfig& config_;
    const accel::IrqchipSupport& support_;
    const bool trap_harder_;
    const OnOffAuto wants_kernel_;
    const unsigned vcpus_;
};

}  // namespace

Result<IrqchipChoice> choose_irqchip(const IrqchipConfig& config, const AccelConfig& accel,
                                     const accel::IrqchipSupport& support, unsigned vcpus) {
    IrqchipChoice choice = TRY(Chooser(config, accel, support, vcpus).choose());
    choice.sdei = config.sdei != OnOffAuto::Off && (config.sdei == OnOffAuto::On || !is_in_kernel(choice.kind));
    // Where the interrupt controller is emulated here, its choice has made sure of this.
    if (choice.sdei && !support.forwards_calls) {
        return fail("sdei=on needs a host kernel that forwards hypercalls (Linux 6.4); use sdei=off");
    }
    return choice;
}

}  // namespace trapeze::machine

#include "accel_select.h"

#include "trapeze/accel/kvm.h"
#include "trapeze/base/log.h"

namespace trapeze::machine {
namespace {

Result<SelectedAccel> create(const MachineConfig& config, const AccelConfig& accel, unsigned address_bits) {
    SelectedAccel selected;
    selected.vm =
        TRY(accel.kind == AccelKind::TrapHarder
                ? accel::create_kvm_trap_harder(address_bits, {.address_translation = accel.trap_at})
                : accel::create_kvm(address_bits));
    selected.irqchip = TRY(choose_irqchip(config.irqchip, accel, selected.vm->irqchip_support(), config.vcpus));
    return selected;
}

const char* name(AccelKind kind) {
    return kind == AccelKind::TrapHarder ? "trap-harder" : "kvm";
}

}  // namespace

Result<SelectedAccel> select_accel(const MachineConfig& config, unsigned address_bits) {
    std::string reasons;
    for (const AccelConfig& accel : config.accels) {
        auto selected = create(config, accel, address_bits);
        if (selected) {
            if (!reasons.empty()) print_note(fmt::format("using -accel {} ({})", name(accel.kind), reasons));
            return selected;
        }
        if (!reasons.empty()) reasons += "; ";
        reasons += fmt::format("-accel {}: {}", name(accel.kind), selected.error().message());
    }
    return fail("{}", reasons.empty() ? "no accelerator requested" : reasons);
}

}  // namespace trapeze::machine

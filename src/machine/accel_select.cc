#include "accel_select.h"

#include "trapeze/accel/kvm.h"

namespace trapeze::machine {
namespace {

Result<std::unique_ptr<accel::Vm>> create(const AccelConfig& accel, unsigned address_bits) {
    switch (accel.kind) {
        case AccelKind::TrapHarder: return accel::create_kvm_trap_harder(address_bits);
        case AccelKind::Kvm: return fail("only kvm,trap-harder=on is available; use -accel trap-harder");
    }
    return fail("unknown accelerator");
}

const char* name(AccelKind kind) {
    return kind == AccelKind::TrapHarder ? "trap-harder" : "kvm";
}

}  // namespace

Result<std::unique_ptr<accel::Vm>> select_accel(const MachineConfig& config, unsigned address_bits) {
    std::string reasons;
    for (const AccelConfig& accel : config.accels) {
        auto vm = create(accel, address_bits);
        if (vm) return vm;
        if (!reasons.empty()) reasons += "; ";
        reasons += fmt::format("-accel {}: {}", name(accel.kind), vm.error().message());
    }
    return fail("{}", reasons.empty() ? "no accelerator requested" : reasons);
}

}  // namespace trapeze::machine

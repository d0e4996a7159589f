// The KVM accelerator. Only src/accel/kvm knows the KVM ABI.
#pragma once

#include <memory>

#include "trapeze/accel/accel.h"

namespace trapeze::accel {

// Opens /dev/kvm and creates a VM with at least `min_ipa_bits` of guest physical address space. Both fail, with
// the reason, where there is no /dev/kvm or it lacks what the program cannot do without.
Result<std::unique_ptr<Vm>> create_kvm(unsigned min_ipa_bits);
// What of the guest traps only if asked for.
struct TrapHarderOptions {
    bool address_translation = false;  // AT instructions of EL1
};
// Of the trap-all type: fails also where the kernel does not know it, or the host not what is asked for.
Result<std::unique_ptr<Vm>> create_kvm_trap_harder(unsigned min_ipa_bits, const TrapHarderOptions& options);

}  // namespace trapeze::accel

// ioctl with EINTR passed through: KVM_RUN uses it, and no other KVM call returns it.
#pragma once

#include <sys/ioctl.h>

#include "trapeze/base/fd.h"
#include "trapeze_kvm.h"

namespace trapeze::accel {

template <typename Arg>
int kvm_ioctl(const Fd& fd, unsigned long request, Arg* argument) {
    return ::ioctl(fd.get(), request, argument);
}
inline int kvm_ioctl(const Fd& fd, unsigned long request, unsigned long argument = 0) {
    return ::ioctl(fd.get(), request, argument);
}

// Value of a capability; 0 when absent.
inline int kvm_check(const Fd& fd, int capability) {
    const int value = kvm_ioctl(fd, kvm::kCheckExtension, static_cast<unsigned long>(capability));
    return value < 0 ? 0 : value;
}

}  // namespace trapeze::accel

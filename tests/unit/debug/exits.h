// A bus, hypercalls, and exits to observe.
#pragma once

#include "trapeze/debug/exit_key.h"
#include "trapeze/mem/guest_memory.h"

namespace trapeze::debug {

class NamedDevice final : public bus::MmioDevice {
public:
    explicit NamedDevice(std::string_view name) : name_(name) {}
    u64 mmio_read(const bus::MmioAccess&) override { return 0x90; }
    void mmio_write(const bus::MmioAccess&, u64) override {}
    void reset() override {}
    std::string_view name() const override { return name_; }

private:
    std::string_view name_;
};

struct CallOwner {};
inline constexpr trap::HypercallRow<CallOwner> kCallRows[] = {
    {0x8400'0000, 0,
     [](CallOwner&, trap::CpuPort&, const trap::HypercallArgs&) -> trap::Outcome {
         return trap::CallResult{{0x1'0003}, 1};
     },
     "DEN0022 PSCI_VERSION"},
    {0xc400'0003, 3,
     [](CallOwner&, trap::CpuPort&, const trap::HypercallArgs&) -> trap::Outcome {
         return trap::CallResult{{0}, 1};
     },
     "DEN0022 CPU_ON"},
};

struct Surroundings {
    Surroundings() {
        bus.add({mem::Gpa{0x0900'0000}, 0x1000}, uart);
        bus.add({mem::Gpa{0x0a00'0000}, 0x200}, virtio0);
        bus.add({mem::Gpa{0x0a00'0200}, 0x200}, virtio1);
        bus.add({mem::Gpa{0x0b00'0000}, 0x100}, banked, 0);
        bus.add({mem::Gpa{0x0b00'1000}, 0x100}, banked, 0x100);
        calls.add(owner, std::span(kCallRows));
    }
    NamedDevice uart{"pl011"}, virtio0{"virtio-mmio"}, virtio1{"virtio-mmio"}, banked{"gicr"};
    bus::MmioBus bus;
    mem::GuestMemory memory;
    CallOwner owner;
    trap::HypercallSpace calls;
};

// Times in ns: in the guest from `entered` on, handled for `handling`, asleep for `blocked` of that in
// addition.
inline vcpu::ObservedExit observed(trap::Trap trap, u64 entered = 1000, u64 guest = 100, u64 handling = 10,
                                   u64 blocked = 0) {
    vcpu::ObservedExit exit;
    exit.kind = vcpu::ObservedExit::Kind::Trap;
    exit.trap = trap;
    exit.pc = 0x4000'0100;
    exit.entered_ns = entered;
    exit.exited_ns = entered + guest;
    if (blocked > 0) {
        exit.blocked_from_ns = exit.exited_ns + handling / 2;
        exit.blocked_until_ns = exit.blocked_from_ns + blocked;
    }
    exit.done_ns = exit.exited_ns + handling + blocked;
    return exit;
}
inline trap::Trap sysreg(arch::SysReg reg, bool read) {
    return trap::SysRegTrap{reg, 0, read};
}
inline trap::Trap mmio(u64 address, bool write = false) {
    return trap::MmioTrap{mem::Gpa{address}, 4, write, 0};
}

}  // namespace trapeze::debug

#include "kvm/kvm_vm.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "kvm/kvm_gic.h"
#include "kvm/kvm_vcpu.h"
#include "trapeze/arch/psci.h"
#include "trapeze/base/check.h"

namespace trapeze::accel {
namespace {

Result<Fd> open_kvm() {
#if !defined(__aarch64__)
    return fail("the KVM accelerator needs an arm64 host");
#else
    constexpr const char* kDevice = "/dev/kvm";
    Fd fd(::open(kDevice, O_RDWR | O_CLOEXEC));
    if (!fd.valid()) {
        if (errno == ENOENT) return fail("no {}: this host has no KVM, or its module is not loaded", kDevice);
        return fail_errno(errno, "could not open {}", kDevice);
    }
    const int version = kvm_ioctl(fd, kvm::kGetApiVersion);
    if (version != kvm::kApiVersion)
        return fail("{} has API version {}, expected {}", kDevice, version, kvm::kApiVersion);
    return fd;
#endif
}

bool can_filter_calls(const Fd& vm) {
    kvm::DeviceAttr attribute{};
    attribute.group = kvm::kVmSmcccGroup;
    attribute.attr = kvm::kVmSmcccFilter;
    return kvm_ioctl(vm, kvm::kHasDeviceAttr, &attribute) == 0;
}

Result<> trap_address_translation(const Fd& vm) {
    kvm::EnableCap at{};
    at.cap = kvm::kCapArmTrapAt;
    if (kvm_ioctl(vm, kvm::kEnableCap, &at) == 0) return {};
    switch (errno) {
        case EOPNOTSUPP:
            return fail("trap-at=on needs a CPU with FEAT_FGT or FEAT_NV, and this host's has neither");
        case EINVAL:
            return fail("trap-at=on: the host kernel cannot trap AT instructions (KVM_CAP_ARM_TRAP_AT)");
        default: return fail_errno(errno, "trap-at=on");
    }
}

// `type`: kVmType* bits above the size of the guest physical address space.
Result<std::unique_ptr<KvmVm>> create_vm(unsigned min_ipa_bits, u64 type, const TrapHarderOptions& options) {
    Fd system = TRY(open_kvm());
    const int reported = kvm_check(system, kvm::kCapArmVmIpaSize);
    const unsigned host_ipa_bits = reported > 0 ? static_cast<unsigned>(reported) : 40;
    if (min_ipa_bits > host_ipa_bits) {
        return fail("the machine needs {} bits of guest physical addresses, this host has {}", min_ipa_bits,
                    host_ipa_bits);
    }
    // More bits than needed cost nothing up to 40, the size that KVM uses when not asked.
    const unsigned ipa_bits = std::max(min_ipa_bits, std::min(40u, host_ipa_bits));
    Fd vm(kvm_ioctl(system, kvm::kCreateVm, type | ipa_bits));
    if (!vm.valid()) {
        if (type == kvm::kVmTypeArmTrapAll && errno == EINVAL) {
            return fail("the host kernel does not have the trap-all VM type (KVM_VM_TYPE_ARM_TRAP_ALL)");
        }
        return fail_errno(errno, "could not create a virtual machine");
    }
    for (const int capability : {kvm::kCapImmediateExit, kvm::kCapArmUserIrq, kvm::kCapOneReg}) {
        if (kvm_check(vm, capability) == 0) return fail("the host's KVM lacks capability {}", capability);
    }
    kvm::EnableCap nisv{};
    nisv.cap = kvm::kCapArmNisvToUser;
    if (kvm_ioctl(vm, kvm::kEnableCap, &nisv) != 0) {
        return fail_errno(errno, "the host's KVM cannot report accesses without a syndrome");
    }
    if (options.address_translation) TRY(trap_address_translation(vm));
    install_kick_signal();
    return std::make_unique<KvmVm>(std::move(system), std::move(vm), ipa_bits, type == kvm::kVmTypeArmTrapAll);
}

}  // namespace

Result<std::unique_ptr<Vm>> create_kvm(unsigned min_ipa_bits) {
    return create_vm(min_ipa_bits, 0, {});
}

Result<std::unique_ptr<Vm>> create_kvm_trap_harder(unsigned min_ipa_bits, const TrapHarderOptions& options) {
    return create_vm(min_ipa_bits, kvm::kVmTypeArmTrapAll, options);
}

KvmVm::KvmVm(Fd system, Fd vm, unsigned ipa_bits, bool trap_all)
    : system_(std::move(system)), vm_(std::move(vm)), ipa_bits_(ipa_bits), trap_all_(trap_all) {}

// KVM can create a vGICv3 exactly when it found a GICv3 with the CPU interface registers.
IrqchipSupport KvmVm::irqchip_support() const {
    const bool host_has_gicv3 = kvm_has_device(vm_, kvm::kDevTypeArmVgicV3);
    if (trap_all_) return {.forwards_gicv3_registers = host_has_gicv3, .forwards_calls = true};
    return {.forwards_calls = can_filter_calls(vm_),
            .gicv2 = kvm_has_device(vm_, kvm::kDevTypeArmVgicV2),
            .gicv3 = host_has_gicv3,
            .its = kvm_has_device(vm_, kvm::kDevTypeArmVgicIts)};
}

std::string KvmVm::kept() const {
    // Answered in assembly, before anything else looks (Linux arch/arm64/kvm/hyp/hyp-entry.S).
    constexpr std::string_view kWorkarounds = "  HVC of SMCCC_ARCH_WORKAROUND_1 to 3\n";
    if (trap_all_) {
        return fmt::format("{}  set/way cache maintenance; debug, timer and PMU registers\n", kWorkarounds);
    }
    constexpr std::string_view kArchitecture =
        "  Arm Architecture Calls (0x80000000 to 0x8000ffff, 0xc0000000 to 0xc000ffff)\n";
    constexpr std::string_view kAllCalls = "  all calls: PSCI, TRNG, Arm Architecture Calls, KVM's own services\n";
    return fmt::format("{}{}{}  system registers and WFI\n", forwards_calls_ ? kArchitecture : kAllCalls,
                       forwards_calls_ && has_gic_ ? "  PSCI CPU_SUSPEND\n" : "",
                       has_gic_ ? "  accesses to the interrupt controller\n" : "");
}

unsigned KvmVm::max_vcpus() const {
    return static_cast<unsigned>(std::max(kvm_check(vm_, kvm::kCapMaxVcpus), 1));
}

VcpuFeatures KvmVm::available_features() const {
    return {.pmu = kvm_check(vm_, kvm::kCapArmPmuV3) != 0,
            .sve = kvm_check(vm_, kvm::kCapArmSve) != 0,
            .pauth = kvm_check(vm_, kvm::kCapArmPtrauthAddress) != 0 &&
                     kvm_check(vm_, kvm::kCapArmPtrauthGeneric) != 0};
}

Result<> KvmVm::map_ram(mem::GpaRange range, void* host) {
    kvm::UserspaceMemoryRegion region{};
    region.slot = slots_;
    region.guest_phys_addr = range.base.value;
    region.memory_size = range.size;
    region.userspace_addr = reinterpret_cast<u64>(host);
    if (kvm_ioctl(vm_, kvm::kSetUserMemoryRegion, &region) != 0) {
        return fail_errno(errno, "could not give {} MiB at {:#x} to the guest", range.size >> 20,
                          range.base.value);
    }
    ++slots_;
    return {};
}

Result<> KvmVm::add_doorbell(mem::Gpa address, u32 value, int fd) {
    kvm::Ioeventfd doorbell{};
    doorbell.datamatch = value;
    doorbell.addr = address.value;
    doorbell.len = sizeof value;
    doorbell.fd = fd;
    doorbell.flags = kvm::kIoeventfdFlagDatamatch;
    if (kvm_ioctl(vm_, kvm::kIoeventfd, &doorbell) != 0)
        return fail_errno(errno, "could not have writes to {:#x} signalled", address.value);
    return {};
}

// Linux "virt/kvm/devices/vm.rst", KVM_ARM_VM_SMCCC_FILTER. The kernel reserves the fast calls of owner 0, the
// Arm Architecture Calls.
Result<> KvmVm::forward_calls(bool has_gic) {
    CHECK(mpidrs_.empty());
    if (trap_all_) return {};
    using arch::psci::CPU_SUSPEND, arch::psci::CPU_SUSPEND_64;
    constexpr struct {
        u32 first, last;
    } kRanges[] = {{0, 0x7fff'ffff},
                   {0x8001'0000, CPU_SUSPEND - 1},
                   {CPU_SUSPEND, CPU_SUSPEND},
                   {CPU_SUSPEND + 1, 0xbfff'ffff},
                   {0xc001'0000, CPU_SUSPEND_64 - 1},
                   {CPU_SUSPEND_64, CPU_SUSPEND_64},
                   {CPU_SUSPEND_64 + 1, 0xffff'ffff}};
    for (const auto& [first, last] : kRanges) {
        if (has_gic && (first == CPU_SUSPEND || first == CPU_SUSPEND_64)) continue;
        kvm::SmcccFilter filter{};
        filter.base = first;
        filter.nr_functions = last - first + 1;
        filter.action = kvm::kSmcccFilterForward;
        kvm::DeviceAttr attribute{0, kvm::kVmSmcccGroup, kvm::kVmSmcccFilter, reinterpret_cast<u64>(&filter)};
        if (kvm_ioctl(vm_, kvm::kSetDeviceAttr, &attribute) != 0)
            return fail_errno(errno, "the host's KVM does not forward hypercalls");
    }
    forwards_calls_ = true;
    return {};
}

Result<std::unique_ptr<Vcpu>> KvmVm::create_vcpu(unsigned index, u64 mpidr, const VcpuFeatures& features) {
    Fd fd(kvm_ioctl(vm_, kvm::kCreateVcpu, index));
    if (!fd.valid()) return fail_errno(errno, "could not create vCPU {}", index);

    const int run_size = kvm_ioctl(system_, kvm::kGetVcpuMmapSize);
    if (run_size < static_cast<int>(sizeof(kvm::Run)))
        return fail("KVM's run area is too small ({})", run_size);

    kvm::VcpuInit init{};
    if (kvm_ioctl(vm_, kvm::kArmPreferredTarget, &init) != 0)
        return fail_errno(errno, "no CPU target for vCPU {}", index);
    const auto request = [&init](unsigned feature) { init.features[feature / 32] |= 1u << feature % 32; };
    request(kvm::kVcpuPsci02);
    if (manages_power() && index > 0) request(kvm::kVcpuPowerOff);
    if (features.pmu) request(kvm::kVcpuPmuV3);
    if (features.sve) request(kvm::kVcpuSve);
    if (features.pauth) {
        request(kvm::kVcpuPtrauthAddress);
        request(kvm::kVcpuPtrauthGeneric);
    }
    constexpr u64 kMpidrRes1 = bit(31);
    auto vcpu = TRY(KvmVcpu::create(vm_, std::move(fd), index, kMpidrRes1 | mpidr,
                                    static_cast<std::size_t>(run_size), init));
    mpidrs_.push_back(mpidr);
    unfinished_.push_back(vcpu.get());
    return vcpu;
}

Result<std::unique_ptr<KernelGic>> KvmVm::create_gic(const KernelGicConfig& config) {
    auto gic = TRY(create_kvm_gic(vm_, config, mpidrs_));
    has_gic_ = true;
    return gic;
}

Result<> KvmVm::finish_vcpus(u32 pmu_interrupt) {
    for (KvmVcpu* vcpu : std::exchange(unfinished_, {})) {
        TRY(vcpu->finish(has_gic_ ? std::optional(pmu_interrupt) : std::nullopt));
    }
    return {};
}

}  // namespace trapeze::accel

#include "kvm/kvm_vm.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "kvm/kvm_vcpu.h"

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

// In-kernel vGICv3 can be created exactly when KVM found a GICv3 with the CPU interface registers.
bool host_has_gicv3(const Fd& vm) {
    kvm::CreateDevice device{};
    device.type = kvm::kDevTypeArmVgicV3;
    device.flags = kvm::kCreateDeviceTest;
    return kvm_ioctl(vm, kvm::kCreateDevice, &device) == 0;
}

}  // namespace

Result<std::unique_ptr<Vm>> create_kvm_trap_harder(unsigned min_ipa_bits) {
    Fd system = TRY(open_kvm());
    const int reported = kvm_check(system, kvm::kCapArmVmIpaSize);
    const unsigned host_ipa_bits = reported > 0 ? static_cast<unsigned>(reported) : 40;
    if (min_ipa_bits > host_ipa_bits) {
        return fail("the machine needs {} bits of guest physical addresses, this host has {}", min_ipa_bits,
                    host_ipa_bits);
    }
    // More bits than needed cost nothing up to 40, the size that KVM uses when not asked.
    const unsigned ipa_bits = std::max(min_ipa_bits, std::min(40u, host_ipa_bits));
    const Fd plain_probe(kvm_ioctl(system, kvm::kCreateVm, ipa_bits));
    if (!plain_probe.valid()) return fail_errno(errno, "could not create a virtual machine");
    if (!host_has_gicv3(plain_probe)) {
        return fail("the host has no GICv3 CPU interface, which trap-harder needs to forward the guest's");
    }

    Fd vm(kvm_ioctl(system, kvm::kCreateVm, kvm::kVmTypeArmTrapAll | ipa_bits));
    if (!vm.valid()) {
        if (errno == EINVAL) {
            return fail("the host kernel does not have the trap-all VM type (KVM_VM_TYPE_ARM_TRAP_ALL)");
        }
        return fail_errno(errno, "could not create a trap-all virtual machine");
    }
    for (const int capability : {kvm::kCapImmediateExit, kvm::kCapArmUserIrq, kvm::kCapOneReg}) {
        if (kvm_check(vm, capability) == 0) return fail("the host's KVM lacks capability {}", capability);
    }
    kvm::EnableCap nisv{};
    nisv.cap = kvm::kCapArmNisvToUser;
    if (kvm_ioctl(vm, kvm::kEnableCap, &nisv) != 0) {
        return fail_errno(errno, "the host's KVM cannot report accesses without a syndrome");
    }
    install_kick_signal();
    return std::make_unique<KvmVm>(std::move(system), std::move(vm), ipa_bits);
}

KvmVm::KvmVm(Fd system, Fd vm, unsigned ipa_bits)
    : system_(std::move(system)), vm_(std::move(vm)), ipa_bits_(ipa_bits) {}

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
    if (features.pmu) request(kvm::kVcpuPmuV3);
    if (features.sve) request(kvm::kVcpuSve);
    if (features.pauth) {
        request(kvm::kVcpuPtrauthAddress);
        request(kvm::kVcpuPtrauthGeneric);
    }
    constexpr u64 kMpidrRes1 = bit(31);
    auto vcpu = TRY(KvmVcpu::create(vm_, std::move(fd), index, kMpidrRes1 | mpidr,
                                    static_cast<std::size_t>(run_size), init));
    if (features.pmu) TRY(vcpu->init_pmu());
    return vcpu;
}

}  // namespace trapeze::accel

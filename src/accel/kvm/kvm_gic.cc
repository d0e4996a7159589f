#include "kvm/kvm_gic.h"

#include <cerrno>

#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"

namespace trapeze::accel {
namespace {

// A register, or a bank of them, and what a reset makes of it.
struct ResetRow {
    u32 offset;
    u32 bits_per_irq;  // 0: one register
    u32 value;
};

// Of the interrupts, in the distributor and, at 0x10000, in the redistributor of version 3. To an access from
// userspace the clear registers of KVM's version 3 do nothing for pending: there ISPENDR takes the state.
constexpr ResetRow kIrqRows[] = {
    {0x080, 1, 0},    // IGROUPR
    {0x180, 1, ~0u},  // ICENABLER
    {0x200, 1, 0},    // ISPENDR
    {0x280, 1, ~0u},  // ICPENDR
    {0x380, 1, ~0u},  // ICACTIVER
    {0x400, 8, 0},    // IPRIORITYR
    {0xc00, 2, 0},    // ICFGR
};
constexpr ResetRow kTargetRows[] = {{0x800, 8, 0}};      // GICD_ITARGETSR, version 2
constexpr ResetRow kRouteRows[] = {{0x6000, 64, 0}};     // GICD_IROUTER, version 3
constexpr ResetRow kDistributorRows[] = {{0x000, 0, 0}};  // GICD_CTLR
constexpr ResetRow kRedistributorRows[] = {
    {0x000, 0, 0},                 // GICR_CTLR
    {0x070, 0, 0}, {0x074, 0, 0},  // GICR_PROPBASER
    {0x078, 0, 0}, {0x07c, 0, 0},  // GICR_PENDBASER
};
constexpr ResetRow kCpuInterfaceRows[] = {
    {0x00, 0, 0}, {0x04, 0, 0}, {0x08, 0, 0}, {0x1c, 0, 0},              // GICC_CTLR, PMR, BPR, ABPR
    {0xd0, 0, 0}, {0xd4, 0, 0}, {0xd8, 0, 0}, {0xdc, 0, 0},  // GICC_APR0 to 3
};
constexpr arch::SysReg kCpuRegisters[] = {
    arch::reg::ICC_PMR_EL1,   arch::reg::ICC_BPR0_EL1, arch::reg::ICC_BPR1_EL1,    arch::reg::ICC_AP0R0_EL1,
    arch::reg::ICC_AP1R0_EL1, arch::reg::ICC_CTLR_EL1, arch::reg::ICC_IGRPEN0_EL1, arch::reg::ICC_IGRPEN1_EL1,
};
constexpr u32 kPrivateIrqs = 32;
constexpr u32 kSgiFrame = 0x1'0000;

// ICC_CTLR_EL1 has identification fields that must be written back as they are.
constexpr u64 kIccCtlrWritable = bit(0) | bit(1);  // CBPR, EOImode

Result<Fd> create_device(const Fd& vm, u32 type, std::string_view what) {
    kvm::CreateDevice device{};
    device.type = type;
    if (kvm_ioctl(vm, kvm::kCreateDevice, &device) != 0)
        return fail_errno(errno, "KVM could not create a {}", what);
    return Fd(static_cast<int>(device.fd));
}

class KvmGic : public KernelGic {
public:
    KvmGic(const Fd& vm, Fd device, u32 spi_count, std::vector<u64> vcpu_attrs)
        : vm_(vm), device_(std::move(device)), spi_count_(spi_count), vcpu_attrs_(std::move(vcpu_attrs)) {}

    void set_spi(u32 n, bool level) override {
        CHECK(n < spi_count_);
        kvm::IrqLevel line{};
        line.irq = kvm::irq_line(kvm::kIrqTypeSpi, 0, kPrivateIrqs + n);
        line.level = level ? 1 : 0;
        CHECK(kvm_ioctl(vm_, kvm::kIrqLine, &line) == 0);
    }
    u32 distributor_register(unsigned vcpu, u32 offset) const override {
        return get32(kvm::kVgicDistRegsGroup, vcpu, offset);
    }

    Result<> set_u64(u32 group, u64 attribute, u64 value, std::string_view what) {
        kvm::DeviceAttr attr{};
        attr.group = group;
        attr.attr = attribute;
        attr.addr = reinterpret_cast<u64>(&value);
        if (kvm_ioctl(device_, kvm::kSetDeviceAttr, &attr) != 0)
            return fail_errno(errno, "KVM's GIC refuses {}", what);
        return {};
    }
    Result<> init() {
        u32 count = kPrivateIrqs + spi_count_;
        kvm::DeviceAttr attr{};
        attr.group = kvm::kVgicNrIrqsGroup;
        attr.addr = reinterpret_cast<u64>(&count);
        if (kvm_ioctl(device_, kvm::kSetDeviceAttr, &attr) != 0)
            return fail_errno(errno, "KVM's GIC refuses {} interrupts", count);
        return set_u64(kvm::kVgicControlGroup, kvm::kVgicControlInit, 0, "to be initialised");
    }

protected:
    unsigned vcpu_count() const { return static_cast<unsigned>(vcpu_attrs_.size()); }
    u64 attribute(unsigned vcpu, u64 which) const { return vcpu_attrs_.at(vcpu) << kvm::kVgicVcpuShift | which; }

    u32 get32(u32 group, unsigned vcpu, u32 offset) const {
        u32 value = 0;
        kvm::DeviceAttr attr{0, group, attribute(vcpu, offset), reinterpret_cast<u64>(&value)};
        return kvm_ioctl(device_, kvm::kGetDeviceAttr, &attr) == 0 ? value : 0;
    }
    void set32(u32 group, unsigned vcpu, u32 offset, u32 value) {
        kvm::DeviceAttr attr{0, group, attribute(vcpu, offset), reinterpret_cast<u64>(&value)};
        // Not every version of KVM lets all of them be written; those that do not reset them differently.
        (void)kvm_ioctl(device_, kvm::kSetDeviceAttr, &attr);
    }
    // `first` and `count`: the interrupts of banks.
    template <std::size_t N>
    void reset_rows(const ResetRow (&rows)[N], u32 group, unsigned vcpu, u32 base, u32 first, u32 count) {
        for (const ResetRow& row : rows) {
            const u32 begin = first * row.bits_per_irq / 8;
            const u32 end = row.bits_per_irq == 0 ? 4 : (first + count) * row.bits_per_irq / 8;
            for (u32 at = begin; at < end; at += 4) set32(group, vcpu, base + row.offset + at, row.value);
        }
    }

    const Fd& vm_;
    const Fd device_;
    const u32 spi_count_;
    const std::vector<u64> vcpu_attrs_;  // how the device names each vCPU
};

class KvmGicv2 final : public KvmGic {
public:
    using KvmGic::KvmGic;

    void reset() override {
        constexpr u32 kDist = kvm::kVgicDistRegsGroup;
        reset_rows(kDistributorRows, kDist, 0, 0, 0, 0);
        for (unsigned n = 0; n < vcpu_count(); ++n) {
            reset_rows(kIrqRows, kDist, n, 0, 0, kPrivateIrqs);
            reset_rows(kCpuInterfaceRows, kvm::kVgicCpuRegsGroup, n, 0, 0, 0);
        }
        reset_rows(kIrqRows, kDist, 0, 0, kPrivateIrqs, spi_count_);
        reset_rows(kTargetRows, kDist, 0, 0, kPrivateIrqs, spi_count_);
    }
    u32 cpu_interface_register(unsigned vcpu, u32 offset) const override {
        return get32(kvm::kVgicCpuRegsGroup, vcpu, offset);
    }
};

class KvmGicv3 final : public KvmGic {
public:
    using KvmGic::KvmGic;

    void set_its(Fd its) { its_ = std::move(its); }

    void reset() override {
        if (its_.valid()) {
            kvm::DeviceAttr attr{};
            attr.group = kvm::kVgicControlGroup;
            attr.attr = kvm::kVgicItsReset;
            CHECK(kvm_ioctl(its_, kvm::kSetDeviceAttr, &attr) == 0);
        }
        constexpr u32 kDist = kvm::kVgicDistRegsGroup, kRedist = kvm::kVgicRedistRegsGroup;
        reset_rows(kDistributorRows, kDist, 0, 0, 0, 0);
        for (unsigned n = 0; n < vcpu_count(); ++n) {
            reset_rows(kRedistributorRows, kRedist, n, 0, 0, 0);
            reset_rows(kIrqRows, kRedist, n, kSgiFrame, 0, kPrivateIrqs);
            for (const arch::SysReg reg : kCpuRegisters) set_cpu_register(n, reg, 0);
        }
        reset_rows(kIrqRows, kDist, 0, 0, kPrivateIrqs, spi_count_);
        reset_rows(kRouteRows, kDist, 0, 0, kPrivateIrqs, spi_count_);
    }
    u32 redistributor_register(unsigned vcpu, u32 offset) const override {
        return get32(kvm::kVgicRedistRegsGroup, vcpu, offset);
    }
    u32 wire_levels(unsigned vcpu, u32 bank) const override {
        return get32(kvm::kVgicLevelInfoGroup, vcpu, bank * 32);
    }
    std::optional<u64> cpu_register(unsigned vcpu, arch::SysReg reg) const override {
        u64 value = 0;
        kvm::DeviceAttr attr{0, kvm::kVgicCpuSysregsGroup, attribute(vcpu, reg.encoding()),
                             reinterpret_cast<u64>(&value)};
        if (kvm_ioctl(device_, kvm::kGetDeviceAttr, &attr) != 0) return std::nullopt;
        return value;
    }
    bool set_cpu_register(unsigned vcpu, arch::SysReg reg, u64 value) override {
        if (reg == arch::reg::ICC_CTLR_EL1) {
            const u64 fixed = cpu_register(vcpu, reg).value_or(0) & ~kIccCtlrWritable;
            value = fixed | (value & kIccCtlrWritable);
        }
        kvm::DeviceAttr attr{0, kvm::kVgicCpuSysregsGroup, attribute(vcpu, reg.encoding()),
                             reinterpret_cast<u64>(&value)};
        return kvm_ioctl(device_, kvm::kSetDeviceAttr, &attr) == 0;
    }

private:
    Fd its_;  // const after create
};

Result<std::unique_ptr<KernelGic>> create_gicv2(const Fd& vm, const KernelGicConfig& config,
                                                std::size_t vcpus) {
    std::vector<u64> attrs;
    for (u64 n = 0; n < vcpus; ++n) attrs.push_back(n);
    auto gic = std::make_unique<KvmGicv2>(vm, TRY(create_device(vm, kvm::kDevTypeArmVgicV2, "GICv2")),
                                          config.spi_count, std::move(attrs));
    TRY(gic->set_u64(kvm::kVgicAddressGroup, kvm::kVgicV2AddressDist, config.distributor.base.value,
                     "the address of its distributor"));
    TRY(gic->set_u64(kvm::kVgicAddressGroup, kvm::kVgicV2AddressCpu, config.cpu_interface.base.value,
                     "the address of its CPU interface"));
    TRY(gic->init());
    return gic;
}

// Redistributor regions as KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION packs them: count[63:52], base[51:16],
// index[11:0].
u64 pack_region(const mem::GpaRange& range, u64 index) {
    constexpr u64 kStride = 0x2'0000;
    return (range.size / kStride) << 52 | range.base.value | index;
}

Result<Fd> create_its(const Fd& vm, const mem::GpaRange& place) {
    Fd its = TRY(create_device(vm, kvm::kDevTypeArmVgicIts, "GICv3 ITS"));
    u64 base = place.base.value;
    kvm::DeviceAttr attr{0, kvm::kVgicAddressGroup, kvm::kVgicItsAddress, reinterpret_cast<u64>(&base)};
    if (kvm_ioctl(its, kvm::kSetDeviceAttr, &attr) != 0)
        return fail_errno(errno, "KVM's ITS refuses its address");
    attr = {0, kvm::kVgicControlGroup, kvm::kVgicControlInit, 0};
    if (kvm_ioctl(its, kvm::kSetDeviceAttr, &attr) != 0)
        return fail_errno(errno, "KVM's ITS could not be initialised");
    return its;
}

// Aff3.Aff2.Aff1.Aff0, a byte each.
u64 packed_affinity(u64 mpidr) {
    return extract(mpidr, 39, 32) << 24 | extract(mpidr, 23, 0);
}

Result<std::unique_ptr<KernelGic>> create_gicv3(const Fd& vm, const KernelGicConfig& config,
                                                const std::vector<u64>& mpidrs) {
    std::vector<u64> attrs;
    for (const u64 mpidr : mpidrs) attrs.push_back(packed_affinity(mpidr));
    auto gic = std::make_unique<KvmGicv3>(vm, TRY(create_device(vm, kvm::kDevTypeArmVgicV3, "GICv3")),
                                          config.spi_count, std::move(attrs));
    TRY(gic->set_u64(kvm::kVgicAddressGroup, kvm::kVgicV3AddressDist, config.distributor.base.value,
                     "the address of its distributor"));
    u64 index = 0;
    for (const mem::GpaRange& range : config.redistributors) {
        TRY(gic->set_u64(kvm::kVgicAddressGroup, kvm::kVgicV3AddressRedistRegion, pack_region(range, index++),
                         "the address of its redistributors"));
    }
    TRY(gic->init());
    if (config.its) gic->set_its(TRY(create_its(vm, *config.its)));
    return gic;
}

}  // namespace

bool kvm_has_device(const Fd& vm, u32 type) {
    kvm::CreateDevice device{};
    device.type = type;
    device.flags = kvm::kCreateDeviceTest;
    return kvm_ioctl(vm, kvm::kCreateDevice, &device) == 0;
}

Result<std::unique_ptr<KernelGic>> create_kvm_gic(const Fd& vm, const KernelGicConfig& config,
                                                  const std::vector<u64>& mpidrs) {
    return config.version == 2 ? create_gicv2(vm, config, mpidrs.size()) : create_gicv3(vm, config, mpidrs);
}

}  // namespace trapeze::accel

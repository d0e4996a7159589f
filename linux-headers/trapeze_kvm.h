// The part of the Linux KVM ABI for arm64 that this program uses, restated from its documentation (Linux
// Documentation/virt/kvm/api.rst and virt/kvm/devices/*.rst) so that it compiles on any host and does not
// depend on how old the installed kernel headers are. Names are ours and never clash with the macros of
// <linux/kvm.h>; each constant's comment gives the kernel's name where ours does not spell it.
// scripts/check-kvm-uapi compares every constant, offset and size with real kernel headers.
//
// Included by src/accel/kvm only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace trapeze::kvm {

// --- Structures
// ------------------------------------------------------------------------------------------------ Layout is
// ABI: natural alignment, little-endian host. Reserved and padding members must be zero on input.

// KVM_SET_USER_MEMORY_REGION. memory_size 0 deletes the slot. Addresses and size are multiples of the host
// page.
struct UserspaceMemoryRegion {
    std::uint32_t slot;
    std::uint32_t flags;  // kMemLogDirtyPages, kMemReadonly
    std::uint64_t guest_phys_addr;
    std::uint64_t memory_size;
    std::uint64_t userspace_addr;
};

// KVM_IRQ_LINE. `irq` is built by irq_line().
struct IrqLevel {
    std::uint32_t irq;
    std::uint32_t level;  // 0 or 1
};

// KVM_GET_ONE_REG, KVM_SET_ONE_REG. `addr` points to a value of the size that is encoded in `id`.
struct OneReg {
    std::uint64_t id;
    std::uint64_t addr;
};

// KVM_GET_REG_LIST: `n` ids follow. With too small an `n` the call fails with E2BIG and sets the right one.
struct RegList {
    std::uint64_t n;
};

// KVM_ARM_VCPU_INIT, KVM_ARM_PREFERRED_TARGET. Bit f % 32 of features[f / 32] is vCPU feature f.
struct VcpuInit {
    std::uint32_t target;
    std::uint32_t features[7];
};

struct MpState {
    std::uint32_t mp_state;
};

// KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS.
struct VcpuEvents {
    std::uint8_t serror_pending;
    std::uint8_t serror_has_esr;
    std::uint8_t ext_dabt_pending;  // only with kCapArmInjectExtDabt; reads as zero
    std::uint8_t pad[5];
    std::uint64_t serror_esr;  // ISS of the SError
    std::uint32_t reserved[12];
};

struct Ioeventfd {
    std::uint64_t datamatch;
    std::uint64_t addr;
    std::uint32_t len;  // bytes of the access
    std::int32_t fd;
    std::uint32_t flags;
    std::uint8_t pad[36];
};
inline constexpr std::uint32_t kIoeventfdFlagDatamatch = 1u << 0;

struct EnableCap {
    std::uint32_t cap;
    std::uint32_t flags;
    std::uint64_t args[4];
    std::uint8_t pad[64];
};

struct CreateDevice {
    std::uint32_t type;   // kDevType*
    std::uint32_t fd;     // out
    std::uint32_t flags;  // 0 or kCreateDeviceTest
};

struct DeviceAttr {
    std::uint32_t flags;
    std::uint32_t group;
    std::uint64_t attr;
    std::uint64_t addr;
};

// KVM_SET_SIGNAL_MASK: `len` (8 for a 64-bit kernel) bytes of signal set follow immediately, at offset 4.
struct SignalMask {
    std::uint32_t len;
};

// KVM_ARM_GET_REG_WRITABLE_MASKS. `addr` points to an array of kFeatureIdRangeSize masks, see
// feature_id_index().
struct RegMaskRange {
    std::uint64_t addr;
    std::uint32_t range;  // kFeatureIdRange
    std::uint32_t reserved[13];
};

// KVM_ARM_SET_COUNTER_OFFSET: subtracted from both counters of every vCPU.
struct CounterOffset {
    std::uint64_t counter_offset;
    std::uint64_t reserved;
};

// Attribute data of kVmSmcccFilter: `action` for the function ids base .. base + nr_functions - 1.
struct SmcccFilter {
    std::uint32_t base;
    std::uint32_t nr_functions;
    std::uint8_t action;  // kSmcccFilter*
    std::uint8_t pad[15];
};

inline constexpr unsigned kMaxDebugRegs = 16;

// KVM_SET_GUEST_DEBUG.
struct GuestDebug {
    std::uint32_t control;  // kGuestDebug*
    std::uint32_t pad;
    std::uint64_t dbg_bcr[kMaxDebugRegs];
    std::uint64_t dbg_bvr[kMaxDebugRegs];
    std::uint64_t dbg_wcr[kMaxDebugRegs];
    std::uint64_t dbg_wvr[kMaxDebugRegs];
};

// The layout that core register ids count in (struct kvm_regs). Never passed to the kernel.
struct CoreRegs {
    std::uint64_t x[31];
    std::uint64_t sp;  // SP_EL0
    std::uint64_t pc;
    std::uint64_t pstate;
    std::uint64_t sp_el1;
    std::uint64_t elr_el1;
    std::uint64_t spsr[5];  // [0] is SPSR_EL1; the rest are the AArch32 modes abt, und, irq, fiq
    alignas(16) std::uint64_t v[32][2];
    std::uint32_t fpsr;
    std::uint32_t fpcr;
    std::uint32_t fp_reserved[2];
};

// --- Exit data, members of Run's union
// ----------------------------------------------------------------------------

struct FailEntryExit {
    std::uint64_t hardware_entry_failure_reason;
    std::uint32_t cpu;
};

struct DebugExit {
    std::uint32_t hsr;       // ESR_EL2[31:0]
    std::uint32_t hsr_high;  // ESR_EL2[61:32], if kDebugHsrHighValid is set in Run::flags
    std::uint64_t far;       // watchpoints
};

// Completed by the kernel, at the next KVM_RUN.
struct MmioExit {
    std::uint64_t phys_addr;
    std::uint8_t data[8];  // the value in guest memory order, in the first `len` bytes
    std::uint32_t len;
    std::uint8_t is_write;
};

// PC is after the instruction, for HVC and SMC. Arguments and results are in the registers of the vCPU.
struct HypercallExit {
    std::uint64_t nr;       // W0
    std::uint64_t args[6];  // unused on arm64
    std::uint64_t ret;      // unused on arm64
    std::uint64_t flags;    // kHypercallSmc, kHypercall16Bit
};

struct InternalErrorExit {
    std::uint32_t suberror;
    std::uint32_t ndata;
    std::uint64_t data[16];
};

struct SystemEventExit {
    std::uint32_t type;  // kSystemEvent*
    std::uint32_t ndata;
    std::uint64_t data[16];  // data[0] are the flags
};

// A data access without instruction syndrome, with kCapArmNisvToUser, or LD64B and the like (kExitArmLdst64b).
// PC is at the instruction.
struct NisvExit {
    std::uint64_t esr_iss;
    std::uint64_t fault_ipa;
};

struct MemoryFaultExit {
    std::uint64_t flags;
    std::uint64_t gpa;
    std::uint64_t size;
};

// The trap-all extension: an instruction trapped and all its effects are left to userspace.
struct TrapHarderExit {
    std::uint64_t esr;  // ESR_EL2
    std::uint64_t elr;  // PC of the vCPU: after an HVC, at any other instruction
    std::uint64_t far;  // zero for classes without a fault address
};

// What the kernel refreshes at every return of KVM_RUN.
struct SyncRegs {
    std::uint64_t device_irq_level;  // kDeviceIrq*
    // With kSyncCore in Run::valid_regs: CoreRegs' X0 to X30, SP_EL0, PC and PSTATE.
    std::uint64_t core[34];
};

// Shared between the kernel and the thread that calls KVM_RUN: mmap of the vCPU fd at offset 0.
struct Run {
    std::uint8_t request_interrupt_window;  // unused on arm64
    std::uint8_t immediate_exit;  // 1: KVM_RUN returns EINTR at once. May be set by a signal handler.
    std::uint8_t padding1[6];
    std::uint32_t exit_reason;                   // kExit*
    std::uint8_t ready_for_interrupt_injection;  // unused on arm64
    std::uint8_t if_flag;                        // unused on arm64
    std::uint16_t flags;
    std::uint64_t cr8;        // unused on arm64
    std::uint64_t apic_base;  // unused on arm64
    union {
        FailEntryExit fail_entry;
        DebugExit debug;
        MmioExit mmio;
        HypercallExit hypercall;
        InternalErrorExit internal;
        SystemEventExit system_event;
        NisvExit arm_nisv;
        MemoryFaultExit memory_fault;
        TrapHarderExit arm_trap_harder;
        std::uint8_t exit_padding[256];
    };
    std::uint64_t valid_regs;  // kSync*: what KVM_RUN stores in sync. Unused without kCapSyncRegs
    std::uint64_t dirty_regs;  // kSync*: what KVM_RUN loads from sync before anything else, and then clears
    union {
        SyncRegs sync;
        std::uint8_t sync_padding[2048];
    };
};

// --- ioctl numbers
// ------------------------------------------------------------------------------------------------

// The asm-generic encoding, which arm64 and x86-64 share: direction[31:30] size[29:16] type[15:8]
// number[7:0].
inline constexpr unsigned long kIoctlType = 0xae;
constexpr unsigned long ioctl_none(unsigned long number) {
    return kIoctlType << 8 | number;
}
constexpr unsigned long ioctl_write(unsigned long number, std::size_t size) {
    return 1ul << 30 | size << 16 | ioctl_none(number);
}
constexpr unsigned long ioctl_read(unsigned long number, std::size_t size) {
    return 2ul << 30 | size << 16 | ioctl_none(number);
}
constexpr unsigned long ioctl_read_write(unsigned long number, std::size_t size) {
    return 3ul << 30 | size << 16 | ioctl_none(number);
}

inline constexpr int kApiVersion = 12;

// On /dev/kvm.
inline constexpr unsigned long kGetApiVersion = ioctl_none(0x00);
inline constexpr unsigned long kCreateVm = ioctl_none(0x01);        // argument: machine type, kVmType*
inline constexpr unsigned long kCheckExtension = ioctl_none(0x03);  // also on a VM
inline constexpr unsigned long kGetVcpuMmapSize = ioctl_none(0x04);

// On a VM.
inline constexpr unsigned long kCreateVcpu = ioctl_none(0x41);  // argument: vCPU id
inline constexpr unsigned long kSetUserMemoryRegion = ioctl_write(0x46, sizeof(UserspaceMemoryRegion));
inline constexpr unsigned long kIrqLine = ioctl_write(0x61, sizeof(IrqLevel));
inline constexpr unsigned long kIoeventfd = ioctl_write(0x79, sizeof(Ioeventfd));
inline constexpr unsigned long kEnableCap = ioctl_write(0xa3, sizeof(EnableCap));  // also on a vCPU
inline constexpr unsigned long kArmPreferredTarget = ioctl_read(0xaf, sizeof(VcpuInit));
inline constexpr unsigned long kArmSetCounterOffset = ioctl_write(0xb5, sizeof(CounterOffset));
inline constexpr unsigned long kArmGetRegWritableMasks = ioctl_read(0xb6, sizeof(RegMaskRange));
inline constexpr unsigned long kCreateDevice = ioctl_read_write(0xe0, sizeof(CreateDevice));

// On a VM, a vCPU or a device.
inline constexpr unsigned long kSetDeviceAttr = ioctl_write(0xe1, sizeof(DeviceAttr));
inline constexpr unsigned long kGetDeviceAttr =
    ioctl_write(0xe2, sizeof(DeviceAttr));  // its direction bits are so
inline constexpr unsigned long kHasDeviceAttr = ioctl_write(0xe3, sizeof(DeviceAttr));

// On a vCPU.
inline constexpr unsigned long kRun = ioctl_none(0x80);
inline constexpr unsigned long kSetSignalMask = ioctl_write(0x8b, sizeof(SignalMask));
inline constexpr unsigned long kGetMpState = ioctl_read(0x98, sizeof(MpState));
inline constexpr unsigned long kSetMpState = ioctl_write(0x99, sizeof(MpState));
inline constexpr unsigned long kSetGuestDebug = ioctl_write(0x9b, sizeof(GuestDebug));
inline constexpr unsigned long kGetVcpuEvents = ioctl_read(0x9f, sizeof(VcpuEvents));
inline constexpr unsigned long kSetVcpuEvents = ioctl_write(0xa0, sizeof(VcpuEvents));
inline constexpr unsigned long kGetOneReg = ioctl_write(0xab, sizeof(OneReg));
inline constexpr unsigned long kSetOneReg = ioctl_write(0xac, sizeof(OneReg));
inline constexpr unsigned long kArmVcpuInit = ioctl_write(0xae, sizeof(VcpuInit));
inline constexpr unsigned long kGetRegList = ioctl_read_write(0xb0, sizeof(RegList));
inline constexpr unsigned long kArmVcpuFinalize =
    ioctl_write(0xc2, sizeof(std::int32_t));  // argument: &feature

// --- Machine type, argument of kCreateVm
// --------------------------------------------------------------------------

inline constexpr std::uint64_t kVmTypeIpaSizeMask = 0xff;    // bits of guest physical address; 0 means 40
inline constexpr std::uint64_t kVmTypeArmTrapAll = 0x10000;  // the trap-all extension
inline constexpr std::uint32_t kMemLogDirtyPages = 1u << 0;
inline constexpr std::uint32_t kMemReadonly = 1u << 1;

// --- Capabilities (KVM_CAP_*)
// -------------------------------------------------------------------------------------

inline constexpr int kCapUserMemory = 3;
inline constexpr int kCapNrVcpus = 9;  // recommended maximum
inline constexpr int kCapNrMemslots = 10;
inline constexpr int kCapMpState = 14;
inline constexpr int kCapSyncMmu = 16;
inline constexpr int kCapSetGuestDebug = 23;
inline constexpr int kCapVcpuEvents = 41;
inline constexpr int kCapMaxVcpus = 66;
inline constexpr int kCapOneReg = 70;
// On arm64 for VMs of type kVmTypeArmTrapAll only, by our patches: the mask of kSync* that is supported.
inline constexpr int kCapSyncRegs = 74;
inline constexpr int kCapReadonlyMem = 81;
inline constexpr int kCapArmPsci = 87;
inline constexpr int kCapDeviceCtrl = 89;
inline constexpr int kCapEnableCapVm = 98;
inline constexpr int kCapVmAttributes = 101;
inline constexpr int kCapArmPsci02 = 102;  // KVM_CAP_ARM_PSCI_0_2
inline constexpr int kCapCheckExtensionVm = 105;
inline constexpr int kCapGuestDebugHwBps = 119;
inline constexpr int kCapGuestDebugHwWps = 120;
inline constexpr int kCapArmPmuV3 = 126;
inline constexpr int kCapVcpuAttributes = 127;
inline constexpr int kCapMaxVcpuId = 128;
inline constexpr int kCapImmediateExit = 136;
inline constexpr int kCapArmUserIrq = 144;
inline constexpr int kCapArmInjectSerrorEsr = 158;
inline constexpr int kCapArmVmIpaSize = 165;  // largest IPA size
inline constexpr int kCapArmSve = 170;
inline constexpr int kCapArmPtrauthAddress = 171;
inline constexpr int kCapArmPtrauthGeneric = 172;
inline constexpr int kCapArmIrqLineLayout2 = 174;  // KVM_CAP_ARM_IRQ_LINE_LAYOUT_2: vCPU ids above 255
inline constexpr int kCapArmNisvToUser = 177;
inline constexpr int kCapArmInjectExtDabt = 178;
inline constexpr int kCapArmMte = 205;
inline constexpr int kCapArmSystemSuspend = 216;
inline constexpr int kCapCounterOffset = 227;
inline constexpr int kCapArmSupportedRegMaskRanges = 230;
inline constexpr int kCapMemoryFaultInfo = 232;
inline constexpr int kCapArmWritableImpIdRegs = 239;
inline constexpr int kCapArmEl2 = 240;
// The trap-all extension, far from the numbers that are assigned. Enabled before the first vCPU: AT
// instructions of EL1 are forwarded. EOPNOTSUPP where the CPU cannot trap them.
inline constexpr int kCapArmTrapAt = 0x10000;

// --- Exit reasons (KVM_EXIT_*), Run::exit_reason
// --------------------------------------------------------------------

inline constexpr std::uint32_t kExitUnknown = 0;
inline constexpr std::uint32_t kExitHypercall = 3;
inline constexpr std::uint32_t kExitDebug = 4;
inline constexpr std::uint32_t kExitMmio = 6;
inline constexpr std::uint32_t kExitShutdown = 8;
inline constexpr std::uint32_t kExitFailEntry = 9;
inline constexpr std::uint32_t kExitIntr = 10;
inline constexpr std::uint32_t kExitInternalError = 17;
inline constexpr std::uint32_t kExitSystemEvent = 24;
inline constexpr std::uint32_t kExitArmNisv = 28;
inline constexpr std::uint32_t kExitMemoryFault = 39;
// The trap-all extension. Kernels from 6.16 on use the number for an exit (TDX) that does not exist on arm64.
inline constexpr std::uint32_t kExitArmTrapHarder = 40;
inline constexpr std::uint32_t kExitArmLdst64b = 42;  // its data is arm_nisv

inline constexpr std::uint32_t kSystemEventShutdown = 1;
inline constexpr std::uint32_t kSystemEventReset = 2;
inline constexpr std::uint32_t kSystemEventCrash = 3;
inline constexpr std::uint32_t kSystemEventWakeup = 4;
inline constexpr std::uint32_t kSystemEventSuspend = 5;
inline constexpr std::uint64_t kSystemEventResetFlagPsciReset2 = 1;

inline constexpr std::uint64_t kHypercallSmc = 1u << 0;
inline constexpr std::uint64_t kHypercall16Bit = 1u << 1;

inline constexpr std::uint16_t kDebugHsrHighValid = 1u << 0;
inline constexpr std::uint64_t kFailEntryCpuUnsupported = 1u << 0;

inline constexpr std::uint64_t kSyncCore = 1u << 0;  // SyncRegs::core

inline constexpr std::uint64_t kDeviceIrqVirtualTimer = 1u << 0;
inline constexpr std::uint64_t kDeviceIrqPhysicalTimer = 1u << 1;
inline constexpr std::uint64_t kDeviceIrqPmu = 1u << 2;

inline constexpr std::uint32_t kGuestDebugEnable = 1u << 0;
inline constexpr std::uint32_t kGuestDebugSingleStep = 1u << 1;
inline constexpr std::uint32_t kGuestDebugSoftwareBreakpoints = 1u << 16;
inline constexpr std::uint32_t kGuestDebugHardware = 1u << 17;

inline constexpr std::uint32_t kMpStateRunnable = 0;
inline constexpr std::uint32_t kMpStateStopped = 5;
inline constexpr std::uint32_t kMpStateSuspended = 10;

// --- Interrupt lines
// ----------------------------------------------------------------------------------------------

inline constexpr std::uint32_t kIrqTypeCpu = 0;  // only without in-kernel GIC
inline constexpr std::uint32_t kIrqTypeSpi = 1;
inline constexpr std::uint32_t kIrqTypePpi = 2;
inline constexpr std::uint32_t kIrqCpuIrq = 0;
inline constexpr std::uint32_t kIrqCpuFiq = 1;

// IrqLevel::irq. `number` is kIrqCpuIrq or kIrqCpuFiq, or an INTID; `vcpu` is below 4096.
constexpr std::uint32_t irq_line(std::uint32_t type, std::uint32_t vcpu, std::uint32_t number) {
    return ((vcpu >> 8) & 0xf) << 28 | (type & 0xf) << 24 | (vcpu & 0xff) << 16 | (number & 0xffff);
}

// --- vCPU features, bits of VcpuInit::features
// ----------------------------------------------------------------------

inline constexpr unsigned kVcpuPowerOff = 0;
inline constexpr unsigned kVcpuEl132Bit = 1;
inline constexpr unsigned kVcpuPsci02 = 2;
inline constexpr unsigned kVcpuPmuV3 = 3;
inline constexpr unsigned kVcpuSve = 4;
inline constexpr unsigned kVcpuPtrauthAddress = 5;
inline constexpr unsigned kVcpuPtrauthGeneric = 6;
inline constexpr unsigned kVcpuHasEl2 = 7;

// --- ONE_REG ids
// --------------------------------------------------------------------------------------------------

inline constexpr std::uint64_t kRegArm64 = 0x6000000000000000;
inline constexpr std::uint64_t kRegArchMask = 0xff00000000000000;
inline constexpr std::uint64_t kRegSizeMask = 0x00f0000000000000;
inline constexpr unsigned kRegSizeShift = 52;
inline constexpr std::uint64_t kRegSizeU32 = 0x0020000000000000;
inline constexpr std::uint64_t kRegSizeU64 = 0x0030000000000000;
inline constexpr std::uint64_t kRegSizeU128 = 0x0040000000000000;
inline constexpr std::uint64_t kRegSizeU256 = 0x0050000000000000;
inline constexpr std::uint64_t kRegSizeU512 = 0x0060000000000000;
inline constexpr std::uint64_t kRegSizeU2048 = 0x0080000000000000;

inline constexpr std::uint64_t kRegClassMask = 0x0fff0000;  // KVM_REG_ARM_COPROC_MASK
inline constexpr std::uint64_t kRegCore = 0x0010 << 16;
inline constexpr std::uint64_t kRegDemux = 0x0011 << 16;
inline constexpr std::uint64_t kRegSysreg = 0x0013 << 16;
inline constexpr std::uint64_t kRegFirmware = 0x0014 << 16;
inline constexpr std::uint64_t kRegSve = 0x0015 << 16;
inline constexpr std::uint64_t kRegFirmwareFeatures = 0x0016 << 16;

// Bytes of the value of a register.
constexpr std::size_t reg_size(std::uint64_t id) {
    return std::size_t{1} << ((id & kRegSizeMask) >> kRegSizeShift);
}

// A 64-bit member of CoreRegs up to spsr: core_reg(offsetof(CoreRegs, pc)).
constexpr std::uint64_t core_reg(std::size_t offset) {
    return kRegArm64 | kRegSizeU64 | kRegCore | offset / sizeof(std::uint32_t);
}
// V0..V31, 16 bytes each. Not accessible on a vCPU with SVE.
constexpr std::uint64_t core_reg_v(unsigned n) {
    return kRegArm64 | kRegSizeU128 | kRegCore | (offsetof(CoreRegs, v) + n * 16) / sizeof(std::uint32_t);
}
inline constexpr std::uint64_t kRegFpsr =
    kRegArm64 | kRegSizeU32 | kRegCore | offsetof(CoreRegs, fpsr) / sizeof(std::uint32_t);
inline constexpr std::uint64_t kRegFpcr =
    kRegArm64 | kRegSizeU32 | kRegCore | offsetof(CoreRegs, fpcr) / sizeof(std::uint32_t);

// CCSIDR_EL1 (32 bits) for a value of CSSELR_EL1.
constexpr std::uint64_t ccsidr_reg(std::uint64_t csselr) {
    return kRegArm64 | kRegSizeU32 | kRegDemux | (csselr & 0xff);
}

// A system register by its 16-bit encoding op0[15:14] op1[13:11] CRn[10:7] CRm[6:3] op2[2:0].
constexpr std::uint64_t sysreg(std::uint16_t encoding) {
    return kRegArm64 | kRegSizeU64 | kRegSysreg | encoding;
}
constexpr std::uint64_t sysreg(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2) {
    return sysreg(static_cast<std::uint16_t>((op0 & 3) << 14 | (op1 & 7) << 11 | (crn & 15) << 7 |
                                             (crm & 15) << 3 | (op2 & 7)));
}

// The timers have ids of their own. Those of the virtual timer's CVAL and counter are swapped with respect to
// the architecture: the id that looks like CNTVCT_EL0 (3,3,14,0,2) is CNTV_CVAL_EL0, and the one that looks
// like CNTV_CVAL_EL0 (3,3,14,3,2) is the counter. It was a mistake, and has been ABI ever since. A CTL value
// that is read has ISTATUS computed.
inline constexpr std::uint64_t kRegTimerCtl = sysreg(3, 3, 14, 3, 1);
inline constexpr std::uint64_t kRegTimerCval = sysreg(3, 3, 14, 0, 2);
inline constexpr std::uint64_t kRegTimerCnt = sysreg(3, 3, 14, 3, 2);
inline constexpr std::uint64_t kRegPtimerCtl = sysreg(3, 3, 14, 2, 1);
inline constexpr std::uint64_t kRegPtimerCval = sysreg(3, 3, 14, 2, 2);
inline constexpr std::uint64_t kRegPtimerCnt = sysreg(3, 3, 14, 0, 1);

// Firmware pseudo-registers.
constexpr std::uint64_t firmware_reg(unsigned n) {
    return kRegArm64 | kRegSizeU64 | kRegFirmware | n;
}
constexpr std::uint64_t firmware_features_reg(unsigned n) {
    return kRegArm64 | kRegSizeU64 | kRegFirmwareFeatures | n;
}
inline constexpr std::uint64_t kRegPsciVersion = firmware_reg(0);
inline constexpr std::uint64_t kRegWorkaround1 = firmware_reg(1);  // KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1
inline constexpr std::uint64_t kRegWorkaround2 = firmware_reg(2);
inline constexpr std::uint64_t kRegWorkaround3 = firmware_reg(3);
inline constexpr std::uint64_t kRegStdBmap = firmware_features_reg(0);     // bit 0: TRNG
inline constexpr std::uint64_t kRegStdHypBmap = firmware_features_reg(1);  // bit 0: PV time
inline constexpr std::uint64_t kRegVendorHypBmap = firmware_features_reg(2);

// Values of kRegWorkaround1 and 3.
inline constexpr std::uint64_t kWorkaround1NotAvailable = 0;
inline constexpr std::uint64_t kWorkaround1Available = 1;
inline constexpr std::uint64_t kWorkaround1NotRequired = 2;
// Values of kRegWorkaround2, not the same ones.
inline constexpr std::uint64_t kWorkaround2NotAvailable = 0;
inline constexpr std::uint64_t kWorkaround2Unknown = 1;
inline constexpr std::uint64_t kWorkaround2Available = 2;
inline constexpr std::uint64_t kWorkaround2NotRequired = 3;
inline constexpr std::uint64_t kWorkaround2Enabled = 1u << 4;
inline constexpr std::uint64_t kWorkaround3NotAvailable = 0;
inline constexpr std::uint64_t kWorkaround3Available = 1;
inline constexpr std::uint64_t kWorkaround3NotRequired = 2;

// The vector lengths of an SVE vCPU: 512 bits, bit n set for a length of n + 1 quadwords. Before finalize
// only.
inline constexpr std::uint64_t kRegSveVls = kRegArm64 | kRegSizeU512 | kRegSve | 0xffff;

// The first slices of Z0..Z31, P0..P15 and FFR, which hold all of them up to the architecture's longest vector.
// Bytes above the vCPU's vector length read as zero. After finalize only.
inline constexpr std::size_t kSveZBytes = 256;
inline constexpr std::size_t kSvePBytes = 32;
constexpr std::uint64_t sve_z(unsigned n) {
    return kRegArm64 | kRegSizeU2048 | kRegSve | n << 5;
}
constexpr std::uint64_t sve_p(unsigned n) {
    return kRegArm64 | kRegSizeU256 | kRegSve | 0x400 | n << 5;
}
inline constexpr std::uint64_t kRegSveFfr = kRegArm64 | kRegSizeU256 | kRegSve | 0x600;

// kArmGetRegWritableMasks: the ID register space (op0 3, op1 0, 1 or 3, CRn 0).
inline constexpr std::uint32_t kFeatureIdRange = 0;  // KVM_ARM_FEATURE_ID_RANGE
inline constexpr std::size_t kFeatureIdRangeSize = 3 * 8 * 8;
constexpr std::size_t feature_id_index(unsigned op1, unsigned crm, unsigned op2) {
    return std::size_t{op1 == 3 ? 2u : op1} << 6 | (crm & 7) << 3 | (op2 & 7);
}

// --- Device attributes
// ----------------------------------------------------------------------------------------------

inline constexpr std::uint32_t kCreateDeviceTest = 1;
inline constexpr std::uint32_t kDevTypeArmVgicV2 = 5;
inline constexpr std::uint32_t kDevTypeArmVgicV3 = 7;
inline constexpr std::uint32_t kDevTypeArmVgicIts = 8;

// On a VM.
inline constexpr std::uint32_t kVmSmcccGroup = 0;   // KVM_ARM_VM_SMCCC_CTRL
inline constexpr std::uint64_t kVmSmcccFilter = 0;  // KVM_ARM_VM_SMCCC_FILTER
inline constexpr std::uint8_t kSmcccFilterHandle = 0;
inline constexpr std::uint8_t kSmcccFilterDeny = 1;
inline constexpr std::uint8_t kSmcccFilterForward = 2;

// On a vCPU.
inline constexpr std::uint32_t kVcpuPmuGroup = 0;  // KVM_ARM_VCPU_PMU_V3_CTRL
inline constexpr std::uint64_t kVcpuPmuIrq = 0;
inline constexpr std::uint64_t kVcpuPmuInit = 1;
inline constexpr std::uint32_t kVcpuTimerGroup = 1;  // KVM_ARM_VCPU_TIMER_CTRL
inline constexpr std::uint64_t kVcpuTimerIrqVirtual = 0;
inline constexpr std::uint64_t kVcpuTimerIrqPhysical = 1;

// On a vGIC.
inline constexpr std::uint32_t kVgicAddressGroup = 0;     // KVM_DEV_ARM_VGIC_GRP_ADDR
inline constexpr std::uint32_t kVgicDistRegsGroup = 1;    // likewise; a 32-bit value, as the next
inline constexpr std::uint32_t kVgicCpuRegsGroup = 2;     // GICv2
inline constexpr std::uint32_t kVgicNrIrqsGroup = 3;
inline constexpr std::uint32_t kVgicControlGroup = 4;
inline constexpr std::uint32_t kVgicRedistRegsGroup = 5;  // GICv3; a 32-bit value
inline constexpr std::uint32_t kVgicCpuSysregsGroup = 6;  // GICv3; a 64-bit value
// GICv3; a 32-bit value for the 32 INTIDs from the one in the low bits of the attribute.
inline constexpr std::uint32_t kVgicLevelInfoGroup = 7;
inline constexpr std::uint64_t kVgicControlInit = 0;
inline constexpr std::uint64_t kVgicItsReset = 4;  // KVM_DEV_ARM_ITS_CTRL_RESET
// Attributes of the register groups: the vCPU (GICv2: its id; GICv3: Aff3.Aff2.Aff1.Aff0) from this bit up, the
// offset or, for kVgicCpuSysregsGroup, the 16-bit encoding of the register below.
inline constexpr unsigned kVgicVcpuShift = 32;
inline constexpr std::uint64_t kVgicV2AddressDist = 0;
inline constexpr std::uint64_t kVgicV2AddressCpu = 1;
inline constexpr std::uint64_t kVgicV3AddressDist = 2;
inline constexpr std::uint64_t kVgicV3AddressRedist = 3;
inline constexpr std::uint64_t kVgicItsAddress = 4;
inline constexpr std::uint64_t kVgicV3AddressRedistRegion = 5;

}  // namespace trapeze::kvm

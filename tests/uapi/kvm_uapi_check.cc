// Compile-time comparison of linux-headers/trapeze_kvm.h with the kernel's own headers for arm64. There is
// nothing to run: scripts/check-kvm-uapi compiles it with -fsyntax-only for arm64.
//
// Names that kernels up to 6.1 do not have are compared when the headers define them, and must be there when
// TRAPEZE_KVM_TRAP_ALL_HEADERS is defined, which says that the headers are those of a 6.12 or later kernel
// with the trap-all patches.
//
// Longer than other files, because it is one list, most of it one line for each constant.
#include <linux/kvm.h>

#include "trapeze_kvm.h"

namespace k = trapeze::kvm;

#define SAME(ours, theirs) \
    static_assert(static_cast<__u64>(ours) == static_cast<__u64>(theirs), #ours " is not " #theirs)
#define SAME_SIZE(ours, theirs) \
    static_assert(sizeof(k::ours) == sizeof(theirs), "sizes of " #ours " and " #theirs)
// A member's offset and size. `their_member` may lead through nested members.
#define SAME_MEMBER(ours, member, theirs, their_member)                        \
    static_assert(offsetof(k::ours, member) == offsetof(theirs, their_member), \
                  "offset of " #ours "::" #member);                            \
    static_assert(sizeof(k::ours::member) == sizeof(theirs::their_member), "size of " #ours "::" #member)
// The offset within Run and the size of a member of an exit's data.
#define SAME_EXIT(ours, run_member, member)                                                               \
    static_assert(                                                                                        \
        offsetof(k::Run, run_member) + offsetof(k::ours, member) == offsetof(kvm_run, run_member.member), \
        "offset of " #ours "::" #member);                                                                 \
    static_assert(sizeof(k::ours::member) == sizeof(kvm_run::run_member.member),                          \
                  "size of " #ours "::" #member)

// --- Structures ---
SAME_SIZE(UserspaceMemoryRegion, kvm_userspace_memory_region);
SAME_MEMBER(UserspaceMemoryRegion, slot, kvm_userspace_memory_region, slot);
SAME_MEMBER(UserspaceMemoryRegion, flags, kvm_userspace_memory_region, flags);
SAME_MEMBER(UserspaceMemoryRegion, guest_phys_addr, kvm_userspace_memory_region, guest_phys_addr);
SAME_MEMBER(UserspaceMemoryRegion, memory_size, kvm_userspace_memory_region, memory_size);
SAME_MEMBER(UserspaceMemoryRegion, userspace_addr, kvm_userspace_memory_region, userspace_addr);

SAME_SIZE(IrqLevel, kvm_irq_level);
SAME_MEMBER(IrqLevel, irq, kvm_irq_level, irq);
SAME_MEMBER(IrqLevel, level, kvm_irq_level, level);

SAME_SIZE(OneReg, kvm_one_reg);
SAME_MEMBER(OneReg, id, kvm_one_reg, id);
SAME_MEMBER(OneReg, addr, kvm_one_reg, addr);

SAME_SIZE(RegList, kvm_reg_list);
SAME_MEMBER(RegList, n, kvm_reg_list, n);
static_assert(sizeof(k::RegList) == offsetof(kvm_reg_list, reg), "the ids follow RegList");

SAME_SIZE(VcpuInit, kvm_vcpu_init);
SAME_MEMBER(VcpuInit, target, kvm_vcpu_init, target);
SAME_MEMBER(VcpuInit, features, kvm_vcpu_init, features);

SAME_SIZE(MpState, kvm_mp_state);
SAME_MEMBER(MpState, mp_state, kvm_mp_state, mp_state);

SAME_SIZE(VcpuEvents, kvm_vcpu_events);
SAME_MEMBER(VcpuEvents, serror_pending, kvm_vcpu_events, exception.serror_pending);
SAME_MEMBER(VcpuEvents, serror_has_esr, kvm_vcpu_events, exception.serror_has_esr);
SAME_MEMBER(VcpuEvents, ext_dabt_pending, kvm_vcpu_events, exception.ext_dabt_pending);
SAME_MEMBER(VcpuEvents, pad, kvm_vcpu_events, exception.pad);
SAME_MEMBER(VcpuEvents, serror_esr, kvm_vcpu_events, exception.serror_esr);
SAME_MEMBER(VcpuEvents, reserved, kvm_vcpu_events, reserved);

SAME_SIZE(Ioeventfd, kvm_ioeventfd);
SAME_MEMBER(Ioeventfd, datamatch, kvm_ioeventfd, datamatch);
SAME_MEMBER(Ioeventfd, addr, kvm_ioeventfd, addr);
SAME_MEMBER(Ioeventfd, len, kvm_ioeventfd, len);
SAME_MEMBER(Ioeventfd, fd, kvm_ioeventfd, fd);
SAME_MEMBER(Ioeventfd, flags, kvm_ioeventfd, flags);
SAME_MEMBER(Ioeventfd, pad, kvm_ioeventfd, pad);

SAME_SIZE(EnableCap, kvm_enable_cap);
SAME_MEMBER(EnableCap, cap, kvm_enable_cap, cap);
SAME_MEMBER(EnableCap, flags, kvm_enable_cap, flags);
SAME_MEMBER(EnableCap, args, kvm_enable_cap, args);
SAME_MEMBER(EnableCap, pad, kvm_enable_cap, pad);

SAME_SIZE(CreateDevice, kvm_create_device);
SAME_MEMBER(CreateDevice, type, kvm_create_device, type);
SAME_MEMBER(CreateDevice, fd, kvm_create_device, fd);
SAME_MEMBER(CreateDevice, flags, kvm_create_device, flags);

SAME_SIZE(DeviceAttr, kvm_device_attr);
SAME_MEMBER(DeviceAttr, flags, kvm_device_attr, flags);
SAME_MEMBER(DeviceAttr, group, kvm_device_attr, group);
SAME_MEMBER(DeviceAttr, attr, kvm_device_attr, attr);
SAME_MEMBER(DeviceAttr, addr, kvm_device_attr, addr);

SAME_SIZE(SignalMask, kvm_signal_mask);
SAME_MEMBER(SignalMask, len, kvm_signal_mask, len);
static_assert(sizeof(k::SignalMask) == offsetof(kvm_signal_mask, sigset), "the set follows SignalMask");

SAME(k::kMaxDebugRegs, KVM_ARM_MAX_DBG_REGS);
SAME_SIZE(GuestDebug, kvm_guest_debug);
SAME_MEMBER(GuestDebug, control, kvm_guest_debug, control);
SAME_MEMBER(GuestDebug, pad, kvm_guest_debug, pad);
SAME_MEMBER(GuestDebug, dbg_bcr, kvm_guest_debug, arch.dbg_bcr);
SAME_MEMBER(GuestDebug, dbg_bvr, kvm_guest_debug, arch.dbg_bvr);
SAME_MEMBER(GuestDebug, dbg_wcr, kvm_guest_debug, arch.dbg_wcr);
SAME_MEMBER(GuestDebug, dbg_wvr, kvm_guest_debug, arch.dbg_wvr);

SAME_SIZE(CoreRegs, kvm_regs);
SAME_MEMBER(CoreRegs, x, kvm_regs, regs.regs);
SAME_MEMBER(CoreRegs, sp, kvm_regs, regs.sp);
SAME_MEMBER(CoreRegs, pc, kvm_regs, regs.pc);
SAME_MEMBER(CoreRegs, pstate, kvm_regs, regs.pstate);
SAME_MEMBER(CoreRegs, sp_el1, kvm_regs, sp_el1);
SAME_MEMBER(CoreRegs, elr_el1, kvm_regs, elr_el1);
SAME_MEMBER(CoreRegs, spsr, kvm_regs, spsr);
SAME_MEMBER(CoreRegs, v, kvm_regs, fp_regs.vregs);
SAME_MEMBER(CoreRegs, fpsr, kvm_regs, fp_regs.fpsr);
SAME_MEMBER(CoreRegs, fpcr, kvm_regs, fp_regs.fpcr);
static_assert(sizeof(k::CoreRegs::fp_reserved) == sizeof(user_fpsimd_state::__reserved),
              "CoreRegs::fp_reserved");

// --- Run and its exits ---
SAME_SIZE(Run, kvm_run);
SAME_MEMBER(Run, request_interrupt_window, kvm_run, request_interrupt_window);
SAME_MEMBER(Run, immediate_exit, kvm_run, immediate_exit);
SAME_MEMBER(Run, padding1, kvm_run, padding1);
SAME_MEMBER(Run, exit_reason, kvm_run, exit_reason);
SAME_MEMBER(Run, ready_for_interrupt_injection, kvm_run, ready_for_interrupt_injection);
SAME_MEMBER(Run, if_flag, kvm_run, if_flag);
SAME_MEMBER(Run, flags, kvm_run, flags);
SAME_MEMBER(Run, cr8, kvm_run, cr8);
SAME_MEMBER(Run, apic_base, kvm_run, apic_base);
SAME_MEMBER(Run, exit_padding, kvm_run, padding);
SAME_MEMBER(Run, valid_regs, kvm_run, kvm_valid_regs);
SAME_MEMBER(Run, dirty_regs, kvm_run, kvm_dirty_regs);
static_assert(offsetof(k::Run, sync) == offsetof(kvm_run, s.regs), "offset of Run::sync");
SAME_MEMBER(SyncRegs, device_irq_level, kvm_sync_regs, device_irq_level);
SAME_MEMBER(Run, sync_padding, kvm_run, s.padding);
SAME_EXIT(FailEntryExit, fail_entry, hardware_entry_failure_reason);
SAME_EXIT(FailEntryExit, fail_entry, cpu);
static_assert(offsetof(k::Run, debug) + offsetof(k::DebugExit, hsr) == offsetof(kvm_run, debug.arch.hsr));
static_assert(offsetof(k::Run, debug) + offsetof(k::DebugExit, hsr_high) ==
              offsetof(kvm_run, debug.arch.hsr_high));
static_assert(offsetof(k::Run, debug) + offsetof(k::DebugExit, far) == offsetof(kvm_run, debug.arch.far));
SAME_SIZE(DebugExit, kvm_debug_exit_arch);
SAME_EXIT(MmioExit, mmio, phys_addr);
SAME_EXIT(MmioExit, mmio, data);
SAME_EXIT(MmioExit, mmio, len);
SAME_EXIT(MmioExit, mmio, is_write);
SAME_EXIT(HypercallExit, hypercall, nr);
SAME_EXIT(HypercallExit, hypercall, args);
SAME_EXIT(HypercallExit, hypercall, ret);
// Before 6.4 the member was called longmode.
static_assert(offsetof(k::HypercallExit, flags) == offsetof(k::HypercallExit, ret) + 8,
              "HypercallExit::flags");
SAME_EXIT(InternalErrorExit, internal, suberror);
SAME_EXIT(InternalErrorExit, internal, ndata);
SAME_EXIT(InternalErrorExit, internal, data);
SAME_EXIT(SystemEventExit, system_event, type);
SAME_EXIT(SystemEventExit, system_event, ndata);
SAME_EXIT(SystemEventExit, system_event, data);
SAME_EXIT(NisvExit, arm_nisv, esr_iss);
SAME_EXIT(NisvExit, arm_nisv, fault_ipa);

// --- ioctls ---
SAME(k::kIoctlType, KVMIO);
SAME(k::kApiVersion, KVM_API_VERSION);
SAME(k::kGetApiVersion, KVM_GET_API_VERSION);
SAME(k::kCreateVm, KVM_CREATE_VM);
SAME(k::kCheckExtension, KVM_CHECK_EXTENSION);
SAME(k::kGetVcpuMmapSize, KVM_GET_VCPU_MMAP_SIZE);
SAME(k::kCreateVcpu, KVM_CREATE_VCPU);
SAME(k::kSetUserMemoryRegion, KVM_SET_USER_MEMORY_REGION);
SAME(k::kIrqLine, KVM_IRQ_LINE);
SAME(k::kIoeventfd, KVM_IOEVENTFD);
SAME(k::kIoeventfdFlagDatamatch, KVM_IOEVENTFD_FLAG_DATAMATCH);
SAME(k::kEnableCap, KVM_ENABLE_CAP);
SAME(k::kArmPreferredTarget, KVM_ARM_PREFERRED_TARGET);
SAME(k::kCreateDevice, KVM_CREATE_DEVICE);
SAME(k::kSetDeviceAttr, KVM_SET_DEVICE_ATTR);
SAME(k::kGetDeviceAttr, KVM_GET_DEVICE_ATTR);
SAME(k::kHasDeviceAttr, KVM_HAS_DEVICE_ATTR);
SAME(k::kRun, KVM_RUN);
SAME(k::kSetSignalMask, KVM_SET_SIGNAL_MASK);
SAME(k::kGetMpState, KVM_GET_MP_STATE);
SAME(k::kSetMpState, KVM_SET_MP_STATE);
SAME(k::kSetGuestDebug, KVM_SET_GUEST_DEBUG);
SAME(k::kGetVcpuEvents, KVM_GET_VCPU_EVENTS);
SAME(k::kSetVcpuEvents, KVM_SET_VCPU_EVENTS);
SAME(k::kGetOneReg, KVM_GET_ONE_REG);
SAME(k::kSetOneReg, KVM_SET_ONE_REG);
SAME(k::kArmVcpuInit, KVM_ARM_VCPU_INIT);
SAME(k::kGetRegList, KVM_GET_REG_LIST);
SAME(k::kArmVcpuFinalize, KVM_ARM_VCPU_FINALIZE);

// --- Machine type and memory ---
SAME(k::kVmTypeIpaSizeMask, KVM_VM_TYPE_ARM_IPA_SIZE_MASK);
SAME(k::kMemLogDirtyPages, KVM_MEM_LOG_DIRTY_PAGES);
SAME(k::kMemReadonly, KVM_MEM_READONLY);

// --- Capabilities ---
SAME(k::kCapUserMemory, KVM_CAP_USER_MEMORY);
SAME(k::kCapNrVcpus, KVM_CAP_NR_VCPUS);
SAME(k::kCapNrMemslots, KVM_CAP_NR_MEMSLOTS);
SAME(k::kCapMpState, KVM_CAP_MP_STATE);
SAME(k::kCapSyncMmu, KVM_CAP_SYNC_MMU);
SAME(k::kCapSetGuestDebug, KVM_CAP_SET_GUEST_DEBUG);
SAME(k::kCapVcpuEvents, KVM_CAP_VCPU_EVENTS);
SAME(k::kCapMaxVcpus, KVM_CAP_MAX_VCPUS);
SAME(k::kCapOneReg, KVM_CAP_ONE_REG);
SAME(k::kCapSyncRegs, KVM_CAP_SYNC_REGS);
SAME(k::kCapReadonlyMem, KVM_CAP_READONLY_MEM);
SAME(k::kCapArmPsci, KVM_CAP_ARM_PSCI);
SAME(k::kCapDeviceCtrl, KVM_CAP_DEVICE_CTRL);
SAME(k::kCapEnableCapVm, KVM_CAP_ENABLE_CAP_VM);
SAME(k::kCapVmAttributes, KVM_CAP_VM_ATTRIBUTES);
SAME(k::kCapArmPsci02, KVM_CAP_ARM_PSCI_0_2);
SAME(k::kCapCheckExtensionVm, KVM_CAP_CHECK_EXTENSION_VM);
SAME(k::kCapGuestDebugHwBps, KVM_CAP_GUEST_DEBUG_HW_BPS);
SAME(k::kCapGuestDebugHwWps, KVM_CAP_GUEST_DEBUG_HW_WPS);
SAME(k::kCapArmPmuV3, KVM_CAP_ARM_PMU_V3);
SAME(k::kCapVcpuAttributes, KVM_CAP_VCPU_ATTRIBUTES);
SAME(k::kCapMaxVcpuId, KVM_CAP_MAX_VCPU_ID);
SAME(k::kCapImmediateExit, KVM_CAP_IMMEDIATE_EXIT);
SAME(k::kCapArmUserIrq, KVM_CAP_ARM_USER_IRQ);
SAME(k::kCapArmInjectSerrorEsr, KVM_CAP_ARM_INJECT_SERROR_ESR);
SAME(k::kCapArmVmIpaSize, KVM_CAP_ARM_VM_IPA_SIZE);
SAME(k::kCapArmSve, KVM_CAP_ARM_SVE);
SAME(k::kCapArmPtrauthAddress, KVM_CAP_ARM_PTRAUTH_ADDRESS);
SAME(k::kCapArmPtrauthGeneric, KVM_CAP_ARM_PTRAUTH_GENERIC);
SAME(k::kCapArmIrqLineLayout2, KVM_CAP_ARM_IRQ_LINE_LAYOUT_2);
SAME(k::kCapArmNisvToUser, KVM_CAP_ARM_NISV_TO_USER);
SAME(k::kCapArmInjectExtDabt, KVM_CAP_ARM_INJECT_EXT_DABT);
SAME(k::kCapArmMte, KVM_CAP_ARM_MTE);
SAME(k::kCapArmSystemSuspend, KVM_CAP_ARM_SYSTEM_SUSPEND);

// --- Exit reasons and their values ---
SAME(k::kExitUnknown, KVM_EXIT_UNKNOWN);
SAME(k::kExitHypercall, KVM_EXIT_HYPERCALL);
SAME(k::kExitDebug, KVM_EXIT_DEBUG);
SAME(k::kExitMmio, KVM_EXIT_MMIO);
SAME(k::kExitShutdown, KVM_EXIT_SHUTDOWN);
SAME(k::kExitFailEntry, KVM_EXIT_FAIL_ENTRY);
SAME(k::kExitIntr, KVM_EXIT_INTR);
SAME(k::kExitInternalError, KVM_EXIT_INTERNAL_ERROR);
SAME(k::kExitSystemEvent, KVM_EXIT_SYSTEM_EVENT);
SAME(k::kExitArmNisv, KVM_EXIT_ARM_NISV);
SAME(k::kSystemEventShutdown, KVM_SYSTEM_EVENT_SHUTDOWN);
SAME(k::kSystemEventReset, KVM_SYSTEM_EVENT_RESET);
SAME(k::kSystemEventCrash, KVM_SYSTEM_EVENT_CRASH);
SAME(k::kSystemEventWakeup, KVM_SYSTEM_EVENT_WAKEUP);
SAME(k::kSystemEventSuspend, KVM_SYSTEM_EVENT_SUSPEND);
SAME(k::kSystemEventResetFlagPsciReset2, KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2);
SAME(k::kDebugHsrHighValid, KVM_DEBUG_ARCH_HSR_HIGH_VALID);
SAME(k::kFailEntryCpuUnsupported, KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED);
SAME(k::kDeviceIrqVirtualTimer, KVM_ARM_DEV_EL1_VTIMER);
SAME(k::kDeviceIrqPhysicalTimer, KVM_ARM_DEV_EL1_PTIMER);
SAME(k::kDeviceIrqPmu, KVM_ARM_DEV_PMU);
SAME(k::kGuestDebugEnable, KVM_GUESTDBG_ENABLE);
SAME(k::kGuestDebugSingleStep, KVM_GUESTDBG_SINGLESTEP);
SAME(k::kGuestDebugSoftwareBreakpoints, KVM_GUESTDBG_USE_SW_BP);
SAME(k::kGuestDebugHardware, KVM_GUESTDBG_USE_HW);
SAME(k::kMpStateRunnable, KVM_MP_STATE_RUNNABLE);
SAME(k::kMpStateStopped, KVM_MP_STATE_STOPPED);
SAME(k::kMpStateSuspended, KVM_MP_STATE_SUSPENDED);

// --- Interrupt lines ---
SAME(k::kIrqTypeCpu, KVM_ARM_IRQ_TYPE_CPU);
SAME(k::kIrqTypeSpi, KVM_ARM_IRQ_TYPE_SPI);
SAME(k::kIrqTypePpi, KVM_ARM_IRQ_TYPE_PPI);
SAME(k::kIrqCpuIrq, KVM_ARM_IRQ_CPU_IRQ);
SAME(k::kIrqCpuFiq, KVM_ARM_IRQ_CPU_FIQ);
SAME(k::irq_line(k::kIrqTypePpi, 0x534, 0x127), 5u << KVM_ARM_IRQ_VCPU2_SHIFT | 2u << KVM_ARM_IRQ_TYPE_SHIFT |
                                                    0x34u << KVM_ARM_IRQ_VCPU_SHIFT |
                                                    0x127u << KVM_ARM_IRQ_NUM_SHIFT);
SAME(k::irq_line(~0u, ~0u, ~0u), __u32{KVM_ARM_IRQ_VCPU2_MASK} << KVM_ARM_IRQ_VCPU2_SHIFT |
                                     KVM_ARM_IRQ_TYPE_MASK << KVM_ARM_IRQ_TYPE_SHIFT |
                                     KVM_ARM_IRQ_VCPU_MASK << KVM_ARM_IRQ_VCPU_SHIFT |
                                     KVM_ARM_IRQ_NUM_MASK << KVM_ARM_IRQ_NUM_SHIFT);

// --- vCPU features ---
SAME(k::kVcpuPowerOff, KVM_ARM_VCPU_POWER_OFF);
SAME(k::kVcpuEl132Bit, KVM_ARM_VCPU_EL1_32BIT);
SAME(k::kVcpuPsci02, KVM_ARM_VCPU_PSCI_0_2);
SAME(k::kVcpuPmuV3, KVM_ARM_VCPU_PMU_V3);
SAME(k::kVcpuSve, KVM_ARM_VCPU_SVE);
SAME(k::kVcpuPtrauthAddress, KVM_ARM_VCPU_PTRAUTH_ADDRESS);
SAME(k::kVcpuPtrauthGeneric, KVM_ARM_VCPU_PTRAUTH_GENERIC);

// --- Register ids ---
SAME(k::kRegArm64, KVM_REG_ARM64);
SAME(k::kRegArchMask, KVM_REG_ARCH_MASK);
SAME(k::kRegSizeMask, KVM_REG_SIZE_MASK);
SAME(k::kRegSizeShift, KVM_REG_SIZE_SHIFT);
SAME(k::kRegSizeU32, KVM_REG_SIZE_U32);
SAME(k::kRegSizeU64, KVM_REG_SIZE_U64);
SAME(k::kRegSizeU128, KVM_REG_SIZE_U128);
SAME(k::kRegSizeU512, KVM_REG_SIZE_U512);
SAME(k::kRegSizeU256, KVM_REG_SIZE_U256);
SAME(k::kRegSizeU2048, KVM_REG_SIZE_U2048);
SAME(k::kRegClassMask, KVM_REG_ARM_COPROC_MASK);
SAME(k::kRegCore, KVM_REG_ARM_CORE);
SAME(k::kRegDemux, KVM_REG_ARM_DEMUX | KVM_REG_ARM_DEMUX_ID_CCSIDR);
SAME(k::kRegSysreg, KVM_REG_ARM64_SYSREG);
SAME(k::kRegFirmware, KVM_REG_ARM_FW);
SAME(k::kRegSve, KVM_REG_ARM64_SVE);
SAME(k::kRegFirmwareFeatures, KVM_REG_ARM_FW_FEAT_BMAP);
SAME(k::reg_size(k::kRegFpsr), KVM_REG_SIZE(KVM_REG_ARM64 | KVM_REG_SIZE_U32));
SAME(k::reg_size(k::kRegSveVls), KVM_REG_SIZE(KVM_REG_ARM64_SVE_VLS));
SAME(k::core_reg(offsetof(k::CoreRegs, pc)),
     KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc));
SAME(k::core_reg_v(17),
     KVM_REG_ARM64 | KVM_REG_SIZE_U128 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(fp_regs.vregs[17]));
SAME(k::kRegFpsr, KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(fp_regs.fpsr));
SAME(k::kRegFpcr, KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(fp_regs.fpcr));
SAME(k::ccsidr_reg(5), KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX | KVM_REG_ARM_DEMUX_ID_CCSIDR |
                           5 << KVM_REG_ARM_DEMUX_VAL_SHIFT);
SAME(k::ccsidr_reg(~0ull) & 0xffff, KVM_REG_ARM_DEMUX_VAL_MASK);
SAME(k::sysreg(3, 5, 11, 13, 6), ARM64_SYS_REG(3, 5, 11, 13, 6));
SAME(k::sysreg(~0u, ~0u, ~0u, ~0u, ~0u), ARM64_SYS_REG(3, 7, 15, 15, 7));
SAME(k::kRegTimerCtl, KVM_REG_ARM_TIMER_CTL);
SAME(k::kRegTimerCval, KVM_REG_ARM_TIMER_CVAL);
SAME(k::kRegTimerCnt, KVM_REG_ARM_TIMER_CNT);
SAME(k::kRegPtimerCtl, KVM_REG_ARM_PTIMER_CTL);
SAME(k::kRegPtimerCval, KVM_REG_ARM_PTIMER_CVAL);
SAME(k::kRegPtimerCnt, KVM_REG_ARM_PTIMER_CNT);
SAME(k::firmware_reg(0xabc), KVM_REG_ARM_FW_REG(0xabc));
SAME(k::firmware_features_reg(0xabc), KVM_REG_ARM_FW_FEAT_BMAP_REG(0xabc));
SAME(k::kRegPsciVersion, KVM_REG_ARM_PSCI_VERSION);
SAME(k::kRegWorkaround1, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1);
SAME(k::kRegWorkaround2, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2);
SAME(k::kRegWorkaround3, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3);
SAME(k::kRegStdBmap, KVM_REG_ARM_STD_BMAP);
SAME(k::kRegStdHypBmap, KVM_REG_ARM_STD_HYP_BMAP);
SAME(k::kRegVendorHypBmap, KVM_REG_ARM_VENDOR_HYP_BMAP);
SAME(k::kWorkaround1NotAvailable, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_NOT_AVAIL);
SAME(k::kWorkaround1Available, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_AVAIL);
SAME(k::kWorkaround1NotRequired, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_1_NOT_REQUIRED);
SAME(k::kWorkaround2NotAvailable, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_AVAIL);
SAME(k::kWorkaround2Unknown, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_UNKNOWN);
SAME(k::kWorkaround2Available, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_AVAIL);
SAME(k::kWorkaround2NotRequired, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_NOT_REQUIRED);
SAME(k::kWorkaround2Enabled, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_ENABLED);
SAME(k::kWorkaround3NotAvailable, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_NOT_AVAIL);
SAME(k::kWorkaround3Available, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_AVAIL);
SAME(k::kWorkaround3NotRequired, KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_3_NOT_REQUIRED);
SAME(k::kRegSveVls, KVM_REG_ARM64_SVE_VLS);
SAME(k::sve_z(5), KVM_REG_ARM64_SVE_ZREG(5, 0));
SAME(k::sve_p(5), KVM_REG_ARM64_SVE_PREG(5, 0));
SAME(k::kRegSveFfr, KVM_REG_ARM64_SVE_FFR(0));
SAME(k::kSveZBytes, KVM_REG_SIZE(KVM_REG_ARM64_SVE_ZREG(0, 0)));
SAME(k::kSvePBytes, KVM_REG_SIZE(KVM_REG_ARM64_SVE_PREG(0, 0)));

// --- Device attributes ---
SAME(k::kCreateDeviceTest, KVM_CREATE_DEVICE_TEST);
SAME(k::kDevTypeArmVgicV2, KVM_DEV_TYPE_ARM_VGIC_V2);
SAME(k::kDevTypeArmVgicV3, KVM_DEV_TYPE_ARM_VGIC_V3);
SAME(k::kDevTypeArmVgicIts, KVM_DEV_TYPE_ARM_VGIC_ITS);
SAME(k::kVcpuPmuGroup, KVM_ARM_VCPU_PMU_V3_CTRL);
SAME(k::kVcpuPmuIrq, KVM_ARM_VCPU_PMU_V3_IRQ);
SAME(k::kVcpuPmuInit, KVM_ARM_VCPU_PMU_V3_INIT);
SAME(k::kVcpuTimerGroup, KVM_ARM_VCPU_TIMER_CTRL);
SAME(k::kVcpuTimerIrqVirtual, KVM_ARM_VCPU_TIMER_IRQ_VTIMER);
SAME(k::kVcpuTimerIrqPhysical, KVM_ARM_VCPU_TIMER_IRQ_PTIMER);
SAME(k::kVgicAddressGroup, KVM_DEV_ARM_VGIC_GRP_ADDR);
SAME(k::kVgicNrIrqsGroup, KVM_DEV_ARM_VGIC_GRP_NR_IRQS);
SAME(k::kVgicControlGroup, KVM_DEV_ARM_VGIC_GRP_CTRL);
SAME(k::kVgicControlInit, KVM_DEV_ARM_VGIC_CTRL_INIT);
SAME(k::kVgicDistRegsGroup, KVM_DEV_ARM_VGIC_GRP_DIST_REGS);
SAME(k::kVgicCpuRegsGroup, KVM_DEV_ARM_VGIC_GRP_CPU_REGS);
SAME(k::kVgicRedistRegsGroup, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS);
SAME(k::kVgicCpuSysregsGroup, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS);
SAME(k::kVgicLevelInfoGroup, KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO);
SAME(k::kVgicItsReset, KVM_DEV_ARM_ITS_CTRL_RESET);
SAME(k::kVgicVcpuShift, KVM_DEV_ARM_VGIC_CPUID_SHIFT);
SAME(k::kVgicVcpuShift, KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT);
SAME(k::kVgicV2AddressDist, KVM_VGIC_V2_ADDR_TYPE_DIST);
SAME(k::kVgicV2AddressCpu, KVM_VGIC_V2_ADDR_TYPE_CPU);
SAME(k::kVgicV3AddressDist, KVM_VGIC_V3_ADDR_TYPE_DIST);
SAME(k::kVgicV3AddressRedist, KVM_VGIC_V3_ADDR_TYPE_REDIST);
SAME(k::kVgicItsAddress, KVM_VGIC_ITS_ADDR_TYPE);
SAME(k::kVgicV3AddressRedistRegion, KVM_VGIC_V3_ADDR_TYPE_REDIST_REGION);

// --- Newer than 6.1 ---
#if defined(KVM_CAP_COUNTER_OFFSET) || defined(TRAPEZE_KVM_TRAP_ALL_HEADERS)  // 6.4
SAME(k::kCapCounterOffset, KVM_CAP_COUNTER_OFFSET);
SAME(k::kArmSetCounterOffset, KVM_ARM_SET_COUNTER_OFFSET);
SAME_SIZE(CounterOffset, kvm_arm_counter_offset);
SAME_MEMBER(CounterOffset, counter_offset, kvm_arm_counter_offset, counter_offset);
SAME_MEMBER(CounterOffset, reserved, kvm_arm_counter_offset, reserved);
SAME_EXIT(HypercallExit, hypercall, flags);
SAME(k::kHypercallSmc, KVM_HYPERCALL_EXIT_SMC);
SAME(k::kHypercall16Bit, KVM_HYPERCALL_EXIT_16BIT);
SAME_SIZE(SmcccFilter, kvm_smccc_filter);
SAME_MEMBER(SmcccFilter, base, kvm_smccc_filter, base);
SAME_MEMBER(SmcccFilter, nr_functions, kvm_smccc_filter, nr_functions);
SAME_MEMBER(SmcccFilter, action, kvm_smccc_filter, action);
SAME_MEMBER(SmcccFilter, pad, kvm_smccc_filter, pad);
SAME(k::kVmSmcccGroup, KVM_ARM_VM_SMCCC_CTRL);
SAME(k::kVmSmcccFilter, KVM_ARM_VM_SMCCC_FILTER);
SAME(k::kSmcccFilterHandle, KVM_SMCCC_FILTER_HANDLE);
SAME(k::kSmcccFilterDeny, KVM_SMCCC_FILTER_DENY);
SAME(k::kSmcccFilterForward, KVM_SMCCC_FILTER_FWD_TO_USER);
#endif
#if defined(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES) || defined(TRAPEZE_KVM_TRAP_ALL_HEADERS)  // 6.7
SAME(k::kCapArmSupportedRegMaskRanges, KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES);
SAME(k::kArmGetRegWritableMasks, KVM_ARM_GET_REG_WRITABLE_MASKS);
SAME_SIZE(RegMaskRange, reg_mask_range);
SAME_MEMBER(RegMaskRange, addr, reg_mask_range, addr);
SAME_MEMBER(RegMaskRange, range, reg_mask_range, range);
SAME_MEMBER(RegMaskRange, reserved, reg_mask_range, reserved);
SAME(k::kFeatureIdRange, KVM_ARM_FEATURE_ID_RANGE);
SAME(k::kFeatureIdRangeSize, KVM_ARM_FEATURE_ID_RANGE_SIZE);
inline constexpr auto kFeatureIdKernelIndex = [](unsigned op1, unsigned crm, unsigned op2) {
    return KVM_ARM_FEATURE_ID_RANGE_IDX(3, op1, 0, crm, op2);
};
SAME(k::feature_id_index(0, 7, 2), kFeatureIdKernelIndex(0, 7, 2));
SAME(k::feature_id_index(1, 0, 1), kFeatureIdKernelIndex(1, 0, 1));
SAME(k::feature_id_index(3, 0, 1), kFeatureIdKernelIndex(3, 0, 1));
#endif
#if defined(KVM_ARM_VCPU_HAS_EL2) || defined(TRAPEZE_KVM_TRAP_ALL_HEADERS)  // 6.4
SAME(k::kVcpuHasEl2, KVM_ARM_VCPU_HAS_EL2);
#endif
#if defined(KVM_EXIT_MEMORY_FAULT) || defined(TRAPEZE_KVM_TRAP_ALL_HEADERS)  // 6.8
SAME(k::kExitMemoryFault, KVM_EXIT_MEMORY_FAULT);
SAME(k::kCapMemoryFaultInfo, KVM_CAP_MEMORY_FAULT_INFO);
SAME_EXIT(MemoryFaultExit, memory_fault, flags);
SAME_EXIT(MemoryFaultExit, memory_fault, gpa);
SAME_EXIT(MemoryFaultExit, memory_fault, size);
#endif
#if defined(KVM_CAP_ARM_WRITABLE_IMP_ID_REGS)  // 6.15: newer than the kernel that is patched
SAME(k::kCapArmWritableImpIdRegs, KVM_CAP_ARM_WRITABLE_IMP_ID_REGS);
#endif
#if defined(KVM_EXIT_ARM_LDST64B)  // 7.0
SAME(k::kExitArmLdst64b, KVM_EXIT_ARM_LDST64B);
#endif
#if defined(KVM_CAP_ARM_EL2)  // 6.16
SAME(k::kCapArmEl2, KVM_CAP_ARM_EL2);
#endif
#if defined(KVM_VM_TYPE_ARM_TRAP_ALL) || defined(TRAPEZE_KVM_TRAP_ALL_HEADERS)
SAME(k::kVmTypeArmTrapAll, KVM_VM_TYPE_ARM_TRAP_ALL);
SAME(k::kExitArmTrapHarder, KVM_EXIT_ARM_TRAP_HARDER);
SAME_EXIT(TrapHarderExit, arm_trap_harder, esr);
SAME_EXIT(TrapHarderExit, arm_trap_harder, elr);
SAME_EXIT(TrapHarderExit, arm_trap_harder, far);
static_assert(sizeof(k::TrapHarderExit) == sizeof(kvm_run::arm_trap_harder), "size of TrapHarderExit");
SAME(k::kCapArmTrapAt, KVM_CAP_ARM_TRAP_AT);
SAME(k::kSyncCore, KVM_SYNC_ARM64_CORE);
SAME_MEMBER(SyncRegs, core, kvm_sync_regs, core);
static_assert(offsetof(k::CoreRegs, pc) == offsetof(user_pt_regs, pc), "SyncRegs::core[32]");
static_assert(offsetof(k::CoreRegs, pstate) == offsetof(user_pt_regs, pstate), "SyncRegs::core[33]");
#endif

// One KVM vCPU: running, exits and interrupt lines. Register access is in kvm_registers.cc.
#include "kvm/kvm_vcpu.h"

#include <sys/mman.h>
#include <csignal>
#include <cstring>

#include <cerrno>

#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"

namespace trapeze::accel {
namespace {

constexpr int kKickSignal = SIGUSR1;

// The signal only has to interrupt the ioctl.
void on_kick(int) {}

// The low `size` bytes of `bytes`, all 8 of which exist: copying a constant size is one load, and needs no
// library call.
u64 load_le(const u8 (&bytes)[8], unsigned size) {
    u64 value = 0;
    std::memcpy(&value, bytes, sizeof(value));
    return value & low_mask(size * 8);
}

}  // namespace

void install_kick_signal() {
    struct sigaction action {};
    action.sa_handler = &on_kick;
    // KVM_RUN returns EINTR all the same; a kick that comes too late must not cut short another system call.
    action.sa_flags = SA_RESTART;
    CHECK(sigaction(kKickSignal, &action, nullptr) == 0);
}

KvmVcpu::KvmVcpu(const Fd& vm, Fd fd, unsigned index, u64 mpidr, kvm::Run* run, std::size_t run_size,
                 const kvm::VcpuInit& init)
    : vm_(vm),
      fd_(std::move(fd)),
      index_(index),
      mpidr_(mpidr),
      run_(run),
      run_size_(run_size),
      init_(init) {}

KvmVcpu::~KvmVcpu() {
    munmap(run_, run_size_);
}

Result<std::unique_ptr<KvmVcpu>> KvmVcpu::create(const Fd& vm, Fd fd, unsigned index, u64 mpidr,
                                                 std::size_t run_size, const kvm::VcpuInit& init) {
    void* run = mmap(nullptr, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (run == MAP_FAILED) return fail_errno(errno, "could not map the run area of vCPU {}", index);
    std::unique_ptr<KvmVcpu> vcpu(
        new KvmVcpu(vm, std::move(fd), index, mpidr, static_cast<kvm::Run*>(run), run_size, init));
    if ((kvm_check(vm, kvm::kCapSyncRegs) & static_cast<int>(kvm::kSyncCore)) != 0) {
        vcpu->run_->valid_regs = kvm::kSyncCore;
        vcpu->shared_core_ = vcpu->run_->sync.core;
    }
    TRY(vcpu->init());
    if ((init.features[0] & (1u << kvm::kVcpuSve)) != 0) {
        int feature = kvm::kVcpuSve;
        if (kvm_ioctl(vcpu->fd_, kvm::kArmVcpuFinalize, &feature) != 0) {
            return fail_errno(errno, "could not finalize SVE of vCPU {}", index);
        }
    }
    TRY(vcpu->set_affinity());
    return vcpu;
}

Result<> KvmVcpu::init() {
    kvm::VcpuInit argument = init_;
    if (kvm_ioctl(fd_, kvm::kArmVcpuInit, &argument) != 0) {
        return fail_errno(errno, "could not initialise vCPU {}", index_);
    }
    return {};
}

Result<> KvmVcpu::set_affinity() {
    if (!set(arch::reg::MPIDR_EL1, mpidr_)) return fail("could not set MPIDR_EL1 of vCPU {}", index_);
    return {};
}

Result<> KvmVcpu::finish(std::optional<u32> gic_pmu_interrupt) {
    drives_lines_ = !gic_pmu_interrupt;
    if ((init_.features[0] & (1u << kvm::kVcpuPmuV3)) != 0) TRY(init_pmu(gic_pmu_interrupt));
    return {};
}

Result<> KvmVcpu::init_pmu(std::optional<u32> gic_interrupt) {
    kvm::DeviceAttr attribute{};
    attribute.group = kvm::kVcpuPmuGroup;
    if (gic_interrupt) {
        attribute.attr = kvm::kVcpuPmuIrq;
        attribute.addr = reinterpret_cast<u64>(&*gic_interrupt);
        if (kvm_ioctl(fd_, kvm::kSetDeviceAttr, &attribute) != 0)
            return fail_errno(errno, "could not set the interrupt of the PMU of vCPU {}", index_);
    }
    attribute.attr = kvm::kVcpuPmuInit;
    attribute.addr = 0;
    if (kvm_ioctl(fd_, kvm::kSetDeviceAttr, &attribute) != 0) {
        return fail_errno(errno, "could not initialise the PMU of vCPU {}", index_);
    }
    return {};
}

bool KvmVcpu::is_off() {
    kvm::MpState state{};
    CHECK(kvm_ioctl(fd_, kvm::kGetMpState, &state) == 0);
    return state.mp_state == kvm::kMpStateStopped;
}

// KVM_ARM_VCPU_INIT resets the registers, and before the first run also forgets the interrupt lines.
Result<> KvmVcpu::reset() {
    if (exit_pending_) flush_pending();
    core_ = nullptr;
    core_changed_ = false;
    TRY(init());
    TRY(set_affinity());
    if (drives_lines_) applied_ = effective_lines() ^ (kIrq | kFiq);  // unknown: make the next run set both
    return {};
}

void KvmVcpu::apply_lines() {
    const auto drive = [this](u32 number, bool level) {
        kvm::IrqLevel line{};
        line.irq = kvm::irq_line(kvm::kIrqTypeCpu, index_, number);
        line.level = level ? 1 : 0;
        CHECK(kvm_ioctl(vm_, kvm::kIrqLine, &line) == 0);
    };
    const unsigned wanted = effective_lines();
    const unsigned changed = wanted ^ applied_;
    if ((changed & kIrq) != 0) drive(kvm::kIrqCpuIrq, (wanted & kIrq) != 0);
    if ((changed & kFiq) != 0) drive(kvm::kIrqCpuFiq, (wanted & kFiq) != 0);
    applied_ = wanted;
}

// Only the owner drives the lines, between two runs. KVM keeps them in the vCPU's copy of HCR_EL2, which it
// also changes with plain loads and stores while it loads the vCPU (TWE, TWI, TVM): a line that another
// thread sets at that moment is lost, and with it every later interrupt of the vCPU.
void KvmVcpu::set_interrupt_lines(bool irq, bool fiq) {
    const unsigned wanted = (irq ? kIrq : 0) | (fiq ? kFiq : 0);
    if (wanted_.exchange(wanted) != wanted && in_run_.load()) kick();
}

void KvmVcpu::kick() {
    __atomic_store_n(&run_->immediate_exit, 1, __ATOMIC_SEQ_CST);
    // Not in KVM_RUN: the next entry sees immediate_exit, because in_run_ is set before it.
    if (in_run_.load()) pthread_kill(thread_.load(), kKickSignal);
}

void KvmVcpu::share_changes() {
    run_->dirty_regs = kvm::kSyncCore;
    core_changed_ = false;
}

void KvmVcpu::set_exit_pending() {
    exit_pending_ = true;
    core_ = nullptr;  // where the check of exit_pending_ is
}

Exit KvmVcpu::run() {
    if (!has_run_) {
        thread_.store(pthread_self());
        // Whoever started us may have left the signal blocked.
        sigset_t kick_only;
        sigemptyset(&kick_only);
        sigaddset(&kick_only, kKickSignal);
        pthread_sigmask(SIG_UNBLOCK, &kick_only, nullptr);
        has_run_ = true;
    }
    in_run_.store(true);
    if (effective_lines() != applied_) apply_lines();
    if (core_changed_) share_changes();
    const int result = kvm_ioctl(fd_, kvm::kRun);
    in_run_.store(false);
    core_ = shared_core_;

    if (result == 0) {
        exit_pending_ = false;
        return decode_exit();
    }
    const int error = errno;
    if (error == EINTR || error == EAGAIN) {
        // A kick is consumed here; whoever kicked has left word of why before kicking.
        __atomic_store_n(&run_->immediate_exit, 0, __ATOMIC_SEQ_CST);
        exit_pending_ = false;
        return InterruptedExit{};
    }
    return fatal(Error::from_errno(fmt::format("vCPU {}: KVM_RUN failed", index_), error).message());
}

Exit KvmVcpu::decode_exit() {
    switch (run_->exit_reason) {
        case kvm::kExitArmTrapHarder:
            return TrapExit{
                {run_->arm_trap_harder.esr}, run_->arm_trap_harder.elr, run_->arm_trap_harder.far};
        case kvm::kExitMmio: {
            const kvm::MmioExit& mmio = run_->mmio;
            CHECK(mmio.len >= 1 && mmio.len <= 8);
            set_exit_pending();
            return MmioExit{mem::Gpa{mmio.phys_addr}, static_cast<u8>(mmio.len), mmio.is_write != 0,
                            mmio.is_write != 0 ? load_le(mmio.data, mmio.len) : 0};
        }
        case kvm::kExitArmNisv:
        case kvm::kExitArmLdst64b:
            return UndescribedMmioExit{mem::Gpa{run_->arm_nisv.fault_ipa},
                                       static_cast<u32>(run_->arm_nisv.esr_iss)};
        case kvm::kExitHypercall:
            return HypercallExit{(run_->hypercall.flags & kvm::kHypercallSmc) != 0, get(CoreReg::Pc)};
        case kvm::kExitSystemEvent: return decode_system_event();
        case kvm::kExitDebug: return decode_debug_exit();
        case kvm::kExitIntr: return InterruptedExit{};
        case kvm::kExitFailEntry:
            return fatal(
                fmt::format("vCPU {}: KVM could not enter the guest on host CPU {} (reason {:#x})", index_,
                            run_->fail_entry.cpu, run_->fail_entry.hardware_entry_failure_reason));
        case kvm::kExitInternalError:
            return fatal(fmt::format("vCPU {}: KVM internal error {}", index_, run_->internal.suberror));
        default: return fatal(fmt::format("vCPU {}: unexpected KVM exit {}", index_, run_->exit_reason));
    }
}

Exit KvmVcpu::decode_system_event() {
    switch (run_->system_event.type) {
        case kvm::kSystemEventShutdown: return SystemEventExit{SystemEventExit::Kind::PowerOff};
        case kvm::kSystemEventReset: return SystemEventExit{SystemEventExit::Kind::Reset};
        default:
            return fatal(fmt::format("vCPU {}: unexpected system event {}", index_, run_->system_event.type));
    }
}

FatalExit KvmVcpu::fatal(std::string reason) {
    failure_ = std::move(reason);
    return {failure_};
}

void KvmVcpu::complete_mmio_read(u64 value) {
    CHECK(exit_pending_ && run_->exit_reason == kvm::kExitMmio && run_->mmio.is_write == 0);
    std::memcpy(run_->mmio.data, &value, sizeof(value));  // KVM takes the first mmio.len bytes
}

void KvmVcpu::flush_pending() {
    if (!exit_pending_) return;
    __atomic_store_n(&run_->immediate_exit, 1, __ATOMIC_SEQ_CST);
    if (core_changed_) share_changes();
    const int result = kvm_ioctl(fd_, kvm::kRun);
    CHECK(result != 0 && errno == EINTR);
    core_ = shared_core_;
    __atomic_store_n(&run_->immediate_exit, 0, __ATOMIC_SEQ_CST);
    exit_pending_ = false;
}

DeviceIrqLevels KvmVcpu::device_irq_levels() const {
    const u64 levels = run_->sync.device_irq_level;
    return {.virtual_timer = (levels & kvm::kDeviceIrqVirtualTimer) != 0,
            .physical_timer = (levels & kvm::kDeviceIrqPhysicalTimer) != 0,
            .pmu = (levels & kvm::kDeviceIrqPmu) != 0};
}

void KvmVcpu::inject_external_abort() {
    kvm::VcpuEvents events{};
    events.ext_dabt_pending = 1;
    CHECK(kvm_ioctl(fd_, kvm::kSetVcpuEvents, &events) == 0);
    // KVM takes the exception at the next run; until then PC and PSTATE are the old ones, and a reset must
    // not leave it behind.
    set_exit_pending();
}

}  // namespace trapeze::accel

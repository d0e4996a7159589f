#pragma once

#include <pthread.h>

#include <atomic>

#include "kvm/kvm_ioctl.h"
#include "trapeze/accel/accel.h"

namespace trapeze::accel {

// The signal that interrupts KVM_RUN. Installed once per process.
void install_kick_signal();

class KvmVcpu final : public Vcpu {
public:
    static Result<std::unique_ptr<KvmVcpu>> create(const Fd& vm, Fd fd, unsigned index, u64 mpidr,
                                                   std::size_t run_size, const kvm::VcpuInit& init);
    ~KvmVcpu() override;

    // Before the first run(). `gic_pmu_interrupt`: KVM emulates the GIC, and this is the INTID of the PMU.
    Result<> finish(std::optional<u32> gic_pmu_interrupt);

    Exit run() override;
    void complete_mmio_read(u64 value) override;
    void flush_pending() override;
    bool exit_pending() const override { return exit_pending_; }
    void kick() override;
    void set_interrupt_lines(bool irq, bool fiq) override;
    DeviceIrqLevels device_irq_levels() const override;
    std::optional<ArmedTimer> virtual_timer() override;
    std::optional<ArmedTimer> physical_timer() override;
    u64 virtual_count() override;
    u64 counter_frequency() const override;
    using Vcpu::get;
    using Vcpu::set;
    std::optional<u64> get(arch::SysReg reg) override;
    bool set(arch::SysReg reg, u64 value) override;
    std::optional<u64> ccsidr(u64 csselr) override;
    std::optional<u64> smccc_workaround(unsigned n) override;
    void inject_external_abort() override;
    DebugLimits debug_limits() const override;
    Result<> set_guest_debug(const GuestDebug& debug) override;
    unsigned vector_length() const override;
    bool get_vector(VectorReg reg, unsigned n, std::span<u8> to) override;
    bool set_vector(VectorReg reg, unsigned n, std::span<const u8> from) override;
    void instructions_written(std::span<const u8> host) override;
    Result<> reset() override;
    bool is_off() override;

private:
    KvmVcpu(const Fd& vm, Fd fd, unsigned index, u64 mpidr, kvm::Run* run, std::size_t run_size,
            const kvm::VcpuInit& init);

    u64 get_core(CoreReg reg) override;
    void set_core(CoreReg reg, u64 value) override;
    void share_changes();
    void set_exit_pending();
    Exit decode_exit();
    Exit decode_system_event();
    DebugExit decode_debug_exit();
    FatalExit fatal(std::string reason);
    Result<> init();
    Result<> init_pmu(std::optional<u32> gic_interrupt);
    Result<> set_affinity();
    std::optional<u64> get_one(u64 id);
    bool set_one(u64 id, u64 value);
    u64 must_get(u64 id);
    std::optional<ArmedTimer> timer(u64 ctl_id, u64 cval_id, u64 count_id);
    void apply_lines();
    unsigned effective_lines() const { return lines_masked_ ? 0 : wanted_.load(); }

    const Fd& vm_;
    const Fd fd_;
    const unsigned index_;
    const u64 mpidr_;      // MPIDR_EL1, which KVM resets to a value of its own
    kvm::Run* const run_;  // shared with the kernel; the owner thread reads exits, anyone sets immediate_exit
    const std::size_t run_size_;
    const kvm::VcpuInit init_;

    bool drives_lines_ = true;   // KVM emulates no GIC; const after finish()
    bool exit_pending_ = false;  // owner thread
    bool has_run_ = false;       // owner thread
    std::string failure_;        // owner thread: the reason of a FatalExit

    // run_->sync.core if the kernel shares X0 to X30, SP_EL0, PC and PSTATE there, from each KVM_RUN to the next
    // or to a reset; nullptr if they need an ioctl each. Const after create().
    u64* shared_core_ = nullptr;

    // Named mailbox of kick(): set while the owner is in, or about to enter, KVM_RUN.
    std::atomic<bool> in_run_{false};
    std::atomic<pthread_t> thread_{};

    // Interrupt inputs: wanted by whoever calls set_interrupt_lines() (named mailbox), and as KVM has them
    // (owner thread). run() announces in_run_ before it compares, the setter changes wanted_ before it looks
    // at in_run_.
    static constexpr unsigned kIrq = 1;
    static constexpr unsigned kFiq = 2;
    std::atomic<unsigned> wanted_{0};
    unsigned applied_ = 0;
    bool lines_masked_ = false;  // owner thread: GuestDebug::mask_interrupts
};

}  // namespace trapeze::accel

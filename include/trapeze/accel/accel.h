// The accelerator interface: what runs guest instructions and brings exits back. KVM is one implementation;
// nothing above this layer may assume it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "trapeze/accel/debug.h"
#include "trapeze/accel/kernel_gic.h"
#include "trapeze/arch/esr.h"
#include "trapeze/arch/pstate.h"
#include "trapeze/arch/sysreg.h"
#include "trapeze/base/result.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::accel {

// --- Exits ---------------------------------------------------------------------------------------------

// A trapped instruction with its syndrome. `pc` is the guest's PC register: the instruction itself, or for
// HVC the one after it.
struct TrapExit {
    arch::Esr esr;
    u64 pc;
    u64 far;
};

// A described access outside RAM. A read stays pending until complete_mmio_read and the next run().
struct MmioExit {
    mem::Gpa address;
    u8 size;  // bytes
    bool is_write;
    u64 value;  // writes: the low 8 * size bits
};

// An access outside RAM that the host could not describe (no ISV). PC is at the instruction.
struct UndescribedMmioExit {
    mem::Gpa address;
    u32 iss;
};

// kick(), a signal, or a change of timer or PMU output: nothing to complete.
struct InterruptedExit {};

// A hypercall that the accelerator forwards without a syndrome: the immediate is lost. PC is after the
// instruction, for HVC and SMC.
struct HypercallExit {
    bool smc;
    u64 pc;
};

// The guest asked the accelerator's own PSCI to end or restart the machine. All other vCPUs have been stopped.
struct SystemEventExit {
    enum class Kind : u8 { PowerOff, Reset };
    Kind kind;
};

// The accelerator cannot go on with this vCPU; the text says why, and is good until the vCPU is destroyed.
struct FatalExit {
    std::string_view reason;
};

using Exit = std::variant<TrapExit, MmioExit, UndescribedMmioExit, InterruptedExit, FatalExit, DebugExit,
                          HypercallExit, SystemEventExit>;

// --- Registers -----------------------------------------------------------------------------------------

// General registers that are not system registers in KVM's numbering or any other.
enum class CoreReg : u8 {
    X0 = 0,   // X0 + n is Xn, up to X30
    Sp = 31,  // SP_EL0
    Pc = 32,
    Pstate = 33,
    SpEl1 = 34,
    ElrEl1 = 35,
    SpsrEl1 = 36,
};
constexpr CoreReg x_reg(unsigned n) {
    return static_cast<CoreReg>(n);
}
// What SP is with this PSTATE.
constexpr CoreReg sp_reg(arch::Pstate pstate) {
    return pstate.selects_sp_el1() ? CoreReg::SpEl1 : CoreReg::Sp;
}

// Levels of the interrupt outputs that the accelerator implements for a vCPU.
struct DeviceIrqLevels {
    bool virtual_timer : 1 = false;
    bool physical_timer : 1 = false;
    bool pmu : 1 = false;
    bool operator==(const DeviceIrqLevels&) const = default;
};

// When an EL1 generic timer will fire, for sleeping without running. In counter ticks.
struct ArmedTimer {
    u64 cval;
    u64 count;  // the counter this timer compares with, now
};

// --- One virtual CPU -------------------------------------------------------------------------------------

// Used on its own thread only, except where a member says "any thread".
class Vcpu {
public:
    virtual ~Vcpu() = default;

    // Enters the guest until the next exit. A pending MMIO access is completed first.
    virtual Exit run() = 0;
    // Supplies the data of the MmioExit read that run() just returned.
    virtual void complete_mmio_read(u64 value) = 0;
    // Finishes a pending MMIO access or abort without running guest code, so that registers are up to date.
    virtual void flush_pending() = 0;
    // True between an MmioExit or inject_external_abort() and the next run() or flush_pending(): registers may
    // not be accessed.
    virtual bool exit_pending() const = 0;

    // Makes the current or next run() return InterruptedExit soon. Any thread.
    virtual void kick() = 0;
    // Drives the IRQ and FIQ inputs. Any thread. A run() in progress returns InterruptedExit for a change, which
    // takes effect at the next one.
    virtual void set_interrupt_lines(bool irq, bool fiq) = 0;

    // Outputs as of the last return of run().
    virtual DeviceIrqLevels device_irq_levels() const = 0;
    // nullopt: the timer is disabled or masked, and will not fire.
    virtual std::optional<ArmedTimer> virtual_timer() = 0;
    virtual std::optional<ArmedTimer> physical_timer() = 0;
    // CNTVCT_EL0 as the guest would read it now.
    virtual u64 virtual_count() = 0;
    // Ticks per second of both counters.
    virtual u64 counter_frequency() const = 0;

    // Not while exit_pending(). PSTATE has to name AArch64 EL0 or EL1, or AArch32 EL0 where that exists.
    u64 get(CoreReg reg) { return has_core(reg) ? core_[static_cast<unsigned>(reg)] : get_core(reg); }
    void set(CoreReg reg, u64 value) {
        if (!has_core(reg)) return set_core(reg, value);
        core_[static_cast<unsigned>(reg)] = value;
        core_changed_ = true;
    }
    // System registers that the accelerator holds. nullopt / false: it has no such register or refuses.
    virtual std::optional<u64> get(arch::SysReg reg) = 0;
    virtual bool set(arch::SysReg reg, u64 value) = 0;
    // CCSIDR_EL1 for one value of CSSELR_EL1; nullopt for a cache level that does not exist.
    virtual std::optional<u64> ccsidr(u64 csselr) = 0;
    // Firmware pseudo-register KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_n, n = 1..3: the host's answer.
    virtual std::optional<u64> smccc_workaround(unsigned n) = 0;

    // Makes a data abort that just exited take an external abort at EL1.
    virtual void inject_external_abort() = 0;

    // --- For debuggers, and to emulate loads and stores; an accelerator without support has none of it ---
    virtual DebugLimits debug_limits() const { return {}; }
    // Lasts until the next call; a reset keeps it. At most debug_limits() of each kind, and watchpoints must
    // be is_watchable().
    virtual Result<> set_guest_debug(const GuestDebug&) { return fail("the accelerator cannot debug a guest"); }
    // Bytes of an SVE register; 0 without SVE.
    virtual unsigned vector_length() const { return 0; }
    // False when there is no such register. The span has the size that VectorReg says.
    virtual bool get_vector(VectorReg, unsigned /*n*/, std::span<u8>) { return false; }
    virtual bool set_vector(VectorReg, unsigned /*n*/, std::span<const u8>) { return false; }
    // Instructions were written at this host view of guest RAM: makes every vCPU fetch them, whatever its
    // caches and memory attributes. Any thread.
    virtual void instructions_written(std::span<const u8>) {}

    // Architectural warm reset: every register to its reset value, PSTATE EL1h with DAIF set. Where
    // Vm::manages_power(), all vCPUs but the first are then off.
    virtual Result<> reset() = 0;
    // Where Vm::manages_power(): whether the guest has it turned off. Not while run() is in progress.
    virtual bool is_off() { return false; }

protected:
    virtual u64 get_core(CoreReg reg) = 0;
    virtual void set_core(CoreReg reg, u64 value) = 0;

    // Where X0 to PSTATE are, counted as in CoreReg, while they are in memory: nearly every exit reads and
    // writes some. nullptr: they need get_core() and set_core().
    u64* core_ = nullptr;
    bool core_changed_ = false;  // by set(), through core_

private:
    bool has_core(CoreReg reg) const { return core_ != nullptr && reg <= CoreReg::Pstate; }
};

// --- The virtual machine -----------------------------------------------------------------------------------

struct VcpuFeatures {
    bool pmu = false;
    bool sve = false;
    bool pauth = false;
};

// What of interrupt controllers and firmware calls an accelerator can do.
struct IrqchipSupport {
    bool forwards_gicv3_registers = false;  // the guest's accesses to ICC_*: a GICv3 can be emulated outside
    bool forwards_calls = false;            // Vm::forward_calls() works
    bool gicv2 = false;                     // emulates one itself
    bool gicv3 = false;                     // likewise
    bool its = false;                       // likewise, with gicv3
};

class Vm {
public:
    virtual ~Vm() = default;

    virtual std::string_view name() const = 0;  // "trap-harder"
    // All system register accesses, calls and WFx that trap come out of run().
    virtual bool traps_everything() const = 0;
    virtual IrqchipSupport irqchip_support() const = 0;
    // What it answers itself of what a guest's instructions could ask for, so that it never comes out of run():
    // for people, whole lines, indented.
    virtual std::string kept() const = 0;
    // PSCI is the accelerator's: vCPUs that are off stay in run().
    virtual bool manages_power() const = 0;
    // Largest vCPU count, and width in bits of guest physical addresses.
    virtual unsigned max_vcpus() const = 0;
    virtual unsigned ipa_bits() const = 0;
    // Which optional CPU features the host can give a guest.
    virtual VcpuFeatures available_features() const = 0;

    // Backs a range of guest physical addresses with host memory that outlives the VM. Before any vCPU runs.
    virtual Result<> map_ram(mem::GpaRange range, void* host) = 0;

    // Makes a 32-bit write of `value` to `address` add 1 to the eventfd `fd`, which stays open as long as the VM,
    // instead of coming out of run(). Without support the write comes out as any other.
    virtual Result<> add_doorbell(mem::Gpa, u32 /*value*/, int /*fd*/) { return {}; }

    // Makes the calls of the guest come out of run(), PSCI included, with the exception of the Arm
    // Architecture Calls and, if the interrupt controller is to be the accelerator's, of PSCI CPU_SUSPEND:
    // only it knows then when to wake up. Before the first create_vcpu().
    virtual Result<> forward_calls(bool has_gic) = 0;

    // Creates vCPU `index` with affinity `mpidr` (MPIDR_EL1 Aff fields) and every register reset.
    virtual Result<std::unique_ptr<Vcpu>> create_vcpu(unsigned index, u64 mpidr,
                                                      const VcpuFeatures& features) = 0;
    // Once all vCPUs exist, if the interrupt controller is to be the accelerator's. The VM outlives it.
    virtual Result<std::unique_ptr<KernelGic>> create_gic(const KernelGicConfig& config) = 0;
    // Once there are the vCPUs and, if there is to be one, the accelerator's GIC: before the first run().
    // `pmu_interrupt` is the INTID of the PMU, used with the accelerator's GIC.
    virtual Result<> finish_vcpus(u32 pmu_interrupt) = 0;
};

}  // namespace trapeze::accel

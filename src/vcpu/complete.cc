// The end of the data flow: an exit becomes a trap, its outcome becomes register state. No other file writes
// the guest's PC or general registers because of an exit.
#include "trapeze/arch/exception_entry.h"
#include "trapeze/base/log.h"
#include "trapeze/vcpu/vcpu.h"

namespace trapeze::vcpu {
namespace {

using accel::CoreReg;
using accel::x_reg;

// Where PC is when the class exits: HVC is an exception-generating instruction whose preferred return address
// is the next one; every other class reports the instruction itself (Arm ARM, "preferred exception return").
// Forwarded without a syndrome (accel::HypercallExit), SMC too is behind us.
constexpr bool pc_is_after(arch::ExceptionClass ec) {
    return ec == arch::ExceptionClass::Hvc64 || ec == arch::ExceptionClass::Hvc32;
}

template <typename... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

u64 Vcpu::x(unsigned n) {
    return n == 31 ? 0 : accel_->get(x_reg(n));
}

arch::Pstate Vcpu::pstate() {
    return {accel_->get(CoreReg::Pstate)};
}

u64 Vcpu::sysreg(arch::SysReg reg) {
    const auto value = accel_->get(reg);
    if (!value) UNIMP("vCPU {}: the accelerator has no {}", config_.index, arch::sysreg_to_string(reg));
    return value.value_or(0);
}

void Vcpu::set_sysreg(arch::SysReg reg, u64 value) {
    if (!accel_->set(reg, value)) {
        UNIMP("vCPU {}: the accelerator refuses {:#x} for {}", config_.index, value,
              arch::sysreg_to_string(reg));
    }
}

void Vcpu::begin_exit(u64 pc, unsigned instruction_length, bool after) {
    exit_.pc = pc;
    exit_.instruction_length = instruction_length;
    exit_.pc_is_after = after;
}

void Vcpu::serve(const trap::Trap& trap) {
    const bool debugged = (hooks_.load(std::memory_order_relaxed) & kDebug) != 0;
    if (debugged && caught(trap)) [[unlikely]] return;
    const trap::Outcome outcome = trap::dispatch(trap, *this, handlers_);
    if (observing_) [[unlikely]] note_outcome(trap, outcome);
    complete(outcome);
    if (debugged && !std::holds_alternative<trap::Retry>(outcome)) [[unlikely]] served();
}

void Vcpu::handle(const accel::Exit& exit) {
    std::visit(
        Overloaded{
            [this](const accel::TrapExit& e) {
                begin_exit(e.pc, e.esr.instruction_length(), pc_is_after(e.esr.ec()));
                serve(trap::decode(e.esr));
            },
            [this](const accel::MmioExit& e) {
                begin_exit(0, 4, false);
                serve(trap::MmioTrap{e.address, e.size, e.is_write, e.value});
            },
            [this](const accel::UndescribedMmioExit& e) {
                begin_exit(accel_->get(CoreReg::Pc), 4, false);
                serve(trap::UndescribedMmioTrap{e.address, e.iss});
            },
            [](const accel::InterruptedExit&) {},
            [this](const accel::HypercallExit& e) {
                begin_exit(e.pc, 4, true);
                serve(trap::HypercallTrap{e.smc ? trap::Conduit::Smc : trap::Conduit::Hvc, 0});
            },
            [this](const accel::SystemEventExit& e) {
                stop(e.kind == accel::SystemEventExit::Kind::Reset ? trap::StopReason::Reset
                                                                   : trap::StopReason::PowerOff);
            },
            [this](const accel::DebugExit& e) { handle_debug(e); },
            [this](const accel::FatalExit& e) { give_up(std::string(e.reason)); },
        },
        exit);
}

// Performs an outcome on the vCPU: the only writer of PC and Rt.
class Completer {
public:
    explicit Completer(Vcpu& vcpu) : vcpu_(vcpu), accel_(*vcpu.accel_), exit_(vcpu.exit_) {}

    void operator()(const trap::Advance&) { advance(); }

    void operator()(const trap::WriteReg& o) {
        write_x(o.rt, o.value);
        advance();
    }

    // The accelerator sign- or zero-extends, writes Rt and skips the instruction on the next run.
    void operator()(const trap::MmioData& o) { accel_.complete_mmio_read(o.value); }

    void operator()(const trap::CallResult& o) {
        write_results(o);
        advance();
    }

    void operator()(const trap::RegisterWrites& o) {
        for (const auto& [n, value] : std::span(o.x).first(o.x_count))
            accel_.set(n == 31 ? accel::sp_reg(vcpu_.pstate()) : x_reg(n), value);
        for (const auto& [n, value] : std::span(o.v).first(o.v_count)) vcpu_.set_vector(n, value);
        advance();
        if (o.exclusive) vcpu_.set_monitor(o.marked);
    }

    void operator()(const trap::Retry&) {
        if (exit_.pc_is_after) accel_.set(CoreReg::Pc, exit_.pc - exit_.instruction_length);
    }

    void operator()(const trap::Inject& o) {
        const u64 at = exit_.pc_is_after ? exit_.pc - exit_.instruction_length : exit_.pc;
        const arch::El1Entry entry = enter_el1(at, vcpu_.pstate().value);
        vcpu_.set_sysreg(arch::reg::ESR_EL1, o.esr.value);
        if (o.far) vcpu_.set_sysreg(arch::reg::FAR_EL1, *o.far);
        accel_.set(CoreReg::ElrEl1, entry.elr_el1);
        accel_.set(CoreReg::SpsrEl1, entry.spsr_el1);
        accel_.set(CoreReg::Pstate, entry.pstate);
        accel_.set(CoreReg::Pc, entry.pc);
    }

    void operator()(const trap::InjectExternalAbort&) { accel_.inject_external_abort(); }

    void operator()(const trap::Block& o) {
        if (o.result) write_results(*o.result);
        advance();
        vcpu_.block(o.deadline_cntvct);
    }

    void operator()(const trap::Redirect& o) {
        for (u8 n = 0; n < o.count; ++n) write_x(n, o.x[n]);
        if (o.exception_return) {
            accel_.set(CoreReg::ElrEl1, o.exception_return->elr_el1);
            accel_.set(CoreReg::SpsrEl1, o.exception_return->spsr_el1);
        }
        accel_.set(CoreReg::Pstate, o.as_exception ? enter_el1(o.pc, o.pstate).pstate : o.pstate);
        accel_.set(CoreReg::Pc, o.pc);
    }

    void operator()(const trap::Stop& o) { vcpu_.stop(o.reason); }

private:
    arch::El1Entry enter_el1(u64 pc, u64 pstate) {
        const EntryFeatures& features = vcpu_.config_.entry_features;
        return arch::enter_el1({.pc = pc,
                                .pstate = pstate,
                                .vbar_el1 = vcpu_.sysreg(arch::reg::VBAR_EL1),
                                .sctlr_el1 = vcpu_.sysreg(arch::reg::SCTLR_EL1),
                                .has_pan = features.pan,
                                .has_mte = features.mte,
                                .has_ssbs = features.ssbs},
                               arch::ExceptionKind::Synchronous);
    }

    void write_results(const trap::CallResult& o) {
        for (u8 n = 0; n < o.count; ++n) write_x(n, o.x[n]);
    }

    void write_x(unsigned n, u64 value) {
        if (n != 31) accel_.set(x_reg(n), value);
    }

    // Skipping an instruction is three updates: PC, PSTATE.BTYPE and PSTATE.SS. After HVC the hardware has
    // made them, and an MMIO access is skipped by the accelerator.
    void advance() {
        if (exit_.pc_is_after || accel_.exit_pending()) return;
        accel_.set(CoreReg::Pc, exit_.pc + exit_.instruction_length);
        const arch::Pstate pstate = vcpu_.pstate();
        if (pstate.after_instruction() != pstate.value)
            accel_.set(CoreReg::Pstate, pstate.after_instruction());
    }

    Vcpu& vcpu_;
    accel::Vcpu& accel_;
    Vcpu::ExitState& exit_;
};

void Vcpu::complete(const trap::Outcome& outcome) {
    std::visit(Completer(*this), outcome);
}

}  // namespace trapeze::vcpu

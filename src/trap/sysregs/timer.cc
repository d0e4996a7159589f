#include "trapeze/trap/sysregs/timer.h"

namespace trapeze::trap {
namespace {

using Timer = TimerRegisters;
namespace r = arch::reg;

constexpr SysRegRow<Timer> kRows[] = {
    rows::ro<&Timer::read>(r::CNTPCT_EL0, "DDI0487 CNTPCT_EL0", MinEl::El0),
    rows::ro<&Timer::read>(r::CNTVCT_EL0, "DDI0487 CNTVCT_EL0", MinEl::El0),
    rows::ro<&Timer::read_self_synchronised>(r::CNTPCTSS_EL0, "DDI0487 CNTPCTSS_EL0", MinEl::El0),
    rows::ro<&Timer::read_self_synchronised>(r::CNTVCTSS_EL0, "DDI0487 CNTVCTSS_EL0", MinEl::El0),
    rows::rw<&Timer::read_tval, &Timer::write_tval>(r::CNTP_TVAL_EL0, "DDI0487 CNTP_TVAL_EL0", MinEl::El0),
    rows::rw<&Timer::read, &Timer::write>(r::CNTP_CTL_EL0, "DDI0487 CNTP_CTL_EL0", MinEl::El0),
    rows::rw<&Timer::read, &Timer::write>(r::CNTP_CVAL_EL0, "DDI0487 CNTP_CVAL_EL0", MinEl::El0),
    rows::rw<&Timer::read_tval, &Timer::write_tval>(r::CNTV_TVAL_EL0, "DDI0487 CNTV_TVAL_EL0", MinEl::El0),
    rows::rw<&Timer::read, &Timer::write>(r::CNTV_CTL_EL0, "DDI0487 CNTV_CTL_EL0", MinEl::El0),
    rows::rw<&Timer::read, &Timer::write>(r::CNTV_CVAL_EL0, "DDI0487 CNTV_CVAL_EL0", MinEl::El0),
};
static_assert(valid_sysreg_table(kRows));

struct TvalParts {
    arch::SysReg cval;
    arch::SysReg count;
};

TvalParts parts_of(arch::SysReg tval) {
    return tval == r::CNTP_TVAL_EL0 ? TvalParts{r::CNTP_CVAL_EL0, r::CNTPCT_EL0}
                                    : TvalParts{r::CNTV_CVAL_EL0, r::CNTVCT_EL0};
}

}  // namespace

std::span<const SysRegRow<TimerRegisters>> TimerRegisters::table() {
    return kRows;
}

SysRegWrite TimerRegisters::write(CpuPort& cpu, arch::SysReg reg, u64 value) {
    cpu.set_sysreg(reg, value);
    return SysRegWrite::Done;
}

SysRegValue TimerRegisters::read_tval(CpuPort& cpu, arch::SysReg reg) {
    const TvalParts parts = parts_of(reg);
    return extract(cpu.sysreg(parts.cval) - cpu.sysreg(parts.count), 31, 0);
}

SysRegWrite TimerRegisters::write_tval(CpuPort& cpu, arch::SysReg reg, u64 value) {
    const TvalParts parts = parts_of(reg);
    cpu.set_sysreg(parts.cval, cpu.sysreg(parts.count) + sign_extend(value, 32));
    return SysRegWrite::Done;
}

SysRegValue TimerRegisters::read_self_synchronised(CpuPort& cpu, arch::SysReg reg) {
    if (!ids_.has_ecv()) return SysRegValue::make_undef();
    return cpu.sysreg(reg == r::CNTPCTSS_EL0 ? r::CNTPCT_EL0 : r::CNTVCT_EL0);
}

}  // namespace trapeze::trap

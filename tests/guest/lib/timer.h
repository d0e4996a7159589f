// The two EL1 generic timers (DDI0487 "The Generic Timer in AArch64 state").
#pragma once

#include "intc.h"

namespace guest {

constexpr u64 kTimerEnable = 1;
constexpr u64 kTimerMasked = 2;
constexpr u64 kTimerStatus = 4;

struct VirtualTimer {
    static constexpr u32 kIntid = intc::kVirtualTimer;
    static u64 count() {
        isb();
        return READ_SYSREG(CNTVCT_EL0);
    }
    static u64 ctl() { return READ_SYSREG(CNTV_CTL_EL0); }
    static void set_ctl(u64 value) {
        WRITE_SYSREG(CNTV_CTL_EL0, value);
        isb();
    }
    static u64 cval() { return READ_SYSREG(CNTV_CVAL_EL0); }
    static void set_cval(u64 value) {
        WRITE_SYSREG(CNTV_CVAL_EL0, value);
        isb();
    }
    static u64 tval() {
        isb();
        return READ_SYSREG(CNTV_TVAL_EL0);
    }
    static void set_tval(u64 value) {
        WRITE_SYSREG(CNTV_TVAL_EL0, value);
        isb();
    }
};

struct PhysicalTimer {
    static constexpr u32 kIntid = intc::kPhysicalTimer;
    static u64 count() {
        isb();
        return READ_SYSREG(CNTPCT_EL0);
    }
    static u64 ctl() { return READ_SYSREG(CNTP_CTL_EL0); }
    static void set_ctl(u64 value) {
        WRITE_SYSREG(CNTP_CTL_EL0, value);
        isb();
    }
    static u64 cval() { return READ_SYSREG(CNTP_CVAL_EL0); }
    static void set_cval(u64 value) {
        WRITE_SYSREG(CNTP_CVAL_EL0, value);
        isb();
    }
    static u64 tval() {
        isb();
        return READ_SYSREG(CNTP_TVAL_EL0);
    }
    static void set_tval(u64 value) {
        WRITE_SYSREG(CNTP_TVAL_EL0, value);
        isb();
    }
};

}  // namespace guest

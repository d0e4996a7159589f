#include "gicv3.h"

namespace guest::gicv3 {
namespace {

class Gicv3 final : public Gic {
public:
    Kind kind() const override { return Kind::Gicv3; }
    void init_machine() const override;
    void init_cpu() const override;
    u32 acknowledge() const override { return gicv3::acknowledge(); }
    void end(u32 intid) const override { gicv3::end(intid); }
    void send(u32 intid, u32 cpus) const override { send_sgi(intid, static_cast<u16>(cpus)); }
    void send_to_others(u32 intid) const override {
        dsb();
        WRITE_SYSREG(ICC_SGI1R_EL1, u64{1} << 40 | u64{intid} << 24);
        isb();
    }
    void set_target(u32 intid, unsigned cpu) const override { set_route(intid, mpidr_of(cpu)); }
    void set_targets(u32 intid, u32 cpus) const override;

    u64 frame_of(u32 intid) const override { return intid < 32 ? redistributor() + kSgiFrame : kDist; }
    void wait_disabled(u32 intid) const override { wait_rwp(intid < 32 ? redistributor() : kDist); }

    void set_mask(u8 priority) const override {
        WRITE_SYSREG(ICC_PMR_EL1, priority);
        isb();
    }
    u8 mask() const override { return static_cast<u8>(READ_SYSREG(ICC_PMR_EL1)); }
    u8 running_priority() const override { return static_cast<u8>(READ_SYSREG(ICC_RPR_EL1)); }
    u32 highest_pending() const override { return gicv3::highest_pending(); }
    // Five bits of priority need one register; the others are UNDEFINED if there are not more.
    unsigned active_priorities() const override { return bits_set(READ_SYSREG(ICC_AP1R0_EL1)); }
    void set_group_priority_bits(unsigned bits) const override {
        WRITE_SYSREG(ICC_BPR1_EL1, 8 - bits);
        isb();
        EXPECT_EQ(READ_SYSREG(ICC_BPR1_EL1), 8 - bits);
    }
    void set_split_end(bool split) const override {
        WRITE_SYSREG(ICC_CTLR_EL1, split ? 1 << 1 : 0);
        isb();
        EXPECT_EQ(field(READ_SYSREG(ICC_CTLR_EL1), 1, 1), split ? 1 : 0);
    }
    void deactivate(u32 intid) const override {
        WRITE_SYSREG(ICC_DIR_EL1, intid);
        isb();
    }
    bool cpu_interface_enabled() const override {
        return ((READ_SYSREG(ICC_IGRPEN0_EL1) | READ_SYSREG(ICC_IGRPEN1_EL1)) & 1) != 0;
    }
};

constexpr Gicv3 the_controller;

}  // namespace

const Gic& controller() {
    return the_controller;
}

u64 redistributor() {
    const u64 affinity = READ_SYSREG(MPIDR_EL1) & 0xff00ffffffull;
    const u64 packed = (affinity & 0xffffff) | (affinity >> 32 & 0xff) << 24;
    for (u64 frame = kRedist;; frame += kRedistStride) {
        const u64 typer = read64(frame + kRedistTyper);
        if (typer >> 32 == packed) return frame;
        if ((typer & 1 << 4) != 0) break;
    }
    fail(__FILE__, __LINE__, "no redistributor has the affinity of this CPU");
}

void wait_rwp(u64 frame) {
    const u32 rwp = frame == kDist ? 1u << 31 : 1u << 3;
    EXPECT(wait_until([=] { return (read32(frame + kCtlr) & rwp) == 0; }));
}

void set_route(u32 intid, u64 route) {
    write64(kDist + kIrouter + intid * 8, route);
}

// Only one CPU can be named, so more than one means any; the caller sees to it that these are all there are.
void Gicv3::set_targets(u32 intid, u32 cpus) const {
    constexpr u64 kNobody = 0x0f00;  // Aff1 15
    if (cpus == 0) return set_route(intid, kNobody);
    if ((cpus & (cpus - 1)) != 0) return set_route(intid, kRouteAny);
    set_route(intid, mpidr_of(static_cast<unsigned>(__builtin_ctz(cpus))));
}

// Affinity routing and both groups on. SPIs are routed to affinity 0, CPU 0, since reset.
void Gicv3::init_machine() const {
    constexpr u32 kAre = 1 << 4;
    constexpr u32 kEnableGroups = 3;
    write32(kDist + kCtlr, 0);
    wait_rwp(kDist);
    write32(kDist + kCtlr, kAre);
    wait_rwp(kDist);
    init_spis(1);
    write32(kDist + kCtlr, kAre | kEnableGroups);
    wait_rwp(kDist);
}

// Wakes this CPU's redistributor, and turns the CPU interface on with every priority let through.
void Gicv3::init_cpu() const {
    constexpr u32 kProcessorSleep = 1 << 1;
    constexpr u32 kChildrenAsleep = 1 << 2;
    const u64 rd = redistributor();
    write32(rd + kRedistWaker, read32(rd + kRedistWaker) & ~kProcessorSleep);
    EXPECT(wait_until([=] { return (read32(rd + kRedistWaker) & kChildrenAsleep) == 0; }));
    init_private(1);
    wait_rwp(rd);
    WRITE_SYSREG(ICC_SRE_EL1, READ_SYSREG(ICC_SRE_EL1) | 1);
    isb();
    WRITE_SYSREG(ICC_CTLR_EL1, 0);
    WRITE_SYSREG(ICC_AP0R0_EL1, 0);
    WRITE_SYSREG(ICC_AP1R0_EL1, 0);
    WRITE_SYSREG(ICC_BPR0_EL1, 0);
    WRITE_SYSREG(ICC_BPR1_EL1, 0);
    WRITE_SYSREG(ICC_IGRPEN0_EL1, 1);
    WRITE_SYSREG(ICC_IGRPEN1_EL1, 1);
    set_mask(0xff);
}

}  // namespace guest::gicv3

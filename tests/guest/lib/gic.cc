#include "gic.h"

namespace guest::gic {
namespace {

constexpr u32 kCounted = 64;
u32 counts[MAX_CPUS][kCounted];
u32 last[MAX_CPUS];

// The frame with the registers of an interrupt.
u64 frame_of(u32 intid) {
    return intid < 32 ? redistributor() + kSgiFrame : kDist;
}

u64 bit_register(u32 intid, u64 bank) {
    return frame_of(intid) + bank + intid / 32 * 4;
}

u32 bit_of(u32 intid) {
    return 1u << intid % 32;
}

}  // namespace

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

void init_distributor() {
    constexpr u32 kAre = 1 << 4;
    constexpr u32 kEnableGroups = 3;
    write32(kDist + kCtlr, 0);
    wait_rwp(kDist);
    write32(kDist + kCtlr, kAre);
    wait_rwp(kDist);
    const u32 lines = (read32(kDist + kTyper) & 31) + 1;
    for (u32 i = 1; i < lines; ++i) {
        write32(kDist + kIcenabler + i * 4, ~0u);
        write32(kDist + kIgroupr + i * 4, ~0u);
        for (u32 j = 0; j < 8; ++j)
            write32(kDist + kIpriorityr + i * 32 + j * 4, 0x01010101u * kDefaultPriority);
    }
    write32(kDist + kCtlr, kAre | kEnableGroups);
    wait_rwp(kDist);
}

void init_cpu() {
    constexpr u32 kProcessorSleep = 1 << 1;
    constexpr u32 kChildrenAsleep = 1 << 2;
    const u64 rd = redistributor();
    write32(rd + kRedistWaker, read32(rd + kRedistWaker) & ~kProcessorSleep);
    EXPECT(wait_until([=] { return (read32(rd + kRedistWaker) & kChildrenAsleep) == 0; }));
    const u64 sgi = rd + kSgiFrame;
    write32(sgi + kIcenabler, ~0u);
    write32(sgi + kIgroupr, ~0u);
    for (u32 i = 0; i < 8; ++i) write32(sgi + kIpriorityr + i * 4, 0x01010101u * kDefaultPriority);
    wait_rwp(rd);
    WRITE_SYSREG(ICC_SRE_EL1, READ_SYSREG(ICC_SRE_EL1) | 1);
    isb();
    WRITE_SYSREG(ICC_CTLR_EL1, 0);
    WRITE_SYSREG(ICC_BPR0_EL1, 0);
    WRITE_SYSREG(ICC_BPR1_EL1, 0);
    WRITE_SYSREG(ICC_IGRPEN0_EL1, 1);
    WRITE_SYSREG(ICC_IGRPEN1_EL1, 1);
    set_mask(0xff);
}

void enable(u32 intid) {
    write32(bit_register(intid, kIsenabler), bit_of(intid));
}
void disable(u32 intid) {
    write32(bit_register(intid, kIcenabler), bit_of(intid));
    wait_rwp(intid < 32 ? redistributor() : kDist);
}
void set_pending(u32 intid) {
    write32(bit_register(intid, kIspendr), bit_of(intid));
}
void clear_pending(u32 intid) {
    write32(bit_register(intid, kIcpendr), bit_of(intid));
}
bool is_pending(u32 intid) {
    return (read32(bit_register(intid, kIspendr)) & bit_of(intid)) != 0;
}
bool is_active(u32 intid) {
    return (read32(bit_register(intid, kIsactiver)) & bit_of(intid)) != 0;
}
void clear_active(u32 intid) {
    write32(bit_register(intid, kIcactiver), bit_of(intid));
}
void set_priority(u32 intid, u8 priority) {
    write8(frame_of(intid) + kIpriorityr + intid, priority);
}
u8 priority(u32 intid) {
    return read8(frame_of(intid) + kIpriorityr + intid);
}
void set_group(u32 intid, unsigned group) {
    const u64 reg = bit_register(intid, kIgroupr);
    const u32 others = read32(reg) & ~bit_of(intid);
    write32(reg, others | (group != 0 ? bit_of(intid) : 0));
}
void set_edge(u32 intid, bool edge) {
    const u64 reg = frame_of(intid) + kIcfgr + intid / 16 * 4;
    const u32 bit = 2u << intid % 16 * 2;
    write32(reg, (read32(reg) & ~bit) | (edge ? bit : 0));
}
void set_route(u32 intid, u64 route) {
    write64(kDist + kIrouter + intid * 8, route);
}

u8 implemented_priority() {
    const u64 before = READ_SYSREG(ICC_PMR_EL1);
    WRITE_SYSREG(ICC_PMR_EL1, 0xff);
    isb();
    const u64 all = READ_SYSREG(ICC_PMR_EL1);
    WRITE_SYSREG(ICC_PMR_EL1, before);
    isb();
    return static_cast<u8>(all);
}

void count_irq() {
    const u32 intid = acknowledge();
    const u64 cpu = this_cpu().index;
    if (intid < kCounted) {
        add(counts[cpu][intid], 1u);
        store(last[cpu], intid);
    }
    if (intid < 1020) end(intid);
}

u32 irq_count(unsigned cpu, u32 intid) {
    return load(counts[cpu][intid]);
}
u32 last_irq(unsigned cpu) {
    return load(last[cpu]);
}
void reset_counts() {
    for (auto& cpu : counts) {
        for (u32& count : cpu) store(count, 0u);
    }
}

}  // namespace guest::gic

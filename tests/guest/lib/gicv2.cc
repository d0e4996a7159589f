#include "gicv2.h"

namespace guest::gicv2 {
namespace {

// Who sent the SGIs that each CPU has acknowledged and not ended: end() has to say so.
u8 senders[MAX_CPUS][16];

u32 with_sender(u32 intid) {
    return intid < 16 ? sgi_from(senders[this_cpu().index][intid], intid) : intid;
}

class Gicv2 final : public Gic {
public:
    Kind kind() const override { return Kind::Gicv2; }
    void init_machine() const override;
    void init_cpu() const override;
    u32 acknowledge() const override {
        const u32 value = read_cpu(kIar);
        const u32 intid = value & 0x3ff;
        if (intid < 16) senders[this_cpu().index][intid] = static_cast<u8>(value >> 10);
        return intid;
    }
    void end(u32 intid) const override { write_cpu(kEoir, with_sender(intid)); }
    void send(u32 intid, u32 cpus) const override {
        dsb();
        write32(kDist + kSgir, cpus << 16 | intid);
    }
    void send_to_others(u32 intid) const override {
        dsb();
        write32(kDist + kSgir, 1u << 24 | intid);
    }
    void set_target(u32 intid, unsigned cpu) const override { set_targets(intid, 1u << cpu); }
    void set_targets(u32 intid, u32 cpus) const override {
        write8(kDist + kItargetsr + intid, static_cast<u8>(cpus));
    }

    u64 frame_of(u32) const override { return kDist; }
    void wait_disabled(u32) const override {}

    void set_mask(u8 priority) const override { write_cpu(kPmr, priority); }
    u8 mask() const override { return static_cast<u8>(read_cpu(kPmr)); }
    u8 running_priority() const override { return static_cast<u8>(read_cpu(kRpr)); }
    u32 highest_pending() const override { return read_cpu(kHppir) & 0x3ff; }
    unsigned active_priorities() const override {
        unsigned count = 0;
        for (u64 i = 0; i < kAprs; ++i) count += bits_set(read_cpu(kApr0 + 4 * i));
        return count;
    }
    void set_group_priority_bits(unsigned bits) const override {
        write_cpu(kBpr, 7 - bits);
        EXPECT_EQ(read_cpu(kBpr), 7 - bits);
    }
    void set_split_end(bool split) const override {
        write_cpu(kCpuCtlr, kEnableGrp0 | (split ? kEoiMode : 0));
        EXPECT_EQ(read_cpu(kCpuCtlr) & kEoiMode, split ? kEoiMode : 0);
    }
    void deactivate(u32 intid) const override { write_cpu(kDir, with_sender(intid)); }
    bool cpu_interface_enabled() const override {
        return (read_cpu(kCpuCtlr) & (kEnableGrp0 | kEnableGrp1)) != 0;
    }
};

constexpr Gicv2 the_controller;

}  // namespace

const Gic& controller() {
    return the_controller;
}

void Gicv2::init_machine() const {
    write32(kDist + kCtlr, 0);
    init_spis(0);
    for (u32 intid = 32; intid < intid_count(); intid += 4) write32(kDist + kItargetsr + intid, 0x01010101);
    write32(kDist + kCtlr, 3);
}

// FIQEn is 0, so that group 0 is signalled as IRQ.
void Gicv2::init_cpu() const {
    init_private(0);
    for (u64 i = 0; i < kAprs; ++i) {
        write_cpu(kApr0 + 4 * i, 0);
        write_cpu(kNsapr0 + 4 * i, 0);
    }
    write_cpu(kBpr, 0);
    write_cpu(kAbpr, 0);
    write_cpu(kCpuCtlr, kEnableGrp0);
    write_cpu(kPmr, 0xff);
}

}  // namespace guest::gicv2

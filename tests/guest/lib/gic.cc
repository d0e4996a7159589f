#include "gic.h"

namespace guest::gic {
namespace {

u64 bit_register(u32 intid, u64 bank) {
    return the_gic().frame_of(intid) + bank + intid / 32 * 4;
}

u32 bit_of(u32 intid) {
    return 1u << intid % 32;
}

// The words with bits, and with bytes, of 32 interrupts.
void init_bank(u64 frame, u32 first, unsigned group) {
    write32(frame + kIcenabler + first / 8, ~0u);
    write32(frame + kIgroupr + first / 8, group != 0 ? ~0u : 0);
    for (u32 i = 0; i < 32; i += 4) write32(frame + kIpriorityr + first + i, 0x01010101u * kDefaultPriority);
}

}  // namespace

const Gic& the_gic() {
    EXPECT(present());
    return static_cast<const Gic&>(controller());
}

void Gic::init_spis(unsigned group) const {
    for (u32 first = 32; first < intid_count(); first += 32) init_bank(kDist, first, group);
}

void Gic::init_private(unsigned group) const {
    init_bank(frame_of(0), 0, group);
}

void Gic::enable(u32 intid) const {
    write32(bit_register(intid, kIsenabler), bit_of(intid));
}
void Gic::disable(u32 intid) const {
    write32(bit_register(intid, kIcenabler), bit_of(intid));
    wait_disabled(intid);
}
bool Gic::is_pending(u32 intid) const {
    return (read32(bit_register(intid, kIspendr)) & bit_of(intid)) != 0;
}

void set_pending(u32 intid) {
    write32(bit_register(intid, kIspendr), bit_of(intid));
}
void clear_pending(u32 intid) {
    write32(bit_register(intid, kIcpendr), bit_of(intid));
}
bool is_active(u32 intid) {
    return (read32(bit_register(intid, kIsactiver)) & bit_of(intid)) != 0;
}
void clear_active(u32 intid) {
    write32(bit_register(intid, kIcactiver), bit_of(intid));
}
void set_priority(u32 intid, u8 priority) {
    write8(the_gic().frame_of(intid) + kIpriorityr + intid, priority);
}
u8 priority(u32 intid) {
    return read8(the_gic().frame_of(intid) + kIpriorityr + intid);
}
void set_group(u32 intid, unsigned group) {
    const u64 reg = bit_register(intid, kIgroupr);
    const u32 others = read32(reg) & ~bit_of(intid);
    write32(reg, others | (group != 0 ? bit_of(intid) : 0));
}
void set_edge(u32 intid, bool edge) {
    const u64 reg = the_gic().frame_of(intid) + kIcfgr + intid / 16 * 4;
    const u32 bit = 2u << intid % 16 * 2;
    write32(reg, (read32(reg) & ~bit) | (edge ? bit : 0));
}

u8 implemented_priority() {
    const u8 before = mask();
    set_mask(0xff);
    const u8 all = mask();
    set_mask(before);
    return all;
}

}  // namespace guest::gic

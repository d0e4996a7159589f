// What a GICv3 without Security states and with affinity routing (IHI0069) and a GICv2 without the Security
// Extensions (IHI0048) have in common, as a driver sees it. Interrupts are in the group that is signalled as
// IRQ without further ado: 1 in a GICv3, 0 in a GICv2.
#pragma once

#include "intc.h"

namespace guest::gic {

using namespace intc;

constexpr u64 kDist = 0x08000000;

// Offsets in the distributor and, but for the first three, in the frame that has the registers of private
// interrupts.
constexpr u64 kCtlr = 0x0000;
constexpr u64 kTyper = 0x0004;
constexpr u64 kIidr = 0x0008;
constexpr u64 kIgroupr = 0x0080;
constexpr u64 kIsenabler = 0x0100;
constexpr u64 kIcenabler = 0x0180;
constexpr u64 kIspendr = 0x0200;
constexpr u64 kIcpendr = 0x0280;
constexpr u64 kIsactiver = 0x0300;
constexpr u64 kIcactiver = 0x0380;
constexpr u64 kIpriorityr = 0x0400;
constexpr u64 kIcfgr = 0x0c00;

constexpr u8 kDefaultPriority = 0xa0;
constexpr u8 kIdlePriority = 0xff;

// SPIs that no device drives.
constexpr u32 kFreeSpi = kFirstDevice + 12;
constexpr u32 kFreeSpis = 4;

class Gic : public Controller {
public:
    void enable(u32 intid) const final;
    void disable(u32 intid) const final;
    bool is_pending(u32 intid) const final;
    bool follows_wires() const final { return true; }

    // The frame with the registers of an interrupt.
    virtual u64 frame_of(u32 intid) const = 0;
    // Until the hardware has seen what was written to an interrupt's disable bit.
    virtual void wait_disabled(u32 intid) const = 0;
    // SGIs are sent to every CPU but this.
    virtual void send_to_others(u32 intid) const = 0;
    // The CPUs that a SPI may go to: a bit each. No bit: nobody. This and set_target() also while it is
    // enabled.
    virtual void set_targets(u32 intid, u32 cpus) const = 0;

    // Of the CPU interface, for the group of all interrupts.
    virtual void set_mask(u8 priority) const = 0;
    virtual u8 mask() const = 0;
    virtual u8 running_priority() const = 0;
    virtual u32 highest_pending() const = 0;
    // How many interrupts are active and have not had their priority dropped, by their priorities.
    virtual unsigned active_priorities() const = 0;
    // How many bits of a priority decide about preemption; 1 to what is implemented.
    virtual void set_group_priority_bits(unsigned bits) const = 0;
    // Whether end() only drops the priority (EOImode), and deactivate() does the rest.
    virtual void set_split_end(bool split) const = 0;
    virtual void deactivate(u32 intid) const = 0;
    // Whether interrupts are let through at all, which they are not after reset.
    virtual bool cpu_interface_enabled() const = 0;

protected:
    ~Gic() = default;
    // All SPIs disabled, level-sensitive or not as they are, in a group and at kDefaultPriority.
    void init_spis(unsigned group) const;
    void init_private(unsigned group) const;
};

inline bool present() {
    return kind() == Kind::Gicv3 || kind() == Kind::Gicv2;
}
// Fails the test if the controller is no GIC.
const Gic& the_gic();

// Interrupts that the distributor's registers have room for.
inline u32 intid_count() {
    return ((read32(kDist + kTyper) & 31) + 1) * 32;
}

// Of one interrupt.
void set_pending(u32 intid);
void clear_pending(u32 intid);
bool is_active(u32 intid);
void clear_active(u32 intid);
void set_priority(u32 intid, u8 priority);
u8 priority(u32 intid);
void set_group(u32 intid, unsigned group);
void set_edge(u32 intid, bool edge);

inline void set_targets(u32 intid, u32 cpus) {
    the_gic().set_targets(intid, cpus);
}
inline void send_to_others(u32 intid) {
    the_gic().send_to_others(intid);
}
inline void set_mask(u8 priority) {
    the_gic().set_mask(priority);
}
inline u8 mask() {
    return the_gic().mask();
}
inline u8 running_priority() {
    return the_gic().running_priority();
}
inline u32 highest_pending() {
    return the_gic().highest_pending();
}
inline unsigned active_priorities() {
    return the_gic().active_priorities();
}
inline void set_group_priority_bits(unsigned bits) {
    the_gic().set_group_priority_bits(bits);
}
inline void set_split_end(bool split) {
    the_gic().set_split_end(split);
}
inline void deactivate(u32 intid) {
    the_gic().deactivate(intid);
}
inline bool cpu_interface_enabled() {
    return the_gic().cpu_interface_enabled();
}

// Bits of priority that this implementation has: 0xf8 for five.
u8 implemented_priority();

}  // namespace guest::gic

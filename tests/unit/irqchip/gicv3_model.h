// A reference model of the GICv3: no queues, no caches, nothing shared with the implementation. Every
// question is answered by looking at every interrupt. Written from IHI0069; where that leaves a choice, the
// comment at the implementation's choice is repeated here.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "trapeze/arch/sysreg.h"
#include "trapeze/base/bits.h"

namespace trapeze::irqchip::test {

// One thing that happens to a GIC.
struct Op {
    enum Kind {
        DistRead,
        DistWrite,
        RedistRead,
        RedistWrite,
        IccRead,
        IccWrite,
        Level,
        Pulse,
        PrivateLevel,
        Reset,
        ResetCpu
    };
    Kind kind;
    unsigned vcpu = 0;  // whose redistributor, system register or private wire
    u64 where = 0;      // offset, system register encoding or INTID
    u64 value = 0;
    unsigned size = 4;

    std::string text() const;
};

class Model {
public:
    Model(const std::vector<u64>& mpidrs, u32 spi_count);

    // What a read returns; 0 for everything else.
    u64 apply(const Op& op);
    bool irq(unsigned v) const { return signalled(v) == 1; }
    bool fiq(unsigned v) const { return signalled(v) == 0; }
    // The vCPU that an interrupt is offered to, or -1.
    int target(u32 intid) const { return spis_[intid].target; }

private:
    struct Irq {
        bool exists = false;
        unsigned group = 0;
        bool enabled = false;
        bool latch = false;
        bool wire = false;
        bool active = false;
        bool edge = false;
        unsigned priority = 0;
        u64 router = 0;
        int target = -1;  // SPIs that could be signalled

        bool pending() const { return latch || (!edge && wire); }
        bool wants_attention() const { return exists && pending() && enabled && !active; }
    };
    struct Cpu {
        u64 mpidr = 0;
        std::array<Irq, 32> irqs;
        bool asleep = true;
        std::array<bool, 2> dpg{};
        unsigned pmr = 0;
        std::array<unsigned, 2> bpr{2, 3};
        std::array<u32, 2> ap{};
        std::array<bool, 2> enable{};
        bool cbpr = false;
        bool eoimode = false;

        unsigned running() const;
        int running_group() const;
        unsigned group_shift(unsigned group) const;
        bool would_take(unsigned group, unsigned priority) const;
    };
    struct Best {
        u32 intid = 1023;
        unsigned priority = 256;
        unsigned group = 0;
    };

    Irq* find(unsigned v, u64 intid);
    Best best(unsigned v) const;
    int signalled(unsigned v) const;  // the group, or -1
    int choose(u32 intid) const;
    void settle();
    void reset();

    u64 dist_read(u64 offset, unsigned size);
    void dist_write(u64 offset, u64 value, unsigned size);
    u64 redist_read(unsigned v, u64 offset, unsigned size);
    void redist_write(unsigned v, u64 offset, u64 value, unsigned size);
    // The banks from 0x80 to 0xcff, which both frames have; `first` is the first INTID that the frame owns.
    u64 bank_read(unsigned v, u64 offset, unsigned size, u32 first, u32 end);
    void bank_write(unsigned v, u64 offset, u64 value, unsigned size, u32 first, u32 end);

    u64 icc_read(unsigned v, arch::SysReg reg);
    void icc_write(unsigned v, arch::SysReg reg, u64 value);
    u64 acknowledge(unsigned v, unsigned group);
    void end_of_interrupt(unsigned v, unsigned group, u64 intid);
    void deactivate(unsigned v, u64 intid);
    void send_sgi(unsigned v, u64 value, bool group1_too);

    std::vector<Cpu> cpus_;
    std::vector<Irq> spis_;  // by INTID; below 32 unused
    u32 end_;                // first INTID that does not exist
    std::array<bool, 2> enable_{};
};

}  // namespace trapeze::irqchip::test

// A reference model of the GICv2: no queues, no caches, nothing shared with the implementation. Every
// question is answered by looking at every interrupt. Written from IHI0048; where that leaves a choice, the
// comment at the implementation's choice is repeated here.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include "trapeze/base/bits.h"

namespace trapeze::irqchip::gicv2_test {

// One thing that happens to a GIC.
struct Op {
    enum Kind { DistRead, DistWrite, CpuRead, CpuWrite, Level, Pulse, PrivateLevel, Reset, ResetCpu };
    Kind kind;
    unsigned vcpu = 0;  // who accesses, or whose private wire
    u64 where = 0;      // offset or INTID
    u64 value = 0;
    unsigned size = 4;

    std::string text() const;
};

class Model {
public:
    Model(unsigned vcpus, u32 spi_count);

    // What a read returns; 0 for everything else.
    u64 apply(const Op& op);
    bool irq(unsigned v) const { return outputs(v).irq; }
    bool fiq(unsigned v) const { return outputs(v).fiq; }
    // Who sent the SGI that is active, or -1 if it is not or nobody knows.
    int active_sender(unsigned v, u32 sgi) const {
        const Irq& irq = cpus_[v].irqs[sgi];
        return irq.active ? irq.active_sender : -1;
    }

private:
    struct Irq {
        bool exists = false;
        bool sgi = false;
        unsigned group = 0;
        bool enabled = false;
        bool latch = false;  // never of an SGI, which has `senders`
        bool wire = false;
        bool active = false;
        bool edge = false;
        unsigned priority = 0;
        std::set<unsigned> targets;
        std::set<unsigned> senders;
        int active_sender = -1;  // -1: made active by software

        bool pending() const { return !senders.empty() || latch || (!edge && wire); }
    };
    struct Cpu {
        std::array<Irq, 32> irqs;
        u64 ctlr = 0;
        unsigned pmr = 0;
        unsigned bpr = 2;
        unsigned abpr = 3;
        u64 apr = 0;
        u64 nsapr = 0;

        unsigned running() const;
        unsigned group_shift(unsigned group) const;
    };
    struct Best {
        u32 intid = 1023;
        unsigned priority = 256;
        unsigned group = 0;
    };
    struct Outputs {
        bool irq = false;
        bool fiq = false;
    };

    Irq* find(unsigned v, u64 intid);
    Best best(unsigned v) const;
    bool takes(unsigned v, const Best& b) const;
    Outputs outputs(unsigned v) const;
    void reset();

    u64 dist_read(unsigned v, u64 offset, unsigned size);
    void dist_write(unsigned v, u64 offset, u64 value, unsigned size);
    u64 byte_read(unsigned v, u64 offset);
    void byte_write(unsigned v, u64 offset, u64 value);
    void bit_write(unsigned v, Irq& irq, u64 bank, bool on);
    void send_sgi(unsigned v, u64 value);

    u64 cpu_read(unsigned v, u64 offset);
    void cpu_write(unsigned v, u64 offset, u64 value);
    u64 hppir(unsigned v, bool alias) const;
    u64 acknowledge(unsigned v, bool alias);
    void end(unsigned v, u64 value, bool alias);
    void deactivate(unsigned v, u64 value);

    std::vector<Cpu> cpus_;
    std::vector<Irq> spis_;  // by INTID; below 32 unused
    u32 end_;                // first INTID that does not exist
    u64 ctlr_ = 0;
};

}  // namespace trapeze::irqchip::gicv2_test

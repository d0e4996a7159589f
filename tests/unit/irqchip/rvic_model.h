// A reference model of rVIC and rVID: no queues, no counters, nothing shared with the implementation. Every
// question is answered by looking at every interrupt and every wire.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::irqchip::test {

// One thing that happens to a controller.
struct RvicOp {
    enum Kind { Call, Wire, Pulse, TrustedWire, Message, Reset, ResetCpu };
    Kind kind;
    unsigned vcpu = 0;  // who calls, whose wire, who is reset
    u64 x[4] = {};  // Call: X0 to X3. Otherwise [1] is the input or INTID, [2] the level; Message: [1] the
                    // address, [2] the data

    std::string text() const;
};

class RvicModel {
public:
    RvicModel(std::vector<u64> mpidrs, u32 trusted, u32 untrusted, u32 first_msi);

    struct Answer {
        u64 x0 = 0;
        u64 x1 = 0;
        bool operator==(const Answer&) const = default;
    };
    // What a call returns; zeros for everything else.
    Answer apply(const RvicOp& op);

    bool irq(unsigned v) const { return cpus_[v].enabled && next(v) >= 0; }
    bool pending(unsigned v, u32 intid) const { return cpus_[v].irqs[intid].pending; }
    bool masked(unsigned v, u32 intid) const { return cpus_[v].irqs[intid].masked; }
    bool level(unsigned v, u32 intid) const;

private:
    struct Irq {
        bool pending = false;
        bool masked = true;
        u64 since = 0;  // when it last became pending and unmasked
    };
    struct Cpu {
        bool enabled = false;
        std::vector<Irq> irqs;
        std::vector<bool> wires;  // of trusted INTIDs
    };

    Answer call(unsigned v, const u64 (&x)[4]);
    Answer call_on(unsigned target, u32 function, u32 intid);
    int find(u64 mpidr) const;
    int next(unsigned v) const;
    void change(unsigned v, u32 intid, bool pending, bool masked);
    void make_pending(unsigned v, u32 intid);
    void drive(u32 input, bool level);
    void reset_cpu(unsigned v);

    const std::vector<u64> mpidrs_;
    const u32 trusted_;
    const u32 untrusted_;
    const u32 first_msi_;
    std::vector<Cpu> cpus_;
    std::vector<bool> wires_;                      // of rVID inputs
    std::map<u32, std::pair<unsigned, u32>> map_;  // input to vCPU and INTID
    u64 now_ = 0;                                  // counts changes
};

}  // namespace trapeze::irqchip::test

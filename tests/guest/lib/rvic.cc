#include "rvic.h"

namespace guest::rvic {
namespace {

u32 counts[MAX_CPUS][kTotal];

// The machine's inputs lead to the untrusted INTIDs in order, so that numbers are those of a GIC.
constexpr u32 input_of(u32 intid) {
    return intid - kTrusted;
}
static_assert(intc::kFirstDevice == kTrusted && intc::kUart == kTrusted + kUartInput);
static_assert(intc::kVirtualTimer == kVirtualTimer && intc::kPhysicalTimer == kPhysicalTimer);

// The CPU that gets a device's interrupt. Written before interrupts are enabled.
u8 targets[kTotal];

unsigned self() {
    return static_cast<unsigned>(this_cpu().index);
}
unsigned owner_of(u32 intid) {
    return intid < kTrusted ? self() : targets[intid];
}

class Rvic final : public intc::Controller {
public:
    intc::Kind kind() const override { return intc::Kind::Rvic; }
    void init_machine() const override {
        for (u32 input = 0; input < kFirstMsiInput; ++input) EXPECT_EQ_AT(input, unmap(input), kSuccess);
    }
    void init_cpu() const override { rvic::init_cpu(); }
    void enable(u32 intid) const override {
        const unsigned owner = owner_of(intid);
        if (intid >= kTrusted) EXPECT_EQ_AT(intid, map(input_of(intid), owner, intid), kSuccess);
        EXPECT_EQ_AT(intid, unmask(owner, intid), kSuccess);
    }
    void disable(u32 intid) const override {
        if (intid >= kTrusted) EXPECT_EQ_AT(intid, unmap(input_of(intid)), kSuccess);
        EXPECT_EQ_AT(intid, mask(owner_of(intid), intid), kSuccess);
    }
    bool is_pending(u32 intid) const override { return rvic::is_pending(owner_of(intid), intid); }
    bool follows_wires() const override { return false; }
    // Only while it is disabled.
    void set_target(u32 intid, unsigned cpu) const override { targets[intid] = static_cast<u8>(cpu); }
    u32 acknowledge() const override {
        const u64 intid = rvic::acknowledge();
        return intid == kNone ? intc::kSpurious : static_cast<u32>(intid);
    }
    // The acknowledge has masked it. A wire of this CPU that is still high has to be looked at again.
    void end(u32 intid) const override {
        if (intid >= 16 && intid < kTrusted) EXPECT_EQ_AT(intid, resample(intid), kSuccess);
        EXPECT_EQ_AT(intid, unmask(self(), intid), kSuccess);
    }
    void send(u32 intid, u32 cpus) const override {
        for (unsigned cpu = 0; cpu < MAX_CPUS; ++cpu) {
            if ((cpus >> cpu & 1) != 0) EXPECT_EQ_AT(cpu, signal(cpu, intid), kSuccess);
        }
    }
};

constexpr Rvic the_controller;

}  // namespace

const intc::Controller& controller() {
    return the_controller;
}

u64 call(u64 function, u64 x1, u64 x2, u64 x3) {
    const smccc::Result result = smccc::hvc(function, x1, x2, x3);
    EXPECT_EQ_AT(function, result.x[1], 0);
    EXPECT_EQ_AT(function, result.x[2], 0);
    EXPECT_EQ_AT(function, result.x[3], 0);
    return result.x[0];
}

u64 acknowledge() {
    const smccc::Result result = smccc::hvc(kAcknowledge);
    dsb();
    EXPECT_EQ(result.x[2] | result.x[3], 0);
    if (result.x[0] == kSuccess) {
        EXPECT(result.x[1] < kTotal);
        return result.x[1];
    }
    EXPECT_EQ(result.x[0], kNoInterrupts);
    EXPECT_EQ(result.x[1], 0);
    return kNone;
}

bool is_pending(unsigned cpu, u32 intid) {
    const smccc::Result result = smccc::hvc(kIsPending, mpidr_of(cpu), intid);
    EXPECT_EQ(result.x[0], kSuccess);
    EXPECT(result.x[1] <= 1);
    EXPECT_EQ(result.x[2] | result.x[3], 0);
    return result.x[1] != 0;
}

void init_cpu() {
    EXPECT_EQ(disable(), kSuccess);
    for (u32 intid = 0; intid < kTotal; ++intid) {
        EXPECT_EQ(mask(self(), intid), kSuccess);
        EXPECT_EQ(clear_pending(self(), intid), kSuccess);
    }
    EXPECT_EQ(enable(), kSuccess);
}

void count_irq() {
    const u64 intid = acknowledge();
    if (intid == kNone) return;
    add(counts[self()][intid], 1u);
    EXPECT_EQ(unmask(self(), static_cast<u32>(intid)), kSuccess);
}

u32 irq_count(unsigned cpu, u32 intid) {
    return load(counts[cpu][intid]);
}

}  // namespace guest::rvic

// The four states of an interrupt, every transition between them, and what the vCPU sees (DEN0103).
#include "rvic_fixture.h"

namespace trapeze::irqchip::test {
namespace {

using testing::ElementsAre;

enum class State { Idle, Pending, Masked, MaskedPending };

constexpr State kStates[] = {State::Idle, State::Pending, State::Masked, State::MaskedPending};

// Brings an INTID of an enabled rVIC into a state, whichever it was in.
void enter(RvicBench& b, u32 intid, State state, bus::VcpuIndex v = 0) {
    const bool pending = state == State::Pending || state == State::MaskedPending;
    const bool masked = state == State::Masked || state == State::MaskedPending;
    EXPECT_EQ(pending ? b.signal(intid, v) : b.clear(intid, v), ok());
    EXPECT_EQ(masked ? b.mask(intid, v) : b.unmask(intid, v), ok());
}

State state_of(RvicBench& b, u32 intid, bus::VcpuIndex v = 0) {
    const RvicIrqState s = b.state(intid, v);
    if (s.masked) return s.pending ? State::MaskedPending : State::Masked;
    return s.pending ? State::Pending : State::Idle;
}

class RvicTransitions : public testing::TestWithParam<u32> {
protected:
    RvicTransitions() {
        b_.enable(0);
        b_.enable(1);
    }
    // From each of the four states; `expected` is in their order.
    template <typename Operation>
    void expect(Operation operation, std::initializer_list<State> expected) {
        for (bus::VcpuIndex v = 0; v < 2; ++v) {
            for (std::size_t i = 0; i < std::size(kStates); ++i) {
                enter(b_, GetParam(), kStates[i], v);
                operation(v);
                EXPECT_EQ(state_of(b_, GetParam(), v), expected.begin()[i]) << "vCPU " << v << ", from " << i;
                EXPECT_EQ(b_.irq(v), expected.begin()[i] == State::Pending);
                enter(b_, GetParam(), State::Masked, v);
            }
        }
    }

    RvicBench b_{2};
};

TEST_P(RvicTransitions, Signal) {
    expect([this](bus::VcpuIndex v) { EXPECT_EQ(b_.signal(GetParam(), v), ok()); },
           {State::Pending, State::Pending, State::MaskedPending, State::MaskedPending});
}

TEST_P(RvicTransitions, ClearPending) {
    expect([this](bus::VcpuIndex v) { EXPECT_EQ(b_.clear(GetParam(), v), ok()); },
           {State::Idle, State::Idle, State::Masked, State::Masked});
}

TEST_P(RvicTransitions, SetMasked) {
    expect([this](bus::VcpuIndex v) { EXPECT_EQ(b_.mask(GetParam(), v), ok()); },
           {State::Masked, State::MaskedPending, State::Masked, State::MaskedPending});
}

TEST_P(RvicTransitions, ClearMasked) {
    expect([this](bus::VcpuIndex v) { EXPECT_EQ(b_.unmask(GetParam(), v), ok()); },
           {State::Idle, State::Pending, State::Idle, State::Pending});
}

TEST_P(RvicTransitions, Acknowledge) {
    std::size_t step = 0;
    expect(
        [&](bus::VcpuIndex v) {
            const bool deliverable = kStates[step++ % 4] == State::Pending;
            EXPECT_EQ(b_.acknowledge(v), deliverable ? ok(GetParam()) : error(Reason::NO_INTERRUPTS));
        },
        {State::Idle, State::Masked, State::Masked, State::MaskedPending});
}

TEST_P(RvicTransitions, IsPendingAndResampleOfALowWireChangeNothing) {
    expect(
        [this](bus::VcpuIndex v) {
            b_.pending(GetParam(), v);
            b_.resample(GetParam(), v);
        },
        {State::Idle, State::Pending, State::Masked, State::MaskedPending});
}

TEST_P(RvicTransitions, DisableAndEnable) {
    expect(
        [this](bus::VcpuIndex v) {
            b_.disable(v);
            EXPECT_FALSE(b_.irq(v));
            b_.enable(v);
        },
        {State::Idle, State::Pending, State::Masked, State::MaskedPending});
}

TEST_P(RvicTransitions, WireOrEdge) {
    expect(
        [this](bus::VcpuIndex v) {
            if (GetParam() < 32) {
                b_.trusted_wire(GetParam(), true, v);
                b_.trusted_wire(GetParam(), false, v);
            } else {
                b_.map(kInput, v, GetParam());
                b_.pulse(kInput);
                b_.unmap(kInput);
            }
        },
        {State::Pending, State::Pending, State::MaskedPending, State::MaskedPending});
}

INSTANTIATE_TEST_SUITE_P(Intids, RvicTransitions, testing::Values(0, 15, 16, 27, 31, 32, 40, 63, 64, 255));

TEST(RvicState, AfterReset) {
    RvicBench b(2);
    for (bus::VcpuIndex v = 0; v < 2; ++v) {
        EXPECT_EQ(b.rvic.cpu_state(v), RvicCpuState{});
        for (u32 intid = 0; intid < 256; ++intid) EXPECT_EQ(b.state(intid, v), RvicIrqState{}) << intid;
        EXPECT_EQ(b.lines.lines[v].changes, 0u);
    }
    for (u32 input = 0; input < 224; ++input) EXPECT_EQ(b.rvic.input_state(input), RvidInputState{});
}

TEST(RvicState, IntidsOfDifferentVcpusAreDifferent) {
    RvicBench b(3);
    for (bus::VcpuIndex v = 0; v < 3; ++v) b.enable(v);
    b.unmask(kUntrusted, 1);
    b.signal(kUntrusted, 1);
    EXPECT_TRUE(b.irq(1));
    EXPECT_FALSE(b.pending(kUntrusted, 0));
    EXPECT_FALSE(b.pending(kUntrusted, 2));
    EXPECT_TRUE(b.masked(kUntrusted, 0));
    b.signal(kUntrusted, 2);
    EXPECT_EQ(b.acknowledge(1), ok(kUntrusted));
    EXPECT_TRUE(b.pending(kUntrusted, 2));
}

// --- The line ----------------------------------------------------------------------------------------------

TEST(RvicLine, IsUpExactlyWhileSomethingIsDeliverable) {
    RvicBench b(1);
    const auto changes = [&b] { return b.lines.lines[0].changes; };
    b.enable();
    b.signal(1);
    EXPECT_FALSE(b.irq());
    b.unmask(1);
    EXPECT_TRUE(b.irq());
    b.unmask(2);
    b.signal(2);
    b.mask(1);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(changes(), 1u);
    b.clear(2);
    EXPECT_FALSE(b.irq());
    b.unmask(1);
    EXPECT_TRUE(b.irq());
    b.disable();
    EXPECT_FALSE(b.irq());
    b.enable();
    EXPECT_TRUE(b.irq());
    b.acknowledge();
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(changes(), 6u);
    EXPECT_FALSE(b.lines.lines[0].fiq);
}

TEST(RvicLine, FollowsCallsOfOtherVcpus) {
    RvicBench b(2);
    b.enable(1);
    b.unmask(kIpi, 1);
    b.signal(kIpi, 1);
    EXPECT_TRUE(b.irq(1));
    b.mask(kIpi, 1);
    EXPECT_FALSE(b.irq(1));  // ISR_EL1.I of the other vCPU shows it at once
    b.unmask(kIpi, 1);
    EXPECT_TRUE(b.irq(1));
    b.clear(kIpi, 1);
    EXPECT_FALSE(b.irq(1));
    EXPECT_EQ(b.lines.lines[0].changes, 0u);
}

// --- The order of delivery ---------------------------------------------------------------------------------

std::vector<u64> acknowledge_all(RvicBench& b, bus::VcpuIndex v = 0) {
    std::vector<u64> intids;
    for (;;) {
        const CallStatus status = b.acknowledge(v);
        if (status.reason != Reason::SUCCESS) break;
        intids.push_back(status.value);
    }
    return intids;
}

TEST(RvicOrder, FirstInFirstOutWhateverTheNumber) {
    RvicBench b(1);
    b.enable();
    for (const u32 intid : {9, 200, 0, 31, 64}) {
        b.unmask(intid);
        b.signal(intid);
    }
    EXPECT_THAT(b.rvic.cpu_state(0).queue, ElementsAre(9, 200, 0, 31, 64));
    EXPECT_THAT(acknowledge_all(b), ElementsAre(9, 200, 0, 31, 64));
}

TEST(RvicOrder, CountsFromWhenAnInterruptBecameDeliverable) {
    RvicBench b(1);
    b.enable();
    b.signal(1);  // pending first, but masked
    b.unmask(2);
    b.signal(2);
    b.unmask(1);
    b.unmask(3);
    b.signal(3);
    b.signal(2);  // still the same
    EXPECT_THAT(acknowledge_all(b), ElementsAre(2, 1, 3));
}

TEST(RvicOrder, WhoLeavesGoesToTheEnd) {
    RvicBench b(1);
    b.enable();
    for (const u32 intid : {1, 2, 3, 4, 5}) {
        b.unmask(intid);
        b.signal(intid);
    }
    b.mask(1);  // the first
    b.unmask(1);
    b.clear(3);  // from the middle
    b.signal(3);
    b.mask(5);
    EXPECT_THAT(acknowledge_all(b), ElementsAre(2, 4, 1, 3));
    b.unmask(5);
    EXPECT_THAT(acknowledge_all(b), ElementsAre(5));
}

TEST(RvicOrder, SurvivesDisable) {
    RvicBench b(1);
    b.enable();
    for (const u32 intid : {7, 3, 5}) {
        b.unmask(intid);
        b.signal(intid);
    }
    b.disable();
    b.enable();
    EXPECT_THAT(acknowledge_all(b), ElementsAre(7, 3, 5));
}

TEST(RvicOrder, AllIntidsAtOnce) {
    RvicBench b(1);
    b.enable();
    std::vector<u64> expected;
    for (u32 i = 0; i < 256; ++i) {
        const u32 intid = i * 37 % 256;
        b.signal(intid);
        b.unmask(intid);
        expected.push_back(intid);
    }
    EXPECT_EQ(acknowledge_all(b), expected);
    EXPECT_FALSE(b.irq());
}

}  // namespace
}  // namespace trapeze::irqchip::test

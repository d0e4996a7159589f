// What the first implementation of this interface, the KVM patch series of 2020, got wrong or left out.
#include <memory>

#include "rvic_fixture.h"
#include "trapeze/base/bits.h"

namespace trapeze::irqchip::test {
namespace {

namespace r = arch::rvic;
using testing::ElementsAre;

// 1. An input one past the last was accepted.
TEST(RvicPitfalls, TheInputBehindTheLastDoesNotExist) {
    for (const u32 untrusted : {32u, 224u, 2016u}) {
        RvicConfig config = rvic_config(1);
        config.nr_untrusted = untrusted;
        config.first_msi_input = 32;
        RvicBench b(config);
        EXPECT_EQ(b.map(untrusted, 0, kUntrusted), error(Reason::ERROR_PARAMETER, 0));
        EXPECT_EQ(b.unmap(untrusted), error(Reason::ERROR_PARAMETER, 0));
        EXPECT_EQ(b.map(untrusted - 1, 0, kUntrusted), ok());
        EXPECT_EQ(b.unmap(untrusted - 1), ok());
    }
}

// 2. What was pending and got unmasked while the rVIC was disabled was never delivered.
TEST(RvicPitfalls, PendingThatIsUnmaskedWhileDisabledIsDeliveredOnceEnabled) {
    RvicBench b(2);
    b.enable(1);
    b.signal(kIpi, 1);
    b.signal(kUntrusted, 1);
    b.disable(1);
    b.unmask(kUntrusted, 1);
    b.unmask(kIpi, 1);
    EXPECT_FALSE(b.irq(1));
    b.enable(1);
    EXPECT_TRUE(b.irq(1));
    EXPECT_EQ(b.acknowledge(1), ok(kUntrusted));
    EXPECT_EQ(b.acknowledge(1), ok(kIpi));
}

TEST(RvicPitfalls, WhatLeavesTheQueueWhileDisabledIsNotDelivered) {
    RvicBench b(1);
    b.enable();
    for (const u32 intid : {1, 2, 3}) {
        b.unmask(intid);
        b.signal(intid);
    }
    b.disable();
    b.mask(1);
    b.clear(2);
    b.enable();
    EXPECT_EQ(b.acknowledge(), ok(3));
    EXPECT_EQ(b.acknowledge(), error(Reason::NO_INTERRUPTS));
}

// 3. A wire that rose while the rVIC was disabled, or before a reset, was never seen, as there is no new
// edge.
TEST(RvicPitfalls, AWireThatIsHighBeforeEnableIsDelivered) {
    for (const bool unmask_first : {false, true}) {
        RvicBench b(1);
        b.map(kInput, 0, kUntrusted);
        b.wire(kInput, true);
        b.trusted_wire(kTimer, true);
        const auto unmask_both = [&b] {
            b.unmask(kUntrusted);
            b.unmask(kTimer);
        };
        if (unmask_first) unmask_both();
        EXPECT_FALSE(b.pending(kTimer) || b.pending(kUntrusted));
        b.enable();
        EXPECT_TRUE(b.pending(kTimer) && b.pending(kUntrusted));
        if (!unmask_first) {
            EXPECT_FALSE(b.irq());
            unmask_both();
        }
        EXPECT_EQ(b.acknowledge().reason, Reason::SUCCESS);
        EXPECT_EQ(b.acknowledge().reason, Reason::SUCCESS);
    }
}

TEST(RvicPitfalls, AWireThatRoseBeforeTheBringUpOfACpuSurvivesIt) {
    RvicBench b(1);
    b.map(kInput, 0, kUntrusted);
    b.trusted_wire(kTimer, true);
    b.wire(kInput, true);
    // As Linux does it.
    b.disable();
    for (u32 intid = 0; intid < 256; ++intid) {
        b.mask(intid);
        b.clear(intid);
    }
    b.enable();
    EXPECT_FALSE(b.irq());
    b.unmask(kTimer);
    EXPECT_EQ(b.acknowledge(), ok(kTimer));
    b.unmask(kUntrusted);
    EXPECT_EQ(b.acknowledge(), ok(kUntrusted));
}

// An edge without a level is gone, though, as SIGNAL is refused: this is the interface.
TEST(RvicPitfalls, AnEdgeIntoADisabledRvicIsLost) {
    RvicBench b(1);
    b.map(kInput, 0, kUntrusted);
    b.map(64, 0, kUntrusted + 1);
    b.unmask(kUntrusted);
    b.unmask(kUntrusted + 1);
    b.pulse(kInput);
    b.rvic.send_msi(kRvicMsiAddress, 64);
    b.enable();
    EXPECT_EQ(b.acknowledge(), error(Reason::NO_INTERRUPTS));
}

// ENABLE of an enabled rVIC is nothing, also for high wires that the guest has cleared.
TEST(RvicPitfalls, EnableAgainDoesNotLookAtTheWires) {
    RvicBench b(1);
    b.enable();
    b.trusted_wire(kTimer, true);
    b.clear(kTimer);
    b.enable();
    EXPECT_FALSE(b.pending(kTimer));
}

// 4. CPU_ON did not reset the rVIC of the vCPU.
TEST(RvicPitfalls, ACpuStartsWithItsRvicReset) {
    RvicBench b(2);
    b.map(kInput, 1, kUntrusted);
    b.enable(1);
    b.unmask(kUntrusted, 1);
    b.signal(kUntrusted, 1);
    b.signal(kIpi, 1);
    b.rvic.reset_cpu(1);  // CPU_OFF and CPU_ON
    EXPECT_EQ(b.rvic.cpu_state(1), RvicCpuState{});
    EXPECT_FALSE(b.irq(1));
    EXPECT_EQ(b.acknowledge(1), error(Reason::DISABLED));
    b.enable(1);
    EXPECT_EQ(b.acknowledge(1), error(Reason::NO_INTERRUPTS));
    b.unmask(kUntrusted, 1);
    b.pulse(kInput);
    EXPECT_EQ(b.acknowledge(1), ok(kUntrusted));
}

TEST(RvicPitfalls, TheMapSurvivesCpuOnAndNotAReset) {
    RvicBench b(2);
    b.map(kInput, 1, kUntrusted);
    b.rvic.reset_cpu(1);
    EXPECT_EQ(b.rvic.input_state(kInput).target, (RvidTarget{1, kUntrusted}));
    b.rvic.reset();
    EXPECT_EQ(b.rvic.input_state(kInput).target, std::nullopt);
}

// 5. The state could be neither saved nor restored.
class RvicSnapshots : public testing::Test {
protected:
    // Something of everything: order, masked and pending, wires of both kinds, shared wires.
    void fill(RvicBench& b) {
        b.enable(0);
        for (const u32 intid : {9, 3, 200}) {
            b.unmask(intid);
            b.signal(intid);
        }
        b.signal(7);
        b.unmask(8);
        b.trusted_wire(kTimer, true, 1);
        b.map(1, 1, kUntrusted);
        b.map(2, 1, kUntrusted);
        b.wire(1, true);
        b.wire(2, true);
        b.wire(3, true);
    }
    template <typename Change>
    void expect_refused(Change change) {
        RvicBench source(2), b(2);
        fill(source);
        RvicSnapshot snapshot = source.rvic.save();
        change(snapshot);
        b.enable(1);
        const RvicSnapshot before = b.rvic.save();
        EXPECT_FALSE(b.rvic.restore(snapshot));
        EXPECT_EQ(b.rvic.save(), before);
    }
};

TEST_F(RvicSnapshots, SaveAndRestore) {
    RvicBench from(2), to(2);
    fill(from);
    const RvicSnapshot snapshot = from.rvic.save();
    // What was there before does not matter.
    to.enable(1);
    to.unmask(kIpi, 1);
    to.signal(kIpi, 1);
    to.map(4, 0, 77);
    to.wire(4, true);
    ASSERT_TRUE(to.rvic.restore(snapshot));
    EXPECT_EQ(to.rvic.save(), snapshot);
    EXPECT_TRUE(to.irq(0));
    EXPECT_FALSE(to.irq(1));
    for (const u64 intid : {9, 3, 200}) EXPECT_EQ(to.acknowledge(0), ok(intid));
    EXPECT_EQ(to.acknowledge(0), error(Reason::NO_INTERRUPTS));
    to.unmask(7);
    EXPECT_EQ(to.acknowledge(0), ok(7));
    // The wires, one by one.
    to.enable(1);
    to.unmask(kTimer, 1);
    EXPECT_EQ(to.acknowledge(1), ok(kTimer));
    to.wire(1, false);
    to.unmask(kUntrusted, 1);
    EXPECT_EQ(to.acknowledge(1), ok(kUntrusted));
    to.wire(2, false);
    to.unmask(kUntrusted, 1);
    EXPECT_EQ(to.acknowledge(1), error(Reason::NO_INTERRUPTS));
    to.map(3, 1, kUntrusted);
    EXPECT_EQ(to.acknowledge(1), ok(kUntrusted));
}

TEST_F(RvicSnapshots, ADisabledRvicKeepsItsQueue) {
    RvicBench from(1), to(1);
    from.enable();
    for (const u32 intid : {5, 4}) {
        from.unmask(intid);
        from.signal(intid);
    }
    from.disable();
    ASSERT_TRUE(to.rvic.restore(from.rvic.save()));
    EXPECT_FALSE(to.irq());
    to.enable();
    EXPECT_EQ(to.acknowledge(), ok(5));
    EXPECT_EQ(to.acknowledge(), ok(4));
}

TEST_F(RvicSnapshots, OfAnotherConfigurationAreRefused) {
    expect_refused([](RvicSnapshot& s) { s.cpus.pop_back(); });
    expect_refused([](RvicSnapshot& s) { s.cpus.push_back(s.cpus[0]); });
    expect_refused([](RvicSnapshot& s) { s.inputs.pop_back(); });
    expect_refused([](RvicSnapshot& s) { s.nr_trusted = 64; });
    expect_refused([](RvicSnapshot& s) { s.cpus[1].irqs.pop_back(); });
    expect_refused([](RvicSnapshot& s) { s.cpus[1].irqs.emplace_back(); });
}

TEST_F(RvicSnapshots, ThatContradictThemselvesAreRefused) {
    expect_refused([](RvicSnapshot& s) { s.cpus[0].cpu.queue.pop_back(); });
    expect_refused([](RvicSnapshot& s) { s.cpus[0].cpu.queue.push_back(9); });
    expect_refused([](RvicSnapshot& s) { s.cpus[0].cpu.queue.push_back(8); });
    expect_refused([](RvicSnapshot& s) { s.cpus[0].cpu.queue.push_back(256); });
    expect_refused([](RvicSnapshot& s) { s.cpus[0].cpu.queue.push_back(~u32{0}); });
    expect_refused([](RvicSnapshot& s) { s.cpus[0].irqs[9].masked = true; });
    expect_refused([](RvicSnapshot& s) { s.cpus[0].irqs[8].pending = true; });
    expect_refused([](RvicSnapshot& s) { s.inputs[0].target = RvidTarget{2, 40}; });
    expect_refused([](RvicSnapshot& s) { s.inputs[0].target = RvidTarget{0, 31}; });
    expect_refused([](RvicSnapshot& s) { s.inputs[0].target = RvidTarget{0, 256}; });
}

// 6. Destruction raced with interrupts. Here it only needs to be possible in any state; what it must not do
// is tell vCPUs, which may be gone.
TEST(RvicPitfalls, DestructionTouchesNothing) {
    FakeLines lines(2);
    {
        Rvic rvic(rvic_config(2), lines);
        trap::HypercallSpace space;
        rvic.add_hypercalls(space);
        trap::FakeCpu cpu;
        const auto call = [&](u32 function, u64 x1 = 0, u64 x2 = 0, u64 x3 = 0) {
            cpu.set_x(0, function);
            cpu.set_x(1, x1);
            cpu.set_x(2, x2);
            cpu.set_x(3, x3);
            space.handle({trap::Conduit::Hvc, 0}, cpu);
        };
        call(r::RVIC_ENABLE);
        call(r::RVIC_CLEAR_MASKED, 0, kUntrusted);
        call(r::RVID_MAP, kInput, 0, kUntrusted);
        rvic.set_level(bus::spi(kInput), true);
        EXPECT_EQ(lines.lines[0], (FakeLines::Lines{true, false, 1}));
    }
    EXPECT_EQ(lines.lines[0], (FakeLines::Lines{true, false, 1}));
}

// 7. rVIC and rVID blame a vCPU that does not exist in different ways. Kept, as is version 0.3; later drafts
// are said to have made them equal. Guests treat all errors alike.
TEST(RvicPitfalls, AnUnknownCpuIsInvalidForRvicAndABadParameterForRvid) {
    RvicBench b(1);
    EXPECT_EQ(b.call(0, r::RVIC_SIGNAL, 1, kIpi), error(Reason::INVALID_CPU, 0));
    EXPECT_EQ(b.call(0, r::RVID_MAP, kInput, 1, kUntrusted), error(Reason::ERROR_PARAMETER, 1));
}

}  // namespace
}  // namespace trapeze::irqchip::test

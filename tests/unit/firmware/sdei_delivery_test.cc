// Delivery of events on one PE: the state that a handler starts in, what it can find out, how it ends, and
// what can interrupt what (DEN0054C "Event handling", "Event context", SDEI_EVENT_COMPLETE*).
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

// EL1h with everything masked; EL1t; EL0; AArch32 User mode, in Thumb state. With flags.
constexpr u64 kStates[] = {0x8000'03c5, 0x6040'0004, 0x2000'0000, 0x1000'0030};

TEST(SdeiEntry, X0ToX3TellTheHandlerWhatHappened) {
    SdeiBench b;
    b.arm(kNmi);
    for (const u64 pstate : kStates) {
        SdeiCpu& cpu = b.cpus[0];
        b.signal(0);
        cpu.flags = pstate;
        cpu.program_counter = 0x40'1234 + pstate;
        const std::optional<trap::Redirect> to = b.redirect();
        ASSERT_TRUE(to);
        EXPECT_EQ(to->count, 4);
        EXPECT_EQ(to->x[0], kNmi);
        EXPECT_EQ(to->x[1], b.argument(0, kNmi));
        EXPECT_EQ(to->x[2], 0x40'1234 + pstate);
        EXPECT_EQ(to->x[3], pstate);
        EXPECT_EQ(to->pc, b.entry(0, kNmi));
        EXPECT_EQ(to->pstate, pstate);
        EXPECT_TRUE(to->as_exception);
        EXPECT_FALSE(to->exception_return);  // ELR_EL1 and SPSR_EL1 are those of who was interrupted
        cpu.go(*to);
        b.complete();
    }
}

TEST(SdeiEntry, TheOtherRegistersAreStillThoseOfTheInterrupted) {
    SdeiBench b;
    b.arm(kNmi);
    b.signal(0);
    const auto before = b.cpus[0].regs;
    ASSERT_EQ(b.deliver(), kNmi);
    for (unsigned n = 4; n < 31; ++n) EXPECT_EQ(b.cpus[0].regs[n], before[n]) << n;
}

TEST(SdeiEntry, EventsOfEveryKindHaveTheirNumberAndArgument) {
    SdeiBench b(2);
    for (const u32 event : {kPrivateCritical, kShared, kSharedCritical, b.bound(kSpi), b.bound(kPpi)}) {
        b.arm(event, 1);
        b.raise(event, 1);
        ASSERT_EQ(b.deliver(1), event);
        EXPECT_EQ(b.cpus[1].regs[0], u64{event});
        EXPECT_EQ(b.cpus[1].regs[1], b.argument(1, event));
        EXPECT_EQ(b.cpus[1].program_counter, b.entry(1, event));
        b.complete(1);
    }
}

TEST(SdeiEntry, RelativeHandlersAreFoundThroughVbarAtDelivery) {
    SdeiBench b(2);
    constexpr u64 kOffset = 0x280;
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_REGISTER, {kShared, kOffset, 7, kRelative | kRmPe, b.mpidr(1)}), kOk);
    b.enable(kShared);
    b.unmask(1);
    b.raise(kShared);
    const std::optional<trap::Redirect> to = b.redirect(1);
    ASSERT_TRUE(to);
    EXPECT_EQ(to->pc, kVbar + 0x1'0000 + kOffset);  // of the PE that handles it
    EXPECT_EQ(to->x[1], 7u);
    // Offsets wrap: VBAR_EL1 minus something is an offset, too.
    SdeiBench other;
    EXPECT_EQ(other.call(0, s::SDEI_EVENT_REGISTER, {kNmi, ~u64{0xfff}, 7, kRelative, 0}), kOk);
    other.enable(kNmi);
    other.unmask();
    other.signal(0);
    const std::optional<trap::Redirect> below = other.redirect();
    ASSERT_TRUE(below);
    EXPECT_EQ(below->pc, kVbar - 0x1000);
}

TEST(SdeiContextCall, ReturnsWhatX0ToX17Were) {
    SdeiBench b;
    b.arm(kNmi);
    b.signal(0);
    for (unsigned n = 0; n < 18; ++n) b.cpus[0].regs[n] = 0x1111 * (n + 1);
    const auto before = b.cpus[0].regs;
    b.deliver();
    for (unsigned n = 0; n < 18; ++n) EXPECT_EQ(static_cast<u64>(b.context(n)), before[n]) << n;
    EXPECT_EQ(b.context(18), kInvalid);
}

// --- Completion --------------------------------------------------------------------------------------------

TEST(SdeiComplete, PutsEverythingBackAndReturnsNothing) {
    SdeiBench b;
    b.arm(kNmi);
    for (const u64 pstate : kStates) {
        SdeiCpu& cpu = b.cpus[0];
        b.signal(0);
        cpu.flags = pstate;
        const auto before = cpu.regs;
        const u64 pc = cpu.program_counter;
        ASSERT_EQ(b.deliver(), kNmi);
        for (unsigned n = 0; n < 18; ++n) cpu.regs[n] = 0xbad;
        const trap::Redirect to = b.finish(0, s::SDEI_EVENT_COMPLETE, pstate % 3);  // whatever it says
        EXPECT_EQ(to.count, 18);
        EXPECT_FALSE(to.as_exception);
        EXPECT_FALSE(to.exception_return);
        EXPECT_EQ(to.pc, pc);
        EXPECT_EQ(to.pstate, pstate);
        EXPECT_EQ(cpu.regs, before);  // X0, too
        EXPECT_EQ(b.status(kNmi), kEnabled);
    }
}

TEST(SdeiComplete, ChangesOfX18AndUpAreTheHandlersToUndo) {
    SdeiBench b;
    b.arm(kNmi);
    b.signal(0);
    b.deliver();
    for (unsigned n = 18; n < 31; ++n) b.cpus[0].regs[n] = n;
    b.complete();
    for (unsigned n = 18; n < 31; ++n) EXPECT_EQ(b.cpus[0].regs[n], n);
}

TEST(SdeiCompleteAndResume, LooksLikeAnExceptionTakenToTheAddress) {
    SdeiBench b;
    b.arm(kNmi);
    for (const u64 pstate : kStates) {
        SdeiCpu& cpu = b.cpus[0];
        b.signal(0);
        cpu.flags = pstate;
        cpu.program_counter = 0x7000;
        const auto before = cpu.regs;
        ASSERT_EQ(b.deliver(), kNmi);
        for (unsigned n = 0; n < 18; ++n) cpu.regs[n] = 0xbad;
        const trap::Redirect to = b.finish(0, s::SDEI_EVENT_COMPLETE_AND_RESUME, kVbar + 0x280);
        EXPECT_EQ(to.pc, kVbar + 0x280);
        EXPECT_TRUE(to.as_exception);
        EXPECT_EQ(to.pstate, pstate);
        ASSERT_TRUE(to.exception_return);
        EXPECT_EQ(to.exception_return->elr_el1, 0x7000u);
        EXPECT_EQ(to.exception_return->spsr_el1, pstate);
        EXPECT_EQ(cpu.regs, before);
        EXPECT_EQ(b.status(kNmi), kEnabled);
    }
}

TEST(SdeiComplete, DeliversWhatHasComeUpMeanwhile) {
    for (const u32 function : {s::SDEI_EVENT_COMPLETE, s::SDEI_EVENT_COMPLETE_AND_RESUME}) {
        SdeiBench b;
        b.arm(kNmi);
        b.arm(kShared);
        b.signal(0);
        ASSERT_EQ(b.deliver(), kNmi);
        b.signal(0);
        b.raise(kShared);
        EXPECT_EQ(b.deliver(), std::nullopt);
        b.finish(0, function, 0x4000);
        ASSERT_EQ(b.deliver(), kNmi);
        b.finish(0, function, 0x4000);
        ASSERT_EQ(b.deliver(), kShared);
        b.finish(0, function, 0x4000);
        EXPECT_EQ(b.deliver(), std::nullopt);
    }
}

// --- What can interrupt what -------------------------------------------------------------------------------

TEST(SdeiNesting, ACriticalEventInterruptsTheHandlerOfANormalOne) {
    SdeiBench b;
    b.arm(kNmi);
    b.arm(kPrivateCritical);
    SdeiCpu& cpu = b.cpus[0];
    b.signal(0);
    cpu.program_counter = 0x1000;
    const auto outside = cpu.regs;
    ASSERT_EQ(b.deliver(), kNmi);
    for (unsigned n = 0; n < 18; ++n) cpu.regs[n] = 0x500 + n;
    const auto inside = cpu.regs;
    cpu.program_counter = 0x2000;
    b.raise(kPrivateCritical);
    ASSERT_EQ(b.deliver(), kPrivateCritical);
    EXPECT_EQ(cpu.regs[2], 0x2000u);
    EXPECT_EQ(cpu.regs[3], kDaif | kEl1h);  // of the handler that it interrupted
    EXPECT_EQ(b.context(17), 0x511);
    b.complete();
    EXPECT_EQ(cpu.regs, inside);
    EXPECT_EQ(cpu.program_counter, 0x2000u);
    EXPECT_EQ(static_cast<u64>(b.context(17)), outside[17]);
    b.complete();
    EXPECT_EQ(cpu.regs, outside);
    EXPECT_EQ(cpu.program_counter, 0x1000u);
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_COMPLETE, {0}), kDenied);
}

TEST(SdeiNesting, NothingElseInterruptsAHandler) {
    constexpr u32 kNormal[] = {kNmi, kShared};
    constexpr u32 kCritical[] = {kPrivateCritical, kSharedCritical};
    const auto expect_waits = [](u32 running, u32 next) {
        SdeiBench b;
        b.arm(running);
        b.arm(next);
        b.raise(running);
        ASSERT_EQ(b.deliver(), running);
        b.raise(next);
        EXPECT_EQ(b.deliver(), std::nullopt) << running << " " << next;
        b.complete();
        EXPECT_EQ(b.deliver(), next);
    };
    expect_waits(kNormal[0], kNormal[1]);
    expect_waits(kNormal[1], kNormal[0]);
    expect_waits(kCritical[0], kCritical[1]);
    expect_waits(kCritical[1], kCritical[0]);
    for (const u32 normal : kNormal) {
        for (const u32 critical : kCritical) expect_waits(critical, normal);
    }
}

TEST(SdeiNesting, TwoLevelsAreTheMost) {
    SdeiBench b;
    for (const u32 event : {kNmi, kShared, kPrivateCritical, kSharedCritical}) b.arm(event);
    b.raise(kNmi);
    ASSERT_EQ(b.deliver(), kNmi);
    b.raise(kSharedCritical);
    ASSERT_EQ(b.deliver(), kSharedCritical);
    b.raise(kPrivateCritical);
    b.raise(kShared);
    b.raise(kNmi);
    EXPECT_EQ(b.deliver(), std::nullopt);
    b.complete();
    ASSERT_EQ(b.deliver(), kPrivateCritical);  // over the normal one that goes on running
    b.complete();
    EXPECT_EQ(b.deliver(), std::nullopt);
    EXPECT_EQ(b.status(kNmi), kEnabled | kRunning);
    b.complete();
    EXPECT_TRUE(b.deliver());
}

TEST(SdeiNesting, CriticalEventsComeFirst) {
    SdeiBench b;
    for (const u32 event : {kNmi, kShared, kPrivateCritical, kSharedCritical}) b.enroll(event);
    for (const u32 event : {kNmi, kShared, kPrivateCritical, kSharedCritical}) {
        b.enable(event);
        b.raise(event);
    }
    b.unmask();
    std::vector<u32> order;
    for (int i = 0; i < 8; ++i) {
        const std::optional<u32> event = b.deliver();
        if (!event) break;
        order.push_back(*event);
        b.complete();
    }
    ASSERT_THAT(order, testing::SizeIs(4));
    EXPECT_THAT(std::vector(order.begin(), order.begin() + 2),
                testing::UnorderedElementsAre(kPrivateCritical, kSharedCritical));
}

// --- Masks, enables, and what is lost ----------------------------------------------------------------------

TEST(SdeiDelivery, MaskedInterruptsDoNotHoldEventsBack) {
    SdeiBench b;
    b.arm(kNmi);
    b.signal(0);
    b.cpus[0].flags = kDaif | kEl1h;
    EXPECT_EQ(b.deliver(), kNmi);
}

TEST(SdeiDelivery, AMaskedPeTakesNothingUntilItUnmasks) {
    SdeiBench b;
    b.arm(kNmi);
    b.arm(kPrivateCritical);
    b.mask();
    b.signal(0);
    b.raise(kPrivateCritical);
    EXPECT_EQ(b.deliver(), std::nullopt);
    b.unmask();
    EXPECT_EQ(b.deliver(), kPrivateCritical);
    b.complete();
    EXPECT_EQ(b.deliver(), kNmi);
}

TEST(SdeiDelivery, AHandlerCanMaskItsPe) {
    SdeiBench b;
    b.arm(kNmi);
    b.arm(kPrivateCritical);
    b.signal(0);
    b.deliver();
    EXPECT_EQ(b.mask(), 1);
    b.raise(kPrivateCritical);
    EXPECT_EQ(b.deliver(), std::nullopt);
    b.complete();
    EXPECT_EQ(b.deliver(), std::nullopt);  // completion does not unmask
    b.unmask();
    EXPECT_EQ(b.deliver(), kPrivateCritical);
}

TEST(SdeiDelivery, ADisabledEventWaits) {
    SdeiBench b;
    b.enroll(kNmi);
    b.unmask();
    b.signal(0);
    EXPECT_EQ(b.deliver(), std::nullopt);
    b.enable(kNmi);
    EXPECT_EQ(b.deliver(), kNmi);
    b.disable(kNmi);
    b.signal(0);
    b.complete();
    EXPECT_EQ(b.status(kNmi), kRegistered);
    EXPECT_EQ(b.deliver(), std::nullopt);
    b.enable(kNmi);
    EXPECT_EQ(b.deliver(), kNmi);
}

TEST(SdeiDelivery, SignalsThatMeetAreOne) {
    SdeiBench b;
    b.arm(kNmi);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(b.signal(0), kOk);
    EXPECT_EQ(b.deliver(), kNmi);
    b.complete();
    EXPECT_EQ(b.deliver(), std::nullopt);
}

TEST(SdeiDelivery, ASignalWithoutHandlerIsDropped) {
    SdeiBench b(2);
    EXPECT_EQ(b.signal(1), kOk);
    b.arm(kNmi, 1);
    EXPECT_EQ(b.deliver(1), std::nullopt);
}

// The guest, or another PE, changes its mind while this PE is on its way to the handler.
TEST(SdeiDelivery, AnEventCanGoAwayAtTheLastMoment) {
    SdeiBench b(2);
    b.arm(kShared);
    b.raise(kShared);
    b.cpus[0].on_read = [&b] { EXPECT_EQ(b.disable(kShared, 1), kOk); };
    EXPECT_EQ(b.deliver(), std::nullopt);
    EXPECT_EQ(b.status(kShared), kRegistered);
    b.enable(kShared, 1);
    EXPECT_EQ(b.deliver(), kShared);
}

TEST(SdeiDelivery, OneThatGoesAwayAtTheLastMomentDoesNotHideAnother) {
    SdeiBench b(2);
    b.arm(kNmi);
    b.arm(kSharedCritical);
    b.signal(0);
    b.raise(kSharedCritical);
    b.cpus[0].on_read = [&b] { EXPECT_EQ(b.disable(kSharedCritical, 1), kOk); };
    EXPECT_EQ(b.deliver(), std::nullopt);
    EXPECT_EQ(b.deliver(), kNmi);
}

TEST(SdeiDelivery, WithoutReasonNobodyIsTold) {
    SdeiBench b(3);
    for (Pe pe = 0; pe < 3; ++pe) {
        b.arm(kNmi, pe);
        b.mask(pe);
        b.unmask(pe);
    }
    b.signal(1);
    EXPECT_EQ(b.host.posts, 1u);
    EXPECT_TRUE(b.posted(1));
    b.signal(1);
    EXPECT_EQ(b.host.posts, 1u);  // it knows
    EXPECT_EQ(b.sdei.take_event(b.cpus[0]), std::nullopt);
}

}  // namespace
}  // namespace trapeze::firmware::test

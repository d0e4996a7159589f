// Which PE handles a shared event (DEN0054C "Event routing"): RM_PE one, RM_ANY any that can.
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

// The PE that has just taken this event; nullopt: none.
std::optional<Pe> deliver_somewhere(SdeiBench& b, u32 event) {
    std::optional<Pe> where;
    for (Pe pe = 0; pe < b.cpus.size(); ++pe) {
        const std::optional<u32> taken = b.deliver(pe);
        if (!taken) continue;
        EXPECT_EQ(*taken, event);
        EXPECT_FALSE(where) << "on two PEs";
        where = pe;
    }
    return where;
}

TEST(SdeiRouting, OneEventIsHandledByOnePe) {
    SdeiBench b(4);
    b.arm(kShared);
    for (Pe pe = 1; pe < 4; ++pe) b.unmask(pe);
    for (int i = 0; i < 3; ++i) {
        b.raise(kShared);
        const std::optional<Pe> where = deliver_somewhere(b, kShared);
        ASSERT_TRUE(where);
        EXPECT_EQ(b.status(kShared, 3), kEnabled | kRunning);
        b.raise(kShared);
        EXPECT_EQ(deliver_somewhere(b, kShared), std::nullopt);  // while it runs, nowhere
        b.complete(*where);
        const std::optional<Pe> again = deliver_somewhere(b, kShared);
        ASSERT_TRUE(again);
        b.complete(*again);
    }
}

TEST(SdeiRouting, AnyPeThatCanTakesIt) {
    SdeiBench b(4);
    b.arm(kShared, 2);  // registered by PE 2; the others mask
    b.raise(kShared);
    EXPECT_EQ(deliver_somewhere(b, kShared), 2u);
    EXPECT_EQ(b.cpus[2].regs[1], b.argument(2, kShared));
    b.complete(2);
    b.mask(2);
    b.raise(kShared);
    EXPECT_EQ(deliver_somewhere(b, kShared), std::nullopt);
    b.unmask(3);
    EXPECT_EQ(deliver_somewhere(b, kShared), 3u);
}

TEST(SdeiRouting, APeThatMasksLeavesTheEventToAnother) {
    SdeiBench b(2);
    b.arm(kShared);
    b.unmask(1);
    b.raise(kShared);
    ASSERT_TRUE(b.posted(0));
    ASSERT_FALSE(b.posted(1));
    EXPECT_EQ(b.mask(0), 1);
    EXPECT_EQ(deliver_somewhere(b, kShared), 1u);
}

TEST(SdeiRouting, APeThatIsInAHandlerLeavesTheEventToAnother) {
    SdeiBench b(2);
    b.arm(kNmi);
    b.arm(kShared);
    b.unmask(1);
    b.signal(0);
    b.raise(kShared);
    // Both are due on PE 0, which can have but one of them.
    std::vector<std::optional<u32>> taken{b.deliver(0), b.deliver(1)};
    EXPECT_THAT(taken, testing::UnorderedElementsAre(std::optional(kNmi), std::optional(kShared)));
}

TEST(SdeiRouting, TwoSharedEventsUseTwoPes) {
    SdeiBench b(2);
    const u32 bound = b.bound(kSpi);
    b.arm(kShared);
    b.arm(bound);
    b.unmask(1);
    b.raise(kShared);
    b.wire(kSpi, true);
    std::vector<std::optional<u32>> taken{b.deliver(0), b.deliver(1)};
    EXPECT_THAT(taken, testing::UnorderedElementsAre(std::optional(bound), std::optional(kShared)));
}

TEST(SdeiRouting, ACriticalEventNeedsNoIdlePe) {
    SdeiBench b(2);
    b.arm(kShared);
    b.arm(kSharedCritical);
    b.raise(kShared);
    ASSERT_EQ(deliver_somewhere(b, kShared), 0u);
    b.raise(kSharedCritical);
    EXPECT_EQ(deliver_somewhere(b, kSharedCritical), 0u);
}

TEST(SdeiRouting, TheChosenPeAndNoOther) {
    SdeiBench b(3);
    b.arm(kShared, 0, kRmPe, b.mpidr(2));
    b.unmask(1);
    b.raise(kShared);
    EXPECT_EQ(deliver_somewhere(b, kShared), std::nullopt);
    b.unmask(2);
    EXPECT_EQ(deliver_somewhere(b, kShared), 2u);
    b.raise(kShared);
    b.complete(2);
    EXPECT_EQ(deliver_somewhere(b, kShared), 2u);
}

TEST(SdeiRouting, TheChosenPeWhenItIsDoneWithWhatItHandles) {
    SdeiBench b(2);
    b.arm(kNmi, 1);
    b.arm(kShared, 0, kRmPe, b.mpidr(1));
    b.signal(1);
    ASSERT_EQ(b.deliver(1), kNmi);
    b.raise(kShared);
    EXPECT_EQ(deliver_somewhere(b, kShared), std::nullopt);
    b.complete(1);
    EXPECT_EQ(deliver_somewhere(b, kShared), 1u);
}

TEST(SdeiRouting, CanBeChangedWhileTheEventIsDisabled) {
    SdeiBench b(3);
    for (Pe pe = 0; pe < 3; ++pe) b.unmask(pe);
    b.enroll(kShared, 0, kRmPe, b.mpidr(1));
    b.raise(kShared);
    EXPECT_EQ(b.route(kShared, 1, b.mpidr(2)), kOk);
    b.enable(kShared);
    EXPECT_EQ(deliver_somewhere(b, kShared), 2u);
    EXPECT_EQ(b.route(kShared, 0), kDenied);  // its handler runs
    b.complete(2);
    b.disable(kShared);
    EXPECT_EQ(b.route(kShared, 0), kOk);
    b.enable(kShared);
    b.mask(2);
    b.mask(0);
    b.raise(kShared);
    EXPECT_EQ(deliver_somewhere(b, kShared), 1u);
}

TEST(SdeiRouting, AnyPeCanRegisterEnableAndUnregister) {
    SdeiBench b(3);
    b.unmask(2);
    EXPECT_EQ(b.enroll(kShared, 0), kOk);
    EXPECT_EQ(b.enable(kShared, 1), kOk);
    b.raise(kShared, 1);
    EXPECT_EQ(deliver_somewhere(b, kShared), 2u);
    EXPECT_EQ(b.unregister(kShared, 1), kPending);
    b.complete(2);
    EXPECT_EQ(b.status(kShared), 0);
}

TEST(SdeiRouting, PrivateEventsStayOnTheirPe) {
    SdeiBench b(3);
    for (Pe pe = 0; pe < 3; ++pe) b.arm(kNmi, pe);
    EXPECT_EQ(b.signal(1, 0), kOk);
    EXPECT_EQ(b.signal(2, 0), kOk);
    EXPECT_EQ(b.deliver(0), std::nullopt);
    EXPECT_EQ(b.deliver(1), kNmi);
    EXPECT_EQ(b.cpus[1].program_counter, b.entry(1, kNmi));
    EXPECT_EQ(b.deliver(2), kNmi);
    EXPECT_EQ(b.cpus[2].program_counter, b.entry(2, kNmi));
    EXPECT_EQ(b.status(kNmi, 0), kEnabled);
}

// PE 0 was asked first; while it looks at its registers another PE masks it: the event must not get lost.
TEST(SdeiRouting, AnEventThatMovesAtTheLastMomentIsNotLost) {
    SdeiBench b(2);
    b.arm(kNmi);
    b.arm(kShared);
    b.unmask(1);
    b.raise(kShared);
    b.cpus[0].on_read = [&b] {
        // What PE 1 can do to it: turn PE 0 off and on.
        b.sdei.reset_pe(0);
    };
    EXPECT_EQ(b.deliver(0), std::nullopt);
    EXPECT_EQ(b.deliver(1), kShared);
}

}  // namespace
}  // namespace trapeze::firmware::test

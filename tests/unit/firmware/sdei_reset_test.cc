// What a reset of a PE and of the machine leaves of SDEI.
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

// As PSCI CPU_OFF and CPU_ON do it.
TEST(SdeiPeReset, MasksAndForgetsThePrivateHandlers) {
    SdeiBench b(2);
    for (const Pe pe : {0u, 1u}) {
        b.arm(kNmi, pe);
        b.enroll(kPrivateCritical, pe);
    }
    b.signal(1);
    b.sdei.reset_pe(1);
    EXPECT_EQ(b.status(kNmi, 1), 0);
    EXPECT_EQ(b.status(kPrivateCritical, 1), 0);
    EXPECT_EQ(b.deliver(1), std::nullopt);
    EXPECT_EQ(b.mask(1), 0);
    b.arm(kNmi, 1);
    EXPECT_EQ(b.deliver(1), std::nullopt);  // the signal is gone, too
    EXPECT_EQ(b.status(kNmi, 0), kEnabled);
    EXPECT_EQ(b.mask(0), 1);
}

TEST(SdeiPeReset, SharedHandlersSurvive) {
    SdeiBench b(2);
    const u32 event = b.bound(kSpi);
    b.arm(kShared, 1, kRmPe, b.mpidr(1));
    b.arm(event, 1);
    b.raise(kShared);
    b.sdei.reset_pe(1);
    EXPECT_EQ(b.status(kShared), kEnabled);
    EXPECT_EQ(b.status(event), kEnabled);
    EXPECT_EQ(b.bind(kSpi), s64{event});
    EXPECT_EQ(b.deliver(1), std::nullopt);
    b.unmask(1);
    EXPECT_EQ(b.deliver(1), kShared);  // it waited for its PE to come back
}

TEST(SdeiPeReset, LeavesEveryHandlerThatRunsOnIt) {
    SdeiBench b(2);
    b.arm(kNmi);
    b.arm(kSharedCritical);
    b.signal(0);
    ASSERT_EQ(b.deliver(), kNmi);
    b.raise(kSharedCritical);
    ASSERT_EQ(b.deliver(), kSharedCritical);
    b.sdei.reset_pe(0);
    EXPECT_EQ(b.status(kNmi), 0);
    EXPECT_EQ(b.status(kSharedCritical), kEnabled);
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_COMPLETE, {0}), kDenied);
    EXPECT_EQ(b.context(0), kDenied);
    // Both levels are free again.
    b.arm(kNmi);
    b.signal(0);
    ASSERT_EQ(b.deliver(), kNmi);
    b.raise(kSharedCritical);
    EXPECT_EQ(b.deliver(), kSharedCritical);
}

TEST(SdeiPeReset, ASharedEventThatRanThereCanBeHandledElsewhere) {
    SdeiBench b(2);
    const u32 event = b.bound(kSpi);
    b.arm(event);
    b.unmask(1);
    b.wire(kSpi, true);
    ASSERT_EQ(b.deliver(0), event);
    EXPECT_EQ(b.deliver(1), std::nullopt);
    b.sdei.reset_pe(0);
    EXPECT_EQ(b.deliver(1), event);
}

TEST(SdeiPeReset, AHandlerUnregisteredWhileItRanIsGone) {
    SdeiBench b;
    b.arm(kShared);
    b.raise(kShared);
    ASSERT_EQ(b.deliver(), kShared);
    EXPECT_EQ(b.unregister(kShared), kPending);
    b.sdei.reset_pe(0);
    EXPECT_EQ(b.status(kShared), 0);
    EXPECT_EQ(b.enroll(kShared), kOk);
}

TEST(SdeiPeReset, LeavesAnEventOfAnyPeToTheOthers) {
    SdeiBench b(2);
    b.arm(kShared);
    b.unmask(1);
    b.raise(kShared);
    b.sdei.reset_pe(0);
    EXPECT_EQ(b.deliver(0), std::nullopt);
    EXPECT_EQ(b.deliver(1), kShared);
}

TEST(SdeiPeReset, ABoundPrivateWireIsTheControllersAgain) {
    SdeiBench b(2);
    const u32 event = b.bound(kPpi);
    b.arm(event, 1);
    b.private_wire(kPpi, true, 1);
    ASSERT_EQ(b.deliver(1), event);
    b.sdei.reset_pe(1);
    EXPECT_THAT(b.controller.private_high, ElementsAre(Pair(1, kPpi)));
    EXPECT_EQ(b.status(event, 1), 0);
    EXPECT_EQ(b.bind(kPpi), s64{event});
}

// --- Of the machine ----------------------------------------------------------------------------------------

TEST(SdeiReset, IsTheStateAtPowerOn) {
    SdeiBench b(3);
    const u32 spi = b.bound(kSpi), ppi = b.bound(kPpi);
    for (Pe pe = 0; pe < 3; ++pe) {
        b.arm(kNmi, pe);
        b.arm(ppi, pe);
        b.signal(pe);
    }
    b.arm(spi);
    b.arm(kSharedCritical, 1, kRmPe, b.mpidr(2));
    b.raise(kSharedCritical);
    b.deliver(0);
    b.deliver(1);
    b.sdei.reset();
    EXPECT_EQ(b.sdei.save(), SdeiBench(3).sdei.save());
    EXPECT_EQ(b.sdei.describe_state(), SdeiBench(3).sdei.describe_state());
    for (Pe pe = 0; pe < 3; ++pe) EXPECT_EQ(b.deliver(pe), std::nullopt);
}

TEST(SdeiReset, EndsNestedHandlersOnEveryPe) {
    SdeiBench b(2);
    for (const Pe pe : {0u, 1u}) {
        b.arm(kNmi, pe);
        b.arm(kPrivateCritical, pe);
        b.signal(pe);
        ASSERT_EQ(b.deliver(pe), kNmi);
        b.raise(kPrivateCritical, pe);
        ASSERT_EQ(b.deliver(pe), kPrivateCritical);
    }
    b.sdei.reset();
    for (const Pe pe : {0u, 1u}) {
        EXPECT_EQ(b.call(pe, s::SDEI_EVENT_COMPLETE, {0}), kDenied);
        EXPECT_EQ(b.status(kNmi, pe), 0);
    }
}

TEST(SdeiReset, WiresKeepTheirLevel) {
    SdeiBench b(2);
    const u32 spi = b.bound(kSpi), ppi = b.bound(kPpi);
    b.arm(spi);
    b.arm(ppi, 1);
    b.wire(kSpi, true);
    b.private_wire(kPpi, true, 1);
    EXPECT_THAT(b.controller.high, testing::IsEmpty());
    b.sdei.reset();
    EXPECT_THAT(b.controller.high, ElementsAre(kSpi));
    EXPECT_THAT(b.controller.private_high, ElementsAre(Pair(1, kPpi)));
    b.arm(b.bound(kSpi));
    EXPECT_EQ(b.deliver(), kSharedSlot);
}

// What the interrupt controller has not been told yet, because it is reset later, must not matter.
TEST(SdeiReset, BindingsOfActiveInterruptsGo) {
    SdeiBench b;
    const u32 spi = b.bound(kSpi), ppi = b.bound(kPpi);
    b.host.activities[kSpi] = {.active = true};
    b.host.activities[kPpi] = {.active = true};
    b.sdei.reset();
    EXPECT_EQ(b.release(spi), kInvalid);
    EXPECT_EQ(b.release(ppi), kInvalid);
    EXPECT_EQ(b.sdei.save(), SdeiBench().sdei.save());
}

}  // namespace
}  // namespace trapeze::firmware::test

// Interrupts as events (DEN0054C SDEI_INTERRUPT_BIND, SDEI_INTERRUPT_RELEASE): who may be bound, and who has
// the wire when. An interrupt is the controller's except while its event is registered.
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// --- Bind --------------------------------------------------------------------------------------------------

TEST(SdeiBind, EachInterruptHasAnEventOfItsType) {
    SdeiBench b;
    const s64 spi = b.bind(kSpi), ppi = b.bind(kPpi);
    EXPECT_EQ(spi, kSharedSlot);
    EXPECT_EQ(ppi, kPrivateSlot);
    EXPECT_EQ(b.info(kSharedSlot, 0), 1);
    EXPECT_EQ(b.info(kPrivateSlot, 0), 0);
    EXPECT_NE(b.bind(kSpi + 1), spi);
    EXPECT_NE(b.bind(kPpi + 1), ppi);
}

TEST(SdeiBind, OnceMoreIsTheSameEvent) {
    SdeiBench b(2);
    const u32 event = b.bound(kSpi);
    b.host.activities[kSpi] = {.pending = true, .active = true};  // nor does it matter what it does now
    EXPECT_EQ(b.bind(kSpi), s64{event});
    EXPECT_EQ(b.call(1, s::SDEI_INTERRUPT_BIND, {kSpi}), s64{event});
    b.host.activities.clear();
    b.arm(event);
    EXPECT_EQ(b.bind(kSpi), s64{event});
}

TEST(SdeiBind, NotWhatIsNoInterruptWithAWire) {
    SdeiConfig config = sdei_config(1);
    config.shared_wires = 64;
    SdeiBench b(config);
    for (const u32 intid : {0u, 15u, 96u, 1019u, 1020u, 8192u, 0x8000'0020u, 0xffff'ffffu}) {
        EXPECT_EQ(b.bind(intid), kInvalid) << intid;
    }
    for (const u32 intid : {16u, 31u, 32u, 95u}) EXPECT_GT(b.bind(intid), 0) << intid;
}

TEST(SdeiBind, NotWhatIsInUseAsAnInterrupt) {
    SdeiBench b;
    for (const SdeiHost::Activity activity :
         {SdeiHost::Activity{true, false}, SdeiHost::Activity{false, true}, SdeiHost::Activity{true, true}}) {
        for (const u32 intid : {kSpi, kPpi}) {
            b.host.activities[intid] = activity;
            EXPECT_EQ(b.bind(intid), kDenied);
        }
    }
    b.host.activities.clear();
    EXPECT_GT(b.bind(kSpi), 0);
}

TEST(SdeiBind, AsManyAsThereAreSlots) {
    SdeiBench b;
    for (u32 n = 0; n < kSharedSlots; ++n) EXPECT_GT(b.bind(kSpi + n), 0) << n;
    EXPECT_EQ(b.bind(kSpi + kSharedSlots), kNoResource);
    for (u32 n = 0; n < kPrivateSlots; ++n) EXPECT_GT(b.bind(16 + n), 0) << n;
    EXPECT_EQ(b.bind(16 + kPrivateSlots), kNoResource);
    EXPECT_EQ(b.bind(kSpi + 3), s64{kSharedSlot + 3});
    EXPECT_EQ(b.release(kSharedSlot + 3), kOk);
    EXPECT_EQ(b.bind(kSpi + kSharedSlots), s64{kSharedSlot + 3});
}

TEST(SdeiBind, PrivateInterruptsOnlyIfTheirWiresComeByHere) {
    SdeiConfig config = sdei_config(1);
    config.private_wires = false;
    SdeiBench b(config);
    for (u32 intid = 16; intid < 32; ++intid) EXPECT_EQ(b.bind(intid), kDenied) << intid;
    EXPECT_EQ(b.bind(15), kInvalid);
    EXPECT_GT(b.bind(kSpi), 0);
}

// --- Release -----------------------------------------------------------------------------------------------

TEST(SdeiRelease, OnlyWhatIsBound) {
    SdeiBench b;
    for (const u32 event : {kNmi, kPrivateCritical, kShared, kSharedCritical, kPrivateSlot, kSharedSlot}) {
        EXPECT_EQ(b.release(event), kInvalid) << event;
    }
    const u32 event = b.bound(kSpi);
    EXPECT_EQ(b.release(event), kOk);
    EXPECT_EQ(b.release(event), kInvalid);
    EXPECT_EQ(b.enroll(event), kDenied);
}

TEST(SdeiRelease, NotWhileAnyPeHasItRegistered) {
    SdeiBench b(3);
    const u32 event = b.bound(kPpi);
    b.enroll(event, 1);
    b.enroll(event, 2);
    EXPECT_EQ(b.release(event), kDenied);
    b.unregister(event, 1);
    EXPECT_EQ(b.release(event), kDenied);
    b.unregister(event, 2);
    EXPECT_EQ(b.release(event), kOk);
}

TEST(SdeiRelease, NotWhileItsHandlerRuns) {
    SdeiBench b(2);
    const u32 event = b.bound(kSpi);
    b.arm(event, 1);
    b.wire(kSpi, true);
    ASSERT_EQ(b.deliver(1), event);
    EXPECT_EQ(b.unregister(event), kPending);
    EXPECT_EQ(b.release(event), kDenied);
    b.complete(1);
    EXPECT_EQ(b.release(event), kOk);
}

TEST(SdeiRelease, NotWhileTheInterruptIsActive) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.host.activities[kSpi] = {.active = true};
    EXPECT_EQ(b.release(event), kDenied);
    EXPECT_EQ(b.call(0, s::SDEI_SHARED_RESET), kDenied);
    b.host.activities[kSpi] = {.pending = true};
    EXPECT_EQ(b.release(event), kOk);
}

// --- Who has the wire --------------------------------------------------------------------------------------

TEST(SdeiWires, WithoutBindingTheControllerHasThem) {
    SdeiBench b(2);
    b.wire(kSpi, true);
    b.private_wire(kPpi, true, 1);
    b.pulse(kSpi + 1);
    EXPECT_THAT(b.controller.high, ElementsAre(kSpi));
    EXPECT_THAT(b.controller.private_high, ElementsAre(Pair(1, kPpi)));
    EXPECT_THAT(b.controller.pulses, ElementsAre(kSpi + 1));
    b.wire(kSpi, false);
    b.private_wire(kPpi, false, 1);
    EXPECT_THAT(b.controller.high, IsEmpty());
    EXPECT_THAT(b.controller.private_high, IsEmpty());
    EXPECT_EQ(b.host.posts, 0u);
}

TEST(SdeiWires, ABoundInterruptIsStillTheControllersUntilItIsRegistered) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.unmask();
    b.wire(kSpi, true);
    b.pulse(kSpi);
    EXPECT_THAT(b.controller.high, ElementsAre(kSpi));
    EXPECT_THAT(b.controller.pulses, ElementsAre(kSpi));
    EXPECT_EQ(b.host.posts, 0u);
    EXPECT_EQ(b.enroll(event), kOk);
    EXPECT_THAT(b.controller.high, IsEmpty());
    b.wire(kSpi, false);
    b.wire(kSpi, true);
    b.pulse(kSpi);
    EXPECT_THAT(b.controller.high, IsEmpty());
    EXPECT_THAT(b.controller.pulses, testing::SizeIs(1));
    EXPECT_EQ(b.unregister(event), kOk);
    EXPECT_THAT(b.controller.high, ElementsAre(kSpi));
    EXPECT_THAT(b.controller.pulses, testing::SizeIs(1));  // edges are not made up
    b.wire(kSpi, false);
    EXPECT_THAT(b.controller.high, IsEmpty());
}

TEST(SdeiWires, WhatRoseBeforeItIsRegisteredIsDelivered) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.wire(kSpi, true);
    b.arm(event);
    EXPECT_EQ(b.deliver(), event);
}

TEST(SdeiWires, AWireThatFallsTakesItsEventBack) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.arm(event);
    b.wire(kSpi, true);
    b.wire(kSpi, false);
    EXPECT_EQ(b.deliver(), std::nullopt);
    b.wire(kSpi, true);
    EXPECT_EQ(b.deliver(), event);
}

TEST(SdeiWires, AWireThatStaysUpIsDeliveredAgainAfterItsHandler) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.arm(event);
    b.wire(kSpi, true);
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(b.deliver(), event);
        EXPECT_EQ(b.deliver(), std::nullopt);
        b.complete();
    }
    ASSERT_EQ(b.deliver(), event);
    b.wire(kSpi, false);  // as the handler is to see to
    b.complete();
    EXPECT_EQ(b.deliver(), std::nullopt);
}

TEST(SdeiWires, APulseIsOneEvent) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.arm(event);
    b.pulse(kSpi);
    ASSERT_EQ(b.deliver(), event);
    b.pulse(kSpi);  // while the handler runs: once more afterwards
    b.complete();
    ASSERT_EQ(b.deliver(), event);
    b.complete();
    EXPECT_EQ(b.deliver(), std::nullopt);
    EXPECT_THAT(b.controller.pulses, IsEmpty());
}

TEST(SdeiWires, WaitWhileTheEventIsDisabled) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.arm(event);
    b.disable(event);
    b.wire(kSpi, true);
    EXPECT_EQ(b.deliver(), std::nullopt);
    EXPECT_THAT(b.controller.high, IsEmpty());  // its handler will have it, some time
    b.enable(event);
    EXPECT_EQ(b.deliver(), event);
}

TEST(SdeiWires, UnregisteringInTheHandlerGivesTheWireBackAtOnce) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.arm(event);
    b.wire(kSpi, true);
    ASSERT_EQ(b.deliver(), event);
    EXPECT_EQ(b.unregister(event), kPending);
    EXPECT_THAT(b.controller.high, ElementsAre(kSpi));
    b.wire(kSpi, false);
    b.pulse(kSpi);
    EXPECT_THAT(b.controller.high, IsEmpty());
    EXPECT_THAT(b.controller.pulses, ElementsAre(kSpi));
    b.complete();
    EXPECT_EQ(b.deliver(), std::nullopt);
}

TEST(SdeiWires, UnregisteringDiscardsAPulse) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.arm(event);
    b.pulse(kSpi);
    EXPECT_EQ(b.unregister(event), kOk);
    b.arm(event);
    EXPECT_EQ(b.deliver(), std::nullopt);
}

TEST(SdeiWires, AReleasedInterruptIsAnInterruptAsBefore) {
    SdeiBench b;
    const u32 event = b.bound(kSpi);
    b.arm(event);
    b.unregister(event);
    EXPECT_EQ(b.release(event), kOk);
    b.wire(kSpi, true);
    b.pulse(kSpi);
    EXPECT_THAT(b.controller.high, ElementsAre(kSpi));
    EXPECT_THAT(b.controller.pulses, ElementsAre(kSpi));
    EXPECT_EQ(b.deliver(), std::nullopt);
}

TEST(SdeiWires, SharedResetGivesEveryWireBack) {
    SdeiBench b;
    b.arm(b.bound(kSpi));
    b.wire(kSpi, true);
    EXPECT_EQ(b.call(0, s::SDEI_SHARED_RESET), kOk);
    EXPECT_THAT(b.controller.high, ElementsAre(kSpi));
    EXPECT_EQ(b.deliver(), std::nullopt);
}

// --- Private wires -----------------------------------------------------------------------------------------

TEST(SdeiPrivateWires, EachPeHasItsOwn) {
    SdeiBench b(3);
    const u32 event = b.bound(kPpi);
    for (Pe pe = 0; pe < 3; ++pe) b.arm(event, pe);
    b.private_wire(kPpi, true, 1);
    EXPECT_EQ(b.deliver(0), std::nullopt);
    EXPECT_EQ(b.deliver(1), event);
    EXPECT_EQ(b.deliver(2), std::nullopt);
    EXPECT_THAT(b.controller.private_high, IsEmpty());
    b.private_wire(kPpi, false, 1);
    b.complete(1);
    EXPECT_EQ(b.deliver(1), std::nullopt);
}

TEST(SdeiPrivateWires, APeThatHasNotRegisteredStillGetsAnInterrupt) {
    SdeiBench b(2);
    const u32 event = b.bound(kPpi);
    b.private_wire(kPpi, true, 0);
    b.private_wire(kPpi, true, 1);
    EXPECT_THAT(b.controller.private_high, ElementsAre(Pair(0, kPpi), Pair(1, kPpi)));
    b.arm(event, 1);
    EXPECT_THAT(b.controller.private_high, ElementsAre(Pair(0, kPpi)));
    EXPECT_EQ(b.deliver(1), event);
    EXPECT_EQ(b.unregister(event, 1), kPending);
    EXPECT_THAT(b.controller.private_high, ElementsAre(Pair(0, kPpi), Pair(1, kPpi)));
}

TEST(SdeiPrivateWires, PrivateResetGivesThemBack) {
    SdeiBench b(2);
    const u32 event = b.bound(kPpi);
    for (Pe pe = 0; pe < 2; ++pe) {
        b.arm(event, pe);
        b.private_wire(kPpi, true, pe);
    }
    EXPECT_THAT(b.controller.private_high, IsEmpty());
    EXPECT_EQ(b.call(0, s::SDEI_PRIVATE_RESET), kOk);
    EXPECT_THAT(b.controller.private_high, ElementsAre(Pair(0, kPpi)));
    EXPECT_EQ(b.deliver(1), event);
}

}  // namespace
}  // namespace trapeze::firmware::test

// What the user can do from the monitor: raise events and look at them.
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Why the event has to wait; empty if it need not. A failure of the request is one of the test.
std::string inject(SdeiBench& b, u32 event, Pe pe = 0) {
    const Result<std::string> result = b.sdei.inject(event, pe);
    EXPECT_TRUE(result);
    return result ? *result : "";
}
std::string failure(SdeiBench& b, u32 event, Pe pe = 0) {
    const Result<std::string> result = b.sdei.inject(event, pe);
    EXPECT_FALSE(result);
    return result ? "" : result.error().message();
}

TEST(SdeiInject, EventsOfEveryKind) {
    SdeiBench b(2);
    for (const u32 event : {kNmi, kPrivateCritical, b.bound(kPpi)}) {
        b.arm(event, 1);
        EXPECT_THAT(inject(b, event, 1), IsEmpty());
        EXPECT_EQ(b.deliver(0), std::nullopt);
        EXPECT_EQ(b.deliver(1), event);
        b.complete(1);
    }
    for (const u32 event : {kShared, kSharedCritical, b.bound(kSpi)}) {
        b.arm(event, 1);
        EXPECT_THAT(inject(b, event, 0), IsEmpty());
        EXPECT_EQ(b.deliver(1), event);
        b.complete(1);
    }
}

TEST(SdeiInject, FailsWithoutEventOrHandler) {
    SdeiBench b(2);
    b.arm(kNmi, 1);
    EXPECT_THAT(failure(b, 0x4000'0004), HasSubstr("0x40000004"));
    EXPECT_THAT(failure(b, 1), HasSubstr("0x1"));
    EXPECT_THAT(failure(b, kNmi, 0), AllOf(HasSubstr("vCPU 0"), HasSubstr("0x0")));
    EXPECT_THAT(failure(b, kShared, 0), HasSubstr("the guest"));
    EXPECT_THAT(failure(b, kSharedSlot), Not(IsEmpty()));
    b.arm(kNmi);
    b.raise(kNmi);
    b.deliver();
    b.unregister(kNmi);
    EXPECT_THAT(failure(b, kNmi, 0), Not(IsEmpty()));  // its last handler runs
}

TEST(SdeiInject, FailsIfItIsPendingAlready) {
    SdeiBench b;
    b.enroll(kNmi);
    b.raise(kNmi);
    EXPECT_THAT(failure(b, kNmi), HasSubstr("pending already"));
    const u32 event = b.bound(kSpi);
    b.enroll(event);
    b.wire(kSpi, true);
    EXPECT_THAT(failure(b, event), HasSubstr("pending already"));
    b.wire(kSpi, false);
    b.raise(event);
}

TEST(SdeiInject, SaysWhatAnEventWaitsFor) {
    SdeiBench b(2);
    b.enroll(kNmi, 1);
    EXPECT_THAT(inject(b, kNmi, 1), HasSubstr("disabled"));
    b.enable(kNmi, 1);
    b.unmask(1);
    ASSERT_EQ(b.deliver(1), kNmi);
    EXPECT_THAT(inject(b, kNmi, 1), HasSubstr("its handler runs"));
    b.complete(1);
    ASSERT_EQ(b.deliver(1), kNmi);

    b.arm(kShared, 1, kRmPe, b.mpidr(1));
    EXPECT_THAT(inject(b, kShared), AllOf(HasSubstr("vCPU 1"), HasSubstr("handles another one")));
    b.complete(1);
    ASSERT_EQ(b.deliver(1), kShared);
    b.mask(1);
    b.enroll(kSharedCritical);
    b.enable(kSharedCritical);
    EXPECT_THAT(inject(b, kSharedCritical), HasSubstr("no vCPU can take it"));
    b.enroll(kPrivateCritical, 1);
    b.enable(kPrivateCritical, 1);
    EXPECT_THAT(inject(b, kPrivateCritical, 1), AllOf(HasSubstr("vCPU 1"), HasSubstr("masks")));
}

TEST(SdeiInject, AnEventOfAnyPeCanGoAnywhere) {
    SdeiBench b(2);
    b.arm(kShared, 1);
    EXPECT_THAT(inject(b, kShared, 0), IsEmpty());  // PE 0 masks
    EXPECT_EQ(b.deliver(1), kShared);
}

TEST(SdeiInjectNmi, RaisesEventZeroWhereItIsEnabled) {
    SdeiBench b(4);
    b.arm(kNmi, 0);
    b.enroll(kNmi, 1);
    b.unmask(1);
    b.arm(kNmi, 3);
    b.mask(3);
    EXPECT_TRUE(b.sdei.inject_nmi());
    EXPECT_EQ(b.deliver(0), kNmi);
    for (Pe pe = 1; pe < 4; ++pe) EXPECT_EQ(b.deliver(pe), std::nullopt) << pe;
    b.enable(kNmi, 1);
    EXPECT_EQ(b.deliver(1), std::nullopt);  // it was not enabled then
    b.unmask(3);
    EXPECT_EQ(b.deliver(3), kNmi);
    // Once more, while handlers run: again afterwards.
    EXPECT_TRUE(b.sdei.inject_nmi());
    b.complete(0);
    EXPECT_EQ(b.deliver(0), kNmi);
}

TEST(SdeiInjectNmi, FailsIfNobodyWouldNotice) {
    SdeiBench b(2);
    EXPECT_FALSE(b.sdei.inject_nmi());
    b.enroll(kNmi);
    b.arm(kShared);
    EXPECT_FALSE(b.sdei.inject_nmi());
    b.enable(kNmi);
    EXPECT_TRUE(b.sdei.inject_nmi());
}

TEST(SdeiIsShared, IsAPropertyOfTheEvent) {
    for (const u32 event : {kShared, kSharedCritical, kSharedSlot, kSharedSlot + kSharedSlots - 1}) {
        EXPECT_TRUE(Sdei::is_shared(event)) << event;
    }
    for (const u32 event : {kNmi, kPrivateCritical, kPrivateSlot, kSharedSlot + kSharedSlots, 0xffff'ffffu}) {
        EXPECT_FALSE(Sdei::is_shared(event)) << event;
    }
}

// --- To look at --------------------------------------------------------------------------------------------

TEST(SdeiDescribe, AMachineThatDoesNotUseIt) {
    EXPECT_EQ(SdeiBench(2).sdei.describe_state(), "vCPU 0: masked\nvCPU 1: masked\nshared:\n");
}

TEST(SdeiDescribe, HandlersAndWhatRuns) {
    SdeiBench b(2);
    const u32 spi = b.bound(kSpi);
    EXPECT_EQ(b.call(1, s::SDEI_EVENT_REGISTER, {kNmi, 0x9000, 0x77, kRelative, 0}), kOk);
    b.enable(kNmi, 1);
    b.unmask(1);
    b.arm(kSharedCritical, 1, kRmPe, b.mpidr(1));
    b.enroll(spi);
    b.wire(kSpi, true);
    b.raise(kNmi, 1);
    b.cpus[1].program_counter = 0x1234;
    ASSERT_EQ(b.deliver(1), kNmi);
    b.raise(kSharedCritical);
    b.cpus[1].program_counter = 0x5678;
    ASSERT_EQ(b.deliver(1), kSharedCritical);
    const std::string text = b.sdei.describe_state();
    EXPECT_THAT(text, HasSubstr("vCPU 0: masked\n"));
    EXPECT_THAT(text, HasSubstr("vCPU 1: unmasked, in event 0x0 that interrupted 0x1234 and event 0x40000003 "
                                "that interrupted 0x5678\n"));
    EXPECT_THAT(text, HasSubstr("event 0x0: registered enabled running, entry VBAR_EL1 + 0x9000, "
                                "argument 0x77, delivered 1\n"));
    EXPECT_THAT(text, HasSubstr("event 0x40000003: critical registered enabled running"));
    EXPECT_THAT(text, HasSubstr("to vCPU 1, delivered 1\n"));
    EXPECT_THAT(text, HasSubstr("event 0x40000200: registered pending INTID 40"));
    EXPECT_THAT(text, HasSubstr("to any vCPU, delivered 0\n"));
    EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace trapeze::firmware::test

// What an earlier implementation of SDEI in a hypervisor got wrong, defect by defect: each test fails on that
// behaviour.
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

// 1. The search for something to deliver stopped for ever at an event that is pending and disabled.
TEST(SdeiPitfalls, APendingEventThatIsDisabledHidesNoOther) {
    SdeiBench b;
    const u32 bound = b.bound(kSpi);
    // Disabled and pending: the first and the last of each table, and those of the same priority.
    for (const u32 event : {kNmi, kPrivateCritical, kShared}) {
        b.enroll(event);
        b.raise(event);
    }
    b.unmask();
    EXPECT_EQ(b.deliver(), std::nullopt);
    b.arm(kSharedCritical);
    b.raise(kSharedCritical);
    EXPECT_EQ(b.deliver(), kSharedCritical);
    b.complete();
    b.arm(bound);
    b.wire(kSpi, true);
    EXPECT_EQ(b.deliver(), bound);
    b.wire(kSpi, false);
    b.complete();
    EXPECT_EQ(b.deliver(), std::nullopt);
}

// 2. X4 to X17 were zero in the handler.
TEST(SdeiPitfalls, AHandlerStartsWithX4ToX30OfTheInterrupted) {
    SdeiBench b;
    b.arm(kNmi);
    b.signal(0);
    for (unsigned n = 0; n < 31; ++n) b.cpus[0].regs[n] = 0xfeed'0000 + n;
    ASSERT_EQ(b.deliver(), kNmi);
    for (unsigned n = 4; n < 31; ++n) EXPECT_EQ(b.cpus[0].regs[n], 0xfeed'0000 + n) << n;
    for (unsigned n = 0; n < 18; ++n) EXPECT_EQ(static_cast<u64>(b.context(n)), 0xfeed'0000 + n) << n;
}

// 3. EVENT_SIGNAL went to its caller, whoever was meant, and wanted the event registered there.
TEST(SdeiPitfalls, ASignalGoesToItsTarget) {
    SdeiBench b(2);
    b.arm(kNmi, 1);
    EXPECT_EQ(b.signal(1, 0), kOk);  // PE 0 has no handler
    EXPECT_EQ(b.deliver(0), std::nullopt);
    EXPECT_EQ(b.deliver(1), kNmi);
    b.complete(1);
    b.arm(kNmi, 0);
    EXPECT_EQ(b.signal(0, 1), kOk);
    EXPECT_EQ(b.deliver(1), std::nullopt);
    EXPECT_EQ(b.deliver(0), kNmi);
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_SIGNAL, {kNmi, 0x4000'1234}), kInvalid);  // nobody
}
TEST(SdeiPitfalls, ASignalToAPeThatCannotTakeItIsKept) {
    SdeiBench b(2);
    b.arm(kNmi, 1);
    b.mask(1);
    EXPECT_EQ(b.signal(1), kOk);
    b.unmask(1);
    EXPECT_EQ(b.deliver(1), kNmi);
    b.complete(1);
    b.disable(kNmi, 1);
    EXPECT_EQ(b.signal(1), kOk);
    b.enable(kNmi, 1);
    EXPECT_EQ(b.deliver(1), kNmi);
}

// 4. Negative event numbers passed the check of ENABLE and DISABLE and indexed in front of the table.
TEST(SdeiPitfalls, NegativeEventNumbersAreNoEvents) {
    SdeiBench b;
    b.arm(kNmi);
    const SdeiSnapshot before = b.sdei.save();
    for (const u64 event : {~u64{0}, u64{0xffff'ffff}, u64{0x8000'0000}, u64{0x8000'0001}, ~u64{0x40},
                            u64{0xffff'ffff'8000'0000}, u64{0xffff'ffff'c000'0000}, u64{0xc000'0001}}) {
        for (const u32 function : {s::SDEI_EVENT_ENABLE, s::SDEI_EVENT_DISABLE, s::SDEI_EVENT_UNREGISTER,
                                   s::SDEI_EVENT_STATUS, s::SDEI_EVENT_GET_INFO, s::SDEI_EVENT_ROUTING_SET,
                                   s::SDEI_INTERRUPT_RELEASE, s::SDEI_EVENT_SIGNAL}) {
            EXPECT_EQ(b.call(0, function, {event, 0, 0}), kInvalid) << event;
        }
        EXPECT_EQ(b.call(0, s::SDEI_EVENT_REGISTER, {event, 0x1000, 0, 0, 0}), kInvalid) << event;
        EXPECT_EQ(b.call(0, s::SDEI_INTERRUPT_BIND, {event}), kInvalid) << event;
    }
    EXPECT_EQ(b.sdei.save(), before);
}

// 5. What was pending outlived UNREGISTER and PRIVATE_RESET, and PRIVATE_RESET took a running handler's
// registration away and called it a success.
TEST(SdeiPitfalls, UnregisteringDiscardsWhatIsPending) {
    SdeiBench b;
    for (const u32 event : {kNmi, kPrivateCritical, kShared, kSharedCritical}) {
        b.enroll(event);
        b.raise(event);
        EXPECT_EQ(b.unregister(event), kOk);
        b.arm(event);
        EXPECT_EQ(b.deliver(), std::nullopt) << event;
    }
}
TEST(SdeiPitfalls, PrivateResetDiscardsWhatIsPending) {
    SdeiBench b;
    b.enroll(kNmi);
    b.signal(0);
    EXPECT_EQ(b.call(0, s::SDEI_PRIVATE_RESET), kOk);
    b.arm(kNmi);
    EXPECT_EQ(b.deliver(), std::nullopt);
}
TEST(SdeiPitfalls, WhatIsRaisedWhileTheLastHandlerRunsIsDiscarded) {
    SdeiBench b;
    b.arm(kNmi);
    b.signal(0);
    b.deliver();
    b.signal(0);
    EXPECT_EQ(b.unregister(kNmi), kPending);
    EXPECT_EQ(b.signal(0), kOk);  // nobody is registered: dropped
    b.complete();
    b.arm(kNmi);
    EXPECT_EQ(b.deliver(), std::nullopt);
}
TEST(SdeiPitfalls, PrivateResetInAHandlerIsDeniedAndTheHandlerCompletes) {
    SdeiBench b;
    b.arm(kNmi);
    b.signal(0);
    const auto before = b.cpus[0].regs;
    b.deliver();
    EXPECT_EQ(b.call(0, s::SDEI_PRIVATE_RESET), kDenied);
    EXPECT_NE(b.status(kNmi) & kRunning, 0);
    EXPECT_EQ(static_cast<u64>(b.context(7)), before[7]);
    b.complete();
    EXPECT_EQ(b.cpus[0].regs, before);
}

// 6. COMPLETE outside of a handler came back with whatever was in X0.
TEST(SdeiPitfalls, CompletingNothingIsDenied) {
    SdeiBench b;
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_COMPLETE, {0}), kDenied);
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_COMPLETE_AND_RESUME, {0x1000}), kDenied);
    b.arm(kNmi);
    b.signal(0);
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_COMPLETE, {0}), kDenied);  // due, but not running yet
    ASSERT_EQ(b.deliver(), kNmi);
    b.complete();
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_COMPLETE, {0}), kDenied);
}

// 7. An event raised elsewhere was noticed at the next exit, if there was one; nothing was reset with a PE;
// PE_MASK was 0 always; event 1 was said to be signalable; any entry point would do.
TEST(SdeiPitfalls, APeIsToldAtOnceWhoeverRaisesAnEvent) {
    const auto expect_told = [](const auto& prepare, const auto& raise) {
        SdeiBench b(2);
        prepare(b);
        ASSERT_FALSE(b.posted(1));
        raise(b);
        EXPECT_TRUE(b.posted(1));
        EXPECT_TRUE(b.deliver(1));
    };
    const auto armed = [](SdeiBench& b) { b.arm(kNmi, 1); };
    const auto masked = [](SdeiBench& b) {
        b.arm(kNmi, 1);
        b.mask(1);
        b.signal(1);
    };
    const auto disabled = [](SdeiBench& b) {
        b.arm(kShared, 1);
        b.disable(kShared, 1);
        b.raise(kShared);
    };
    const auto bound = [](SdeiBench& b) { b.arm(b.bound(kSpi), 1); };
    const auto bound_private = [](SdeiBench& b) { b.arm(b.bound(kPpi), 1); };
    expect_told(armed, [](SdeiBench& b) { b.signal(1, 0); });
    expect_told(armed, [](SdeiBench& b) { b.raise(kNmi, 1); });
    expect_told(armed, [](SdeiBench& b) { EXPECT_TRUE(b.sdei.inject_nmi()); });
    expect_told(masked, [](SdeiBench& b) { b.unmask(1); });
    expect_told(disabled, [](SdeiBench& b) { b.enable(kShared, 0); });
    expect_told(bound, [](SdeiBench& b) { b.wire(kSpi, true); });
    expect_told(bound, [](SdeiBench& b) { b.pulse(kSpi); });
    expect_told(bound_private, [](SdeiBench& b) { b.private_wire(kPpi, true, 1); });
}
TEST(SdeiPitfalls, ResettingAPeResetsItsEvents) {
    SdeiBench b(2);
    b.arm(kNmi, 1);
    b.signal(1);
    b.deliver(1);
    b.signal(1);
    b.sdei.reset_pe(1);
    EXPECT_EQ(b.status(kNmi, 1), 0);
    EXPECT_EQ(b.mask(1), 0);
    EXPECT_EQ(b.call(1, s::SDEI_EVENT_COMPLETE, {0}), kDenied);
}
TEST(SdeiPitfalls, MaskSaysThatItMasked) {
    SdeiBench b;
    b.unmask();
    EXPECT_EQ(b.mask(), 1);
    EXPECT_EQ(b.mask(), 0);
}
TEST(SdeiPitfalls, OnlyWhatCanBeSignalledIsSaidToBe) {
    SdeiBench b;
    for (const u32 event : {kNmi, kPrivateCritical, kShared, kSharedCritical, kPrivateSlot, kSharedSlot}) {
        const bool can = b.call(0, s::SDEI_EVENT_SIGNAL, {event, b.mpidr(0)}) == kOk;
        EXPECT_EQ(b.info(event, 1), can ? 0 : 1) << event;
    }
}
TEST(SdeiPitfalls, EntryPointsAreChecked) {
    SdeiBench b;
    for (const u64 entry : {0u, 1u, 0x4002u}) {
        EXPECT_EQ(b.call(0, s::SDEI_EVENT_REGISTER, {kNmi, entry, 0, 0, 0}), kInvalid) << entry;
    }
}

// 8. Bits of the interrupted PSTATE got into the handler's.
TEST(SdeiPitfalls, HandlersStartInThePstateOfAnException) {
    SdeiBench b;
    b.arm(kNmi);
    constexpr u64 kUao = 1u << 23, kSs = 1u << 21, kBtype = 3u << 10, kIl = 1u << 20;
    for (const u32 function : {s::SDEI_EVENT_COMPLETE, s::SDEI_EVENT_COMPLETE_AND_RESUME}) {
        b.signal(0);
        b.cpus[0].flags = kUao | kSs | kBtype | kIl | kEl1h;
        const std::optional<trap::Redirect> to = b.redirect();
        ASSERT_TRUE(to);
        EXPECT_TRUE(to->as_exception);  // tests/unit/vcpu has what that does to each bit
        b.cpus[0].go(*to);
        const trap::Redirect back = b.finish(0, function, 0x1000);
        EXPECT_EQ(back.as_exception, function == s::SDEI_EVENT_COMPLETE_AND_RESUME);
        EXPECT_EQ(back.pstate, kUao | kSs | kBtype | kIl | kEl1h);
    }
}

}  // namespace
}  // namespace trapeze::firmware::test

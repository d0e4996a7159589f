// The calls of SDEI that a guest makes outside of handlers: results, and every error (DEN0054C chapter 5).
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

// Every bit of MPIDR_EL1 that is no affinity, as a guest may have read it.
constexpr u64 kOtherMpidrBits = ~u64{0xff'00ff'ffff};
constexpr u64 kNoPe = 0x300;

constexpr u32 kUnknownEvents[] = {1,           2,           0x4000'0000, 0x4000'0004,
                                  0x4000'00ff, 0x4000'0108, 0x4000'01ff, 0x4000'0210,
                                  0x3fff'ffff, 0x8000'0000, 0xffff'ffff, 0x7fff'ffff};

TEST(SdeiCalls, FunctionIdentifiers) {
    SdeiBench b;
    std::vector<std::pair<u32, unsigned>> functions;
    for (const trap::HypercallEntry& e : b.space.entries()) functions.emplace_back(e.function, e.arguments);
    ASSERT_EQ(functions.size(), 19u);
    for (u32 n = 0; n < 19; ++n) EXPECT_EQ(functions[n].first, 0xc400'0020 + n);
}

TEST(SdeiCalls, TheirNeighboursAnd32BitFormsAreNotSupported) {
    SdeiBench b;
    for (const u32 function : {0xc400'001fu, 0xc400'0033u, 0xc400'003fu, 0x8400'0020u, 0x8400'0032u}) {
        EXPECT_EQ(b.call(0, function, {1, 2, 3}), -1) << function;
    }
}

TEST(SdeiCalls, BothConduits) {
    SdeiBench b;
    b.cpus[0].regs[0] = s::SDEI_PE_MASK;
    const trap::Outcome outcome = b.space.handle({trap::Conduit::Smc, 0}, b.cpus[0]);
    ASSERT_TRUE(std::holds_alternative<trap::CallResult>(outcome));
    EXPECT_THAT(std::get<trap::CallResult>(outcome).x, ElementsAre(0, 0, 0, 0));
}

TEST(SdeiCalls, VersionIs1_1) {
    SdeiBench b;
    const s64 version = b.call(0, s::SDEI_VERSION);
    EXPECT_EQ(version >> 48, 1);
    EXPECT_EQ(version >> 32 & 0xffff, 1);
    EXPECT_NE(version & 0xffff'ffff, 0);  // the vendor
}

TEST(SdeiCalls, Features) {
    SdeiBench b;
    EXPECT_EQ(b.call(0, s::SDEI_FEATURES, {0}), kSharedSlots << 16 | kPrivateSlots);
    EXPECT_EQ(b.call(0, s::SDEI_FEATURES, {1}), 1);
    for (const u64 feature : {u64{2}, u64{0xffff'ffff}, ~u64{0}}) {
        EXPECT_EQ(b.call(0, s::SDEI_FEATURES, {feature}), kInvalid) << feature;
    }
}

TEST(SdeiCalls, NoCallKnowsAnEventThatDoesNotExist) {
    SdeiBench b;
    for (const u32 event : kUnknownEvents) {
        EXPECT_EQ(b.enroll(event), kInvalid) << event;
        EXPECT_EQ(b.enable(event), kInvalid) << event;
        EXPECT_EQ(b.disable(event), kInvalid) << event;
        EXPECT_EQ(b.unregister(event), kInvalid) << event;
        EXPECT_EQ(b.status(event), kInvalid) << event;
        EXPECT_EQ(b.info(event, 0), kInvalid) << event;
        EXPECT_EQ(b.route(event, 0), kInvalid) << event;
        EXPECT_EQ(b.release(event), kInvalid) << event;
        EXPECT_EQ(b.call(0, s::SDEI_EVENT_SIGNAL, {event, b.mpidr(0)}), kInvalid) << event;
    }
    EXPECT_EQ(b.sdei.save(), SdeiBench().sdei.save());
}

// --- Register ----------------------------------------------------------------------------------------------

TEST(SdeiRegister, TheEntryPointMustBeOne) {
    SdeiBench b;
    for (const u64 entry : {u64{0}, u64{1}, u64{2}, u64{0xffff'8000'0000'0002}}) {
        EXPECT_EQ(b.call(0, s::SDEI_EVENT_REGISTER, {kNmi, entry, 0, 0, 0}), kInvalid) << entry;
    }
    EXPECT_EQ(b.status(kNmi), 0);
    // Relative to VBAR_EL1, zero is a place as any other.
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_REGISTER, {kNmi, 2, 0, kRelative, 0}), kInvalid);
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_REGISTER, {kNmi, 0, 0, kRelative, 0}), kOk);
}

TEST(SdeiRegister, FlagsThatDoNotExistAreRefused) {
    SdeiBench b;
    for (unsigned n = 2; n < 64; ++n) EXPECT_EQ(b.enroll(kNmi, 0, u64{1} << n), kInvalid) << n;
    EXPECT_EQ(b.status(kNmi), 0);
}

TEST(SdeiRegister, ASharedEventCanBeRoutedToAPeThatExists) {
    SdeiBench b(2);
    EXPECT_EQ(b.enroll(kShared, 0, kRmPe, kNoPe), kInvalid);
    EXPECT_EQ(b.status(kShared), 0);
    EXPECT_EQ(b.enroll(kShared, 0, kRmPe, b.mpidr(1)), kOk);
    EXPECT_EQ(b.info(kShared, 4), 1);  // the affinity, without bit 31 of MPIDR_EL1
    // With RM_ANY the affinity says nothing.
    EXPECT_EQ(b.enroll(kSharedCritical, 0, 0, kNoPe), kOk);
}

TEST(SdeiRegister, APrivateEventIsNotRouted) {
    SdeiBench b(2);
    EXPECT_EQ(b.enroll(kNmi, 1, kRmPe, kNoPe), kOk);
    EXPECT_EQ(b.status(kNmi, 1), kRegistered);
    EXPECT_EQ(b.status(kNmi, 0), 0);
}

TEST(SdeiRegister, OnceOnly) {
    SdeiBench b(2);
    for (const u32 event : {kNmi, kPrivateCritical, kShared, kSharedCritical}) {
        EXPECT_EQ(b.enroll(event), kOk);
        EXPECT_EQ(b.enroll(event), kDenied);
        b.enable(event);
        EXPECT_EQ(b.enroll(event), kDenied);
    }
    // By the other PE: a private event is another one, a shared one is the same.
    EXPECT_EQ(b.enroll(kNmi, 1), kOk);
    EXPECT_EQ(b.enroll(kShared, 1), kDenied);
}

TEST(SdeiRegister, WhatIsRefusedLeavesTheFirstHandler) {
    SdeiBench b;
    b.arm(kNmi);
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_REGISTER, {kNmi, 0x1000, 0x99, kRelative, 0}), kDenied);
    b.signal(0);
    const std::optional<trap::Redirect> to = b.redirect();
    ASSERT_TRUE(to);
    EXPECT_EQ(to->pc, b.entry(0, kNmi));
    EXPECT_EQ(to->x[1], b.argument(0, kNmi));
}

TEST(SdeiRegister, ASlotNeedsAnInterruptThatIsNotActive) {
    SdeiBench b;
    for (const u32 event : {kPrivateSlot, kSharedSlot, kSharedSlot + kSharedSlots - 1}) {
        EXPECT_EQ(b.enroll(event), kDenied) << event;
    }
    const u32 event = b.bound(kSpi);
    b.host.activities[kSpi] = {.active = true};
    EXPECT_EQ(b.enroll(event), kDenied);
    EXPECT_EQ(b.status(event), 0);
    b.host.activities[kSpi] = {.pending = true};
    EXPECT_EQ(b.enroll(event), kOk);
}

// --- Information -------------------------------------------------------------------------------------------

TEST(SdeiInfo, TypeSignaledAndPriority) {
    struct Row {
        u32 event;
        s64 shared, unsignaled, critical;
    };
    constexpr Row kRows[] = {
        {kNmi, 0, 0, 0},         {kPrivateCritical, 0, 1, 1},
        {kShared, 1, 1, 0},      {kSharedCritical, 1, 1, 1},
        {kPrivateSlot, 0, 1, 0}, {kPrivateSlot + 7, 0, 1, 0},
        {kSharedSlot, 1, 1, 0},  {kSharedSlot + 15, 1, 1, 0},
    };
    SdeiBench b;
    for (const Row& row : kRows) {
        EXPECT_EQ(b.info(row.event, 0), row.shared) << row.event;
        EXPECT_EQ(b.info(row.event, 1), row.unsignaled) << row.event;
        EXPECT_EQ(b.info(row.event, 2), row.critical) << row.event;
        EXPECT_EQ(b.info(row.event, 5), kInvalid) << row.event;
        EXPECT_EQ(b.info(row.event, 0xffff'ffff), kInvalid) << row.event;
    }
}

TEST(SdeiInfo, RoutingIsThatOfARegisteredSharedEvent) {
    SdeiBench b(2);
    for (const u64 key : {3u, 4u}) {
        EXPECT_EQ(b.info(kNmi, key), kInvalid);
        EXPECT_EQ(b.info(kShared, key), kDenied);
    }
    b.enroll(kNmi);
    b.enroll(kShared);
    EXPECT_EQ(b.info(kNmi, 3), kInvalid);
    EXPECT_EQ(b.info(kShared, 3, 1), 0);
    EXPECT_EQ(b.info(kShared, 4, 1), kInvalid);  // any PE has no affinity
    b.route(kShared, 1, b.mpidr(1));
    EXPECT_EQ(b.info(kShared, 3), 1);
    EXPECT_EQ(b.info(kShared, 4), 1);
}

TEST(SdeiInfo, AffinitiesHaveFourFields) {
    SdeiConfig config;
    config.mpidrs = {0x8000'0000, 0xff'80ff'ffff, 0x1'8000'0002};
    SdeiBench b(config);
    b.enroll(kShared, 0, kRmPe, 0xff'00ff'ffff);
    EXPECT_EQ(b.info(kShared, 4), 0xff'00ff'ffff);
    EXPECT_EQ(b.route(kShared, 1, 0x1'0000'0002), kOk);
    EXPECT_EQ(b.info(kShared, 4), 0x1'0000'0002);
    EXPECT_EQ(b.route(kShared, 1, 0x2), kInvalid);
}

// --- Routing, signals, masks -------------------------------------------------------------------------------

TEST(SdeiRoutingSet, RefusesWhatItCannotDo) {
    SdeiBench b(2);
    b.enroll(kNmi);
    b.enroll(kShared);
    EXPECT_EQ(b.route(kNmi, 0), kInvalid);
    EXPECT_EQ(b.route(kPrivateSlot, 0), kInvalid);
    EXPECT_EQ(b.route(kSharedSlot, 0), kInvalid);  // not bound
    for (const u64 mode : {u64{2}, u64{3}, u64{1} << 32, ~u64{0}})
        EXPECT_EQ(b.route(kShared, mode), kInvalid);
    EXPECT_EQ(b.route(kShared, 1, kNoPe), kInvalid);
    EXPECT_EQ(b.route(kSharedCritical, 0), kDenied);  // not registered
    EXPECT_EQ(b.info(kShared, 3), 0);
    EXPECT_EQ(b.route(kShared, 0, kNoPe), kOk);
    b.enable(kShared);
    EXPECT_EQ(b.route(kShared, 1, b.mpidr(1)), kDenied);
    EXPECT_EQ(b.info(kShared, 3), 0);
}

TEST(SdeiSignal, OnlyEventZeroAndOnlyToAPeThatExists) {
    SdeiBench b(2);
    for (const u32 event : {kPrivateCritical, kShared, kSharedCritical, kPrivateSlot, kSharedSlot}) {
        EXPECT_EQ(b.call(0, s::SDEI_EVENT_SIGNAL, {event, b.mpidr(0)}), kInvalid) << event;
    }
    for (const u64 mpidr : {kNoPe, u64{1} << 32, u64{2}}) {
        EXPECT_EQ(b.call(0, s::SDEI_EVENT_SIGNAL, {kNmi, mpidr}), kInvalid) << mpidr;
    }
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_SIGNAL, {kNmi, b.mpidr(1)}), kOk);
}

TEST(SdeiSignal, BitsOutsideTheAffinityFieldsDoNotCount) {
    SdeiBench b(2);
    b.arm(kNmi, 1);
    EXPECT_EQ(b.call(0, s::SDEI_EVENT_SIGNAL, {kNmi, 1 | kOtherMpidrBits}), kOk);
    EXPECT_EQ(b.deliver(1), kNmi);
}

TEST(SdeiMask, SaysWhetherItMasked) {
    SdeiBench b(2);
    EXPECT_EQ(b.mask(), 0);  // a PE starts masked
    EXPECT_EQ(b.unmask(), kOk);
    EXPECT_EQ(b.unmask(), kOk);
    EXPECT_EQ(b.mask(1), 0);
    EXPECT_EQ(b.mask(), 1);
    EXPECT_EQ(b.mask(), 0);
}

// --- Outside of handlers -----------------------------------------------------------------------------------

TEST(SdeiContextCall, NeedsARunningHandlerAndARegister) {
    SdeiBench b(2);
    for (const u64 n : {18u, 30u, 0xffff'ffffu}) EXPECT_EQ(b.context(n), kInvalid) << n;
    EXPECT_EQ(b.context(0), kDenied);
    EXPECT_EQ(b.context(17), kDenied);
    b.arm(kNmi, 1);
    b.signal(1);
    b.deliver(1);
    EXPECT_EQ(b.context(0, 0), kDenied);  // of this PE
    EXPECT_EQ(b.context(18, 1), kInvalid);
}

TEST(SdeiCompleteCalls, NeedARunningHandler) {
    SdeiBench b(2);
    b.arm(kNmi, 1);
    b.signal(1);
    b.deliver(1);
    for (const u32 function : {s::SDEI_EVENT_COMPLETE, s::SDEI_EVENT_COMPLETE_AND_RESUME}) {
        EXPECT_EQ(b.call(0, function, {0}), kDenied) << function;
        EXPECT_EQ(b.call(0, function, {0x4000}), kDenied) << function;
    }
    EXPECT_EQ(b.status(kNmi, 1), kEnabled | kRunning);
}

TEST(SdeiCompleteCalls, ResumeAtAnInstruction) {
    SdeiBench b;
    b.arm(kNmi);
    b.signal(0);
    b.deliver();
    for (const u64 address : {0x4001u, 0x4002u, 0x4003u}) {
        EXPECT_EQ(b.call(0, s::SDEI_EVENT_COMPLETE_AND_RESUME, {address}), kInvalid) << address;
    }
    EXPECT_EQ(b.status(kNmi), kEnabled | kRunning);
}

// --- Resets by the guest -----------------------------------------------------------------------------------

TEST(SdeiPrivateReset, UnregistersThePrivateEventsOfTheCaller) {
    SdeiBench b(2);
    const u32 event = b.bound(kPpi);
    for (const Pe pe : {0u, 1u}) {
        b.arm(kNmi, pe);
        b.enroll(kPrivateCritical, pe);
        b.arm(event, pe);
    }
    b.arm(kShared);
    EXPECT_EQ(b.call(1, s::SDEI_PRIVATE_RESET), kOk);
    for (const u32 gone : {kNmi, kPrivateCritical, event}) EXPECT_EQ(b.status(gone, 1), 0);
    EXPECT_EQ(b.status(kNmi, 0), kEnabled);
    EXPECT_EQ(b.status(event, 0), kEnabled);
    EXPECT_EQ(b.status(kShared, 1), kEnabled);
    EXPECT_EQ(b.mask(1), 1);              // it does not mask
    EXPECT_EQ(b.bind(kPpi), s64{event});  // nor release
    EXPECT_EQ(b.call(1, s::SDEI_PRIVATE_RESET), kOk);
}

TEST(SdeiPrivateReset, IsDeniedWhileAPrivateHandlerRuns) {
    SdeiBench b;
    b.enroll(kPrivateCritical);
    b.arm(kNmi);
    b.signal(0);
    b.deliver();
    EXPECT_EQ(b.call(0, s::SDEI_PRIVATE_RESET), kDenied);
    EXPECT_EQ(b.status(kNmi), kRunning);       // to be unregistered when it completes
    EXPECT_EQ(b.status(kPrivateCritical), 0);  // the others are gone
    EXPECT_EQ(b.call(0, s::SDEI_PRIVATE_RESET), kDenied);
    b.complete();
    EXPECT_EQ(b.status(kNmi), 0);
    EXPECT_EQ(b.call(0, s::SDEI_PRIVATE_RESET), kOk);
}

TEST(SdeiSharedReset, UnregistersSharedEventsAndReleasesBindings) {
    SdeiBench b(2);
    const u32 spi = b.bound(kSpi), ppi = b.bound(kPpi);
    b.arm(kShared);
    b.enroll(kSharedCritical, 1, kRmPe, b.mpidr(0));
    b.arm(spi);
    EXPECT_EQ(b.call(1, s::SDEI_SHARED_RESET), kOk);
    for (const u32 event : {kShared, kSharedCritical, spi}) EXPECT_EQ(b.status(event), 0);
    for (const u32 event : {spi, ppi}) EXPECT_EQ(b.release(event), kInvalid);  // not bound any longer
    EXPECT_EQ(b.mask(0), 1);
}

TEST(SdeiSharedReset, DoesNotMindPrivateEventsWithoutInterrupt) {
    SdeiBench b(2);
    b.arm(kNmi);
    b.enroll(kPrivateCritical, 1);
    b.bound(kSpi);
    EXPECT_EQ(b.call(0, s::SDEI_SHARED_RESET), kOk);
    EXPECT_EQ(b.status(kNmi), kEnabled);
    EXPECT_EQ(b.status(kPrivateCritical, 1), kRegistered);
    EXPECT_EQ(b.release(kSharedSlot), kInvalid);
}

TEST(SdeiSharedReset, IsDeniedWhileASharedHandlerRuns) {
    SdeiBench b(2);
    b.arm(kShared, 1);
    b.enroll(kSharedCritical);
    b.raise(kShared);
    b.deliver(1);
    EXPECT_EQ(b.call(0, s::SDEI_SHARED_RESET), kDenied);
    EXPECT_EQ(b.status(kShared), kRunning);
    EXPECT_EQ(b.status(kSharedCritical), 0);
    b.complete(1);
    EXPECT_EQ(b.call(0, s::SDEI_SHARED_RESET), kOk);
}

TEST(SdeiSharedReset, IsDeniedWhileAPeHasABoundPrivateEvent) {
    SdeiBench b(2);
    const u32 event = b.bound(kPpi);
    b.enroll(event, 1);
    b.enroll(kShared);
    EXPECT_EQ(b.call(0, s::SDEI_SHARED_RESET), kDenied);
    EXPECT_EQ(b.status(kShared), 0);
    EXPECT_EQ(b.status(event, 1), kRegistered);
    EXPECT_EQ(b.bind(kPpi), s64{event});
    b.unregister(event, 1);
    EXPECT_EQ(b.call(0, s::SDEI_SHARED_RESET), kOk);
    EXPECT_EQ(b.release(event), kInvalid);
}

}  // namespace
}  // namespace trapeze::firmware::test

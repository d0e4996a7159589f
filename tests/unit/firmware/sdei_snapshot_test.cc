// Saving, going on elsewhere, and refusing what no SDEI can have saved.
#include "sdei_fixture.h"

namespace trapeze::firmware::test {
namespace {

// Two PEs with something of everything: PE 0 in nested handlers, PE 1 with a pending event.
class SdeiSnapshotTest : public testing::Test {
protected:
    SdeiSnapshotTest() {
        spi_ = b_.bound(kSpi);
        ppi_ = b_.bound(kPpi);
        b_.arm(kNmi, 0);
        b_.arm(kSharedCritical, 0, kRmPe, b_.mpidr(0));
        b_.arm(spi_, 0);
        b_.signal(0);
        EXPECT_EQ(b_.deliver(0), kNmi);
        for (unsigned n = 0; n < 31; ++n) b_.cpus[0].regs[n] += 0x100;
        b_.raise(kSharedCritical);
        EXPECT_EQ(b_.deliver(0), kSharedCritical);
        b_.unregister(kSharedCritical);
        EXPECT_EQ(b_.call(1, s::SDEI_EVENT_REGISTER, {kPrivateCritical, 0x880, 5, kRelative, 0}), kOk);
        b_.arm(ppi_, 1);
        b_.mask(1);
        b_.raise(kPrivateCritical, 1);
        b_.wire(kSpi, true);
        b_.wire(kSpi + 9, true);
        b_.private_wire(kPpi, true, 1);
        b_.private_wire(27, true, 0);
        saved_ = b_.sdei.save();
    }
    // Restoring this must fail and leave everything as it is.
    void refuse(const SdeiSnapshot& snapshot, const std::string& what = "") {
        SdeiBench other(2);
        other.bound(kSpi + 3);
        other.arm(kNmi, 1);
        other.signal(1);
        const SdeiSnapshot before = other.sdei.save();
        const std::string text = other.sdei.describe_state();
        const Result<> result = other.sdei.restore(snapshot);
        ASSERT_FALSE(result);
        EXPECT_THAT(result.error().message(), testing::HasSubstr(what));
        EXPECT_EQ(other.sdei.save(), before);
        EXPECT_EQ(other.sdei.describe_state(), text);
        EXPECT_EQ(other.deliver(1), kNmi);
    }
    // A copy to spoil.
    template <typename Change>
    void refuse_changed(Change change, const std::string& what = "") {
        SdeiSnapshot snapshot = saved_;
        change(snapshot);
        refuse(snapshot, what);
    }
    static SdeiEventSnapshot& find(std::vector<SdeiEventSnapshot>& events, u32 event) {
        for (SdeiEventSnapshot& one : events) {
            if (one.event == event) return one;
        }
        ADD_FAILURE() << "event " << event << " was not saved";
        return events.front();
    }

    SdeiBench b_{2};
    u32 spi_ = 0, ppi_ = 0;
    SdeiSnapshot saved_;
};

TEST_F(SdeiSnapshotTest, OfTheStateAtPowerOnIsSmall) {
    const SdeiSnapshot snapshot = SdeiBench(2).sdei.save();
    EXPECT_THAT(snapshot.events, testing::IsEmpty());
    EXPECT_THAT(snapshot.bindings, testing::IsEmpty());
    EXPECT_THAT(snapshot.shared_wires, testing::IsEmpty());
    ASSERT_EQ(snapshot.pes.size(), 2u);
    EXPECT_EQ(snapshot.pes[1], SdeiPeSnapshot{});
}

TEST_F(SdeiSnapshotTest, HasWhatTheGuestRegistered) {
    SdeiSnapshot s = saved_;
    EXPECT_EQ(find(s.events, kSharedCritical).status, 4u);
    const SdeiEventSnapshot bound = find(s.events, spi_);
    EXPECT_EQ(bound, (SdeiEventSnapshot{.event = spi_,
                                        .status = 3,
                                        .raised = false,
                                        .entry = b_.entry(0, spi_),
                                        .argument = b_.argument(0, spi_),
                                        .flags = 0,
                                        .affinity = 0}));
    const SdeiEventSnapshot critical = find(s.pes[1].events, kPrivateCritical);
    EXPECT_EQ(critical, (SdeiEventSnapshot{.event = kPrivateCritical,
                                           .status = 1,
                                           .raised = true,
                                           .entry = 0x880,
                                           .argument = 5,
                                           .flags = kRelative,
                                           .affinity = 0}));
    EXPECT_THAT(s.shared_wires, testing::ElementsAre(kSpi, kSpi + 9));
    EXPECT_EQ(s.pes[1].private_wires, 1u << kPpi);
    EXPECT_THAT(s.bindings, testing::UnorderedElementsAre(SdeiSnapshot::Binding{spi_, kSpi},
                                                          SdeiSnapshot::Binding{ppi_, kPpi}));
    ASSERT_EQ(s.pes[0].running.size(), 2u);
    EXPECT_EQ(s.pes[0].running[0].event, kNmi);
    EXPECT_EQ(s.pes[0].running[1].event, kSharedCritical);
    EXPECT_EQ(s.pes[0].running[1].interrupted.pc, b_.entry(0, kNmi));
    EXPECT_FALSE(s.pes[0].masked);
    EXPECT_TRUE(s.pes[1].masked);
}

TEST_F(SdeiSnapshotTest, RoutingIsSaved) {
    b_.enroll(kShared, 0, kRmPe, b_.mpidr(1));
    SdeiSnapshot s = b_.sdei.save();
    EXPECT_EQ(find(s.events, kShared).flags, kRmPe);
    EXPECT_EQ(find(s.events, kShared).affinity, 1u);
    SdeiBench other(2);
    ASSERT_TRUE(other.sdei.restore(s));
    EXPECT_EQ(other.info(kShared, 4), 1);
}

TEST_F(SdeiSnapshotTest, ARestoredOneIsTheSame) {
    SdeiBench other(2);
    ASSERT_TRUE(other.sdei.restore(saved_));
    EXPECT_EQ(other.sdei.save(), saved_);
    // Over something else, too, of which nothing is left.
    SdeiBench used(2);
    used.bound(kSpi + 1);
    used.arm(kShared, 1);
    used.raise(kShared);
    used.deliver(1);
    ASSERT_TRUE(used.sdei.restore(saved_));
    EXPECT_EQ(used.sdei.save(), saved_);
    ASSERT_TRUE(used.sdei.restore(SdeiBench(2).sdei.save()));
    EXPECT_EQ(used.sdei.save(), SdeiBench(2).sdei.save());
}

TEST_F(SdeiSnapshotTest, HandlersGoOnWhereTheyWere) {
    SdeiBench other(2);
    ASSERT_TRUE(other.sdei.restore(saved_));
    for (unsigned n = 0; n < 18; ++n) EXPECT_EQ(other.context(n), b_.context(n)) << n;
    const trap::Redirect inner = other.complete(0);
    EXPECT_EQ(inner.pc, b_.entry(0, kNmi));
    EXPECT_EQ(other.status(kSharedCritical), 0);
    EXPECT_EQ(other.status(kNmi), kEnabled | kRunning);
    for (unsigned n = 0; n < 18; ++n)
        EXPECT_EQ(static_cast<u64>(other.context(n)), saved_.pes[0].running[0].interrupted.x[n]);
    const trap::Redirect outer = other.complete(0);
    EXPECT_EQ(outer.pc, saved_.pes[0].running[0].interrupted.pc);
    EXPECT_EQ(outer.pstate, saved_.pes[0].running[0].interrupted.pstate);
    // The wire has been up all the time.
    EXPECT_EQ(other.deliver(0), spi_);
}

TEST_F(SdeiSnapshotTest, WhatIsPendingIsDelivered) {
    SdeiBench other(2);
    ASSERT_TRUE(other.sdei.restore(saved_));
    EXPECT_EQ(other.enable(kPrivateCritical, 1), kOk);
    EXPECT_EQ(other.deliver(1), std::nullopt);
    other.unmask(1);
    EXPECT_EQ(other.deliver(1), kPrivateCritical);
    EXPECT_EQ(other.cpus[1].program_counter, kVbar + 0x1'0000 + 0x880);
    other.complete(1);
    EXPECT_EQ(other.deliver(1), ppi_);
}

TEST_F(SdeiSnapshotTest, RestoringTellsThePesThatHaveSomethingToDo) {
    b_.complete(0);
    b_.complete(0);
    ASSERT_TRUE(b_.posted(0));
    SdeiBench other(2);
    ASSERT_TRUE(other.sdei.restore(b_.sdei.save()));
    EXPECT_TRUE(other.posted(0));
    EXPECT_EQ(other.deliver(0), spi_);
    // Also where one had been told before.
    ASSERT_TRUE(b_.sdei.restore(b_.sdei.save()));
    EXPECT_EQ(b_.deliver(0), spi_);
}

// The interrupt controller has its own snapshot, with its own wires in it.
TEST_F(SdeiSnapshotTest, RestoringDrivesNoWire) {
    SdeiBench other(2);
    ASSERT_TRUE(other.sdei.restore(saved_));
    EXPECT_EQ(other.controller.changes, 0u);
    other.unregister(spi_);
    EXPECT_THAT(other.controller.high, testing::ElementsAre(kSpi));
}

// --- Nonsense ----------------------------------------------------------------------------------------------

TEST_F(SdeiSnapshotTest, OtherVersionsAndMachinesAreRefused) {
    refuse_changed([](SdeiSnapshot& s) { s.version = 2; }, "version");
    refuse_changed([](SdeiSnapshot& s) { s.pes[1].version = 0; }, "version");
    refuse_changed([](SdeiSnapshot& s) { s.pes.pop_back(); }, "1 vCPU");
    refuse_changed([](SdeiSnapshot& s) { s.pes.emplace_back(); }, "3 vCPU");
    refuse({});
}

TEST_F(SdeiSnapshotTest, EventsThatDoNotExistAreRefused) {
    refuse_changed([](SdeiSnapshot& s) { s.events[0].event = 1; });
    refuse_changed([](SdeiSnapshot& s) { s.events[0].event = 0xffff'ffff; });
    refuse_changed([](SdeiSnapshot& s) { s.events.push_back({.event = kNmi, .status = 1, .entry = 4}); });
    refuse_changed(
        [](SdeiSnapshot& s) { s.pes[1].events.push_back({.event = kShared, .status = 1, .entry = 4}); });
    refuse_changed([](SdeiSnapshot& s) { s.events.push_back(s.events[0]); }, "twice");
    refuse_changed([](SdeiSnapshot& s) { s.pes[1].events.push_back(s.pes[1].events[0]); }, "twice");
}

TEST_F(SdeiSnapshotTest, HandlersThatCannotBeRegisteredAreRefused) {
    for (const u64 status : {2u, 6u, 8u, 11u}) {
        refuse_changed([&](SdeiSnapshot& s) { find(s.events, spi_).status = status; }, "status");
    }
    // One that is in its initial state is not saved.
    refuse_changed([&](SdeiSnapshot& s) { s.events.push_back({.event = kShared}); });
    for (unsigned n = 2; n < 64; ++n) {
        refuse_changed([&](SdeiSnapshot& s) { find(s.events, spi_).flags = u64{1} << n; }, "flags");
    }
    for (const u64 entry : {0u, 2u, 0x1001u}) {
        refuse_changed([&](SdeiSnapshot& s) { find(s.events, spi_).entry = entry; }, "entry");
    }
    refuse_changed([&](SdeiSnapshot& s) { find(s.pes[1].events, kPrivateCritical).entry = 0x882; }, "entry");
    refuse_changed(
        [&](SdeiSnapshot& s) {
            find(s.events, spi_).flags = kRmPe;
            find(s.events, spi_).affinity = 0x300;
        },
        "vCPU");
    refuse_changed([&](SdeiSnapshot& s) { find(s.pes[1].events, ppi_).flags = kRmPe; }, "routed");
}

TEST_F(SdeiSnapshotTest, BindingsThatCannotBeAreRefused) {
    const auto refuse_binding = [&](u32 event, u32 intid) {
        refuse_changed([&](SdeiSnapshot& s) { s.bindings.push_back({event, intid}); }, "bound");
    };
    refuse_binding(spi_, kSpi + 1);      // the event has one
    refuse_binding(spi_ + 1, kSpi);      // the interrupt has one
    refuse_binding(spi_ + 1, kPpi + 1);  // of another type
    refuse_binding(ppi_ + 1, kSpi + 1);
    refuse_binding(kShared, kSpi + 1);  // not an event to bind to
    refuse_binding(kNmi, kPpi + 1);
    refuse_binding(1, kSpi + 1);
    for (const u32 intid : {15u, 1020u, 0u, ~0u}) refuse_binding(spi_ + 1, intid);
    // A handler of an event without interrupt, whether registered or only running still.
    refuse_changed([](SdeiSnapshot& s) { s.bindings.clear(); });
    refuse_changed([&](SdeiSnapshot& s) { std::erase(s.bindings, SdeiSnapshot::Binding{ppi_, kPpi}); });
}

TEST_F(SdeiSnapshotTest, PrivateBindingsAreRefusedWherePrivateWiresDoNotComeBy) {
    SdeiConfig config = sdei_config(2);
    config.private_wires = false;
    SdeiBench other(config);
    EXPECT_FALSE(other.sdei.restore(saved_));
    EXPECT_EQ(other.sdei.save(), SdeiBench(config).sdei.save());
}

TEST_F(SdeiSnapshotTest, WiresThatDoNotExistAreRefused) {
    for (const u32 intid : {0u, 31u, 1020u, ~0u}) {
        refuse_changed([&](SdeiSnapshot& s) { s.shared_wires.push_back(intid); }, "wire");
    }
    refuse_changed([](SdeiSnapshot& s) { s.pes[0].private_wires |= 1; }, "wire");
    refuse_changed([](SdeiSnapshot& s) { s.pes[0].private_wires |= 1u << 15; }, "wire");
}

TEST_F(SdeiSnapshotTest, HandlersThatRunNowhereOrTwiceAreRefused) {
    using Running = SdeiPeSnapshot::Running;
    const Running normal = saved_.pes[0].running[0], critical = saved_.pes[0].running[1];
    // What says that it runs must, and the other way round.
    refuse_changed([](SdeiSnapshot& s) { s.pes[0].running.pop_back(); });
    refuse_changed([](SdeiSnapshot& s) { s.pes[0].running.erase(s.pes[0].running.begin()); });
    refuse_changed([&](SdeiSnapshot& s) { find(s.pes[0].events, kNmi).status = 3; });
    refuse_changed([&](SdeiSnapshot& s) { find(s.events, kSharedCritical).status = 3; });
    refuse_changed([&](SdeiSnapshot& s) {
        std::erase_if(s.events, [](auto& e) { return e.event == kSharedCritical; });
    });
    refuse_changed([&](SdeiSnapshot& s) { find(s.events, spi_).status = 7; });
    // On two PEs.
    refuse_changed([&](SdeiSnapshot& s) { s.pes[1].running = {critical}; });
    refuse_changed([&](SdeiSnapshot& s) { s.pes[1].running = {normal}; });
    // Nesting that cannot be.
    refuse_changed([&](SdeiSnapshot& s) { s.pes[0].running = {critical, normal}; }, "interrupted");
    refuse_changed([&](SdeiSnapshot& s) { s.pes[0].running = {normal, normal}; });
    refuse_changed([&](SdeiSnapshot& s) { s.pes[0].running = {normal, critical, critical}; }, "too many");
    refuse_changed([](SdeiSnapshot& s) { s.pes[0].running[0].event = 7; });
    refuse_changed([](SdeiSnapshot& s) { s.pes[0].running[0].event = kPrivateSlot; });
}

TEST_F(SdeiSnapshotTest, AContextThatNoPeCanHaveBeenInIsRefused) {
    // EL2, EL3, a reserved mode, AArch32 SVC and Monitor.
    for (const u64 mode : {0x9u, 0xdu, 0x1u, 0x3u, 0x13u, 0x16u, 0x1fu}) {
        refuse_changed([&](SdeiSnapshot& s) { s.pes[0].running[1].interrupted.pstate = mode; }, "PSTATE");
    }
}

// However many PEs claim to run it.
TEST(SdeiSnapshotLarge, ASharedHandlerRunsOnOnePe) {
    SdeiBench b(512);
    b.arm(kShared);
    b.raise(kShared);
    ASSERT_EQ(b.deliver(), kShared);
    const SdeiSnapshot saved = b.sdei.save();
    for (const std::size_t claims : {2u, 255u, 256u, 257u, 512u}) {
        SdeiSnapshot s = saved;
        for (std::size_t pe = 0; pe < claims; ++pe) s.pes[pe].running = saved.pes[0].running;
        EXPECT_FALSE(b.sdei.restore(s)) << claims;
    }
    EXPECT_EQ(b.sdei.save(), saved);
}

}  // namespace
}  // namespace trapeze::firmware::test

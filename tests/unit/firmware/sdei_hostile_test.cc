// A guest that calls anything at all on several PEs at once, while wires change, the user injects events and
// PEs come and go. The sanitizers are the judges, and at the end SDEI must still work.
#include <random>
#include <thread>

#include "sdei_fixture.h"
#include "trapeze/base/log.h"

namespace trapeze::firmware::test {
namespace {

class SdeiHostile {
public:
    SdeiHostile(SdeiBench& bench, u64 seed) : bench_(bench), random_(seed) {}

    // One thing that happens on the thread of this PE. Other PEs may be at it at the same time.
    void step(Pe pe) {
        switch (random_() % 14) {
            case 0: wire(pe); break;
            case 1: user(); break;
            case 2:
            case 3:
            case 4: take(pe); break;
            case 5:
            case 6: arm(pe); break;
            case 7: make(pe, s::SDEI_EVENT_COMPLETE, {}); break;
            default: call(pe); break;
        }
        if (random_() % 1000 == 0) bench_.sdei.reset_pe(pe);
    }
    unsigned delivered() const { return delivered_; }

private:
    u64 value() {
        switch (random_() % 6) {
            case 0: return random_();
            case 1: return ~u64{0};
            case 2: return u64{1} << random_() % 64;
            default: return random_() % 100;
        }
    }
    u32 event() {
        constexpr u32 kEvents[] = {kNmi,         kPrivateCritical, kShared,     kSharedCritical,
                                   kPrivateSlot, kPrivateSlot + 7, kSharedSlot, kSharedSlot + 1};
        return random_() % 8 == 0 ? static_cast<u32>(value()) : kEvents[random_() % std::size(kEvents)];
    }
    u64 mpidr() { return random_() % 4 == 0 ? value() : bench_.mpidr(any_pe()); }
    Pe any_pe() { return static_cast<Pe>(random_() % bench_.cpus.size()); }
    u64 argument(unsigned n) {
        switch (random_() % 4) {
            case 0: return value();
            case 1: return mpidr();
            default: return n == 1 ? event() : random_() % 40;
        }
    }
    void make(Pe pe, u64 function, std::initializer_list<u64> arguments) {
        SdeiCpu& cpu = bench_.cpus[pe];
        cpu.regs[0] = function;
        std::copy(arguments.begin(), arguments.end(), cpu.regs.begin() + 1);
        const trap::Outcome outcome = bench_.space.handle({trap::Conduit::Hvc, 0}, cpu);
        if (const auto* to = std::get_if<trap::Redirect>(&outcome)) cpu.go(*to);
    }
    void call(Pe pe) {
        const u64 function = s::SDEI_VERSION + random_() % 20;
        make(pe, function | random_() << 32,
             {argument(1), argument(2), argument(3), argument(4), argument(5)});
    }
    // So that something is delivered, too.
    void arm(Pe pe) {
        const u32 which = event();
        if (random_() % 8 == 0) make(pe, s::SDEI_INTERRUPT_BIND, {random_() % 80});
        make(pe, s::SDEI_EVENT_REGISTER, {which, 0x1000, 0, random_() % 4, bench_.mpidr(pe)});
        make(pe, s::SDEI_EVENT_ENABLE, {which});
        make(pe, s::SDEI_PE_UNMASK, {});
        static_cast<void>(bench_.sdei.inject(which, pe));
    }
    void take(Pe pe) {
        bench_.host.posted[pe].store(false);
        if (const auto to = bench_.sdei.take_event(bench_.cpus[pe])) {
            bench_.cpus[pe].go(*to);
            ++delivered_;
        }
    }
    void wire(Pe pe) {
        const bus::IntId id = bus::spi(static_cast<u32>(random_() % 60));
        bus::IrqSink& wires = bench_.sdei.wires();
        switch (random_() % 3) {
            case 0: wires.set_level(id, random_() % 2 == 0); break;
            case 1: wires.pulse(id); break;
            default:
                wires.set_private_level(pe, bus::IntId{16 + static_cast<u32>(random_() % 16)},
                                        random_() % 2 == 0);
                break;
        }
    }
    void user() {
        switch (random_() % 4) {
            case 0: static_cast<void>(bench_.sdei.inject_nmi()); break;
            case 1: EXPECT_FALSE(bench_.sdei.describe_state().empty()); break;
            case 2: EXPECT_EQ(bench_.sdei.save().pes.size(), bench_.cpus.size()); break;
            default: static_cast<void>(bench_.sdei.inject(event(), any_pe())); break;
        }
    }

    SdeiBench& bench_;
    std::mt19937_64 random_;
    unsigned delivered_ = 0;
};

void expect_still_working(SdeiBench& b) {
    SdeiBench other(b.config);
    ASSERT_TRUE(other.sdei.restore(b.sdei.save()));  // whatever state it is in, it is a possible one
    for (u32 n = 0; n < 60; ++n) b.wire(32 + n, false);
    for (Pe pe = 0; pe < b.cpus.size(); ++pe) {
        for (u32 intid = 16; intid < 32; ++intid) b.private_wire(intid, false, pe);
    }
    b.sdei.reset();
    EXPECT_EQ(b.sdei.save(), SdeiBench(b.config).sdei.save());
    EXPECT_THAT(b.controller.high, testing::IsEmpty());
    b.arm(b.bound(kSpi), 1);
    b.host.posted[1].store(false);
    b.wire(kSpi, true);
    // A PE that was told before and did not look has no need to be told again.
    EXPECT_TRUE(b.sdei.take_event(b.cpus[1]));
}

TEST(SdeiHostileGuest, AnyCallIsHarmless) {
    // With traces on, so that their text is formed, too; where it goes does not matter.
    ASSERT_TRUE(set_log_file("/dev/null"));
    EXPECT_EQ(TraceEvent::enable("sdei_*"), 2u);
    SdeiBench b(6);
    SdeiHostile guest(b, 815);
    for (unsigned i = 0; i < 30'000; ++i) guest.step(i % 6);
    for (TraceEvent* event : TraceEvent::all()) event->set_enabled(false);
    EXPECT_GT(guest.delivered(), 1000u);
    expect_still_working(b);
}

TEST(SdeiHostileGuest, AllPesAtOnce) {
    SdeiBench b(4);
    std::atomic<unsigned> delivered{0};
    std::vector<std::thread> pes;
    for (Pe pe = 0; pe < 4; ++pe) {
        pes.emplace_back([&b, &delivered, pe] {
            SdeiHostile guest(b, pe);
            for (unsigned i = 0; i < 15'000; ++i) guest.step(pe);
            delivered.fetch_add(guest.delivered());
        });
    }
    for (std::thread& t : pes) t.join();
    EXPECT_GT(delivered, 1000u);
    expect_still_working(b);
}

// Signals from three PEs to one that handles them: after the last one its handler runs once more.
TEST(SdeiConcurrency, NoSignalIsLost) {
    constexpr unsigned kSenders = 3;
    constexpr unsigned kRounds = 2000;
    SdeiBench b(kSenders + 1);
    b.arm(kNmi);
    std::atomic<unsigned> sent{0}, seen{0};
    std::vector<std::thread> senders;
    for (Pe pe = 1; pe <= kSenders; ++pe) {
        senders.emplace_back([&, pe] {
            for (unsigned n = 0; n < kRounds; ++n) {
                const unsigned mine = sent.fetch_add(1) + 1;
                EXPECT_EQ(b.signal(0, pe), kOk);
                while (seen.load() < mine) std::this_thread::yield();
            }
        });
    }
    while (seen.load() < kSenders * kRounds) {
        if (!b.posted(0)) {
            std::this_thread::yield();
            continue;
        }
        if (!b.deliver()) continue;
        seen.store(sent.load());  // what was sent before the handler looks is served by it
        b.complete();
    }
    for (std::thread& t : senders) t.join();
}

}  // namespace
}  // namespace trapeze::firmware::test
